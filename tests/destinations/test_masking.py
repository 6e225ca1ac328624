"""What is kept of answers, whatever a receiver sends."""

import pytest

from apps.companies.asking.exchange import pause_of
from apps.destinations.exchange import MOST_BYTES
from apps.destinations.masking import TOO_DEEP, answer_masked
from apps.destinations.secrets import DOTS


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ('{"note": "half a \\ud83d"}', '{\n "note": "half a ?"\n}'),
        ("[" * MOST_BYTES, TOO_DEEP),
        ("[" * 700 + "]" * 700, TOO_DEEP),
        ("9" * 5_000, "9" * 100),
        ("who: ann.example+1@mail.kestrel.example!", f"who: {DOTS}!"),
    ],
)
def test_no_answer_is_too_odd_to_be_kept(text: str, kept: str) -> None:
    assert answer_masked(text, ()).startswith(kept)


def test_an_answer_of_letters_alone_is_looked_at_once() -> None:
    # Looked at once for each of its letters it would take a quarter of an hour.
    assert answer_masked("a" * MOST_BYTES + "@", ()).startswith("aaa")


def test_a_date_beyond_all_dates_asks_for_no_pause() -> None:
    assert pause_of("Mon, 01 Jan 2020 00:00:00 +99999999999999") is None
