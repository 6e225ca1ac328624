"""How a column of numbers or texts lies in a `bytea`: as narrow as its values are, so that a day is read at once.

Numbers have a head (how many bytes each, the least of them, their common divisor) and then their bytes in planes, the
highest first: those are mostly zeros, and PostgreSQL gives up on what doesn't shrink from its beginning. Texts are a
dictionary, sorted, with NUL between, which no text in PostgreSQL can hold; and a number for each row.
"""

import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

_HEAD = struct.Struct("<BqQ")
_LENGTH = struct.Struct("<I")
_WIDTHS = ((1 << 8, 1), (1 << 16, 2), (1 << 32, 4))
_SEPARATOR = b"\0"


def numbers_pack(values: Array, *, are_codes: bool = False) -> bytes:
    """Return whole numbers packed. Codes keep their value, so that unpacking has nothing to add or to multiply."""
    numbers = np.asarray(values, dtype=np.int64)
    if not numbers.size:
        return _HEAD.pack(0, 0, 1)
    least = 0 if are_codes and int(numbers.max()) else int(numbers.min())
    # Modulo 2**64, so that any span of numbers fits.
    rest = numbers.astype(np.uint64) - np.int64(least).astype(np.uint64)
    scale = 1 if are_codes else int(np.gcd.reduce(rest)) or 1
    if scale > 1:
        rest //= np.uint64(scale)
    most = int(rest.max())
    width = next((width for limit, width in _WIDTHS if most < limit), 8) if most else 0
    if not width:
        return _HEAD.pack(0, least, 1)
    planes = rest.astype(f">u{width}").view(np.uint8).reshape(-1, width).T
    return _HEAD.pack(width, least, scale) + planes.tobytes()


def numbers_unpack(blob: bytes, count: int) -> Array:
    """Return `count` whole numbers: as int64, or as narrow unsigned ones where nothing was taken off them."""
    width, least, scale = _HEAD.unpack_from(blob)
    if not width:
        return np.full(count, least, dtype=np.int64)
    planes = np.frombuffer(blob, dtype=np.uint8, offset=_HEAD.size).reshape(width, count)
    if width == 1:
        rest: Array = planes[0]
    else:
        rest = np.ascontiguousarray(planes[::-1].T).view(f"<u{width}").reshape(count)
    if scale == 1 and not least:
        return rest if width < 8 else rest.astype(np.int64)
    wide = rest.astype(np.uint64) * np.uint64(scale) + np.int64(least).astype(np.uint64)
    return wide.astype(np.int64)


def texts_pack(values: Sequence[bytes]) -> bytes:
    return _SEPARATOR.join(values)


def texts_unpack(blob: bytes) -> list[bytes]:
    """Return the texts of a dictionary; a single empty one where there are none, which nothing refers to."""
    return blob.split(_SEPARATOR)


def coded_pack(dictionary: Sequence[bytes], codes: Array) -> bytes:
    texts = texts_pack(dictionary)
    return _LENGTH.pack(len(texts)) + texts + numbers_pack(codes, are_codes=True)


def coded_texts(blob: bytes) -> list[bytes]:
    """Return the dictionary of a column of texts."""
    return texts_unpack(blob[_LENGTH.size : _LENGTH.size + _LENGTH.unpack_from(blob)[0]])


def coded_numbers(blob: bytes, count: int) -> Array:
    """Return the numbers of a column of texts: for each of `count` rows, where in the dictionary its text is."""
    return numbers_unpack(blob[_LENGTH.size + _LENGTH.unpack_from(blob)[0] :], count)
