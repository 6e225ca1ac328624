"""What is packed into a column comes out of it as it was."""

import numpy as np
import pytest

from apps.tracking.columns.encoding import (
    coded_numbers,
    coded_pack,
    coded_texts,
    numbers_pack,
    numbers_unpack,
    texts_pack,
    texts_unpack,
)

LEAST, MOST = -(2**63), 2**63 - 1


@pytest.mark.parametrize(
    ("numbers", "size"),
    [
        ([], 0),
        ([0], 0),
        ([5, 5, 5], 0),
        ([-7], 0),
        ([0, 1, 255], 3),
        ([0, 1, 256], 6),
        ([1_000, 256_000, 0], 6),  # thousands
        ([-3, 252], 2),
        ([2**32 - 1, 0, 1], 12),
        ([2**32, 0, 1], 24),
        ([LEAST, MOST], 2),  # of which one divides the span
        ([LEAST, MOST, 0, -1], 32),
        ([1_700_000_000_000_000, 1_700_000_000_060_000], 2),
    ],
)
def test_numbers(numbers: list[int], size: int) -> None:
    packed = numbers_pack(np.array(numbers, dtype=np.int64))
    assert numbers_unpack(packed, len(numbers)).tolist() == numbers
    assert len(packed) - 17 == size


@pytest.mark.parametrize("codes", [[0, 0], [3, 3, 3], [0, 1, 2], [7, 300], [70_000, 1]])
def test_codes_need_no_arithmetic(codes: list[int]) -> None:
    found = numbers_unpack(numbers_pack(np.array(codes), are_codes=True), len(codes))
    assert found.tolist() == codes
    assert codes[0] == codes[-1] or found.dtype.kind == "u"


def test_numbers_in_many_widths_at_random() -> None:
    chance = np.random.default_rng(5)
    for bits in (1, 8, 9, 16, 31, 33, 62):
        numbers = chance.integers(-(2**bits), 2**bits, 100) * 3
        assert numbers_unpack(numbers_pack(numbers), 100).tolist() == numbers.tolist()


def test_texts() -> None:
    texts = ["", "a", "\x01", "Zürich", "a", "漢字", "b|c\n"]
    dictionary = sorted({text.encode() for text in texts})
    assert texts_unpack(texts_pack(dictionary)) == dictionary
    packed = coded_pack(dictionary, np.array([dictionary.index(text.encode()) for text in texts]))
    assert coded_texts(packed) == dictionary
    assert [dictionary[code].decode() for code in coded_numbers(packed, len(texts))] == texts
