from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from apps.core import formats

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 20, 8, 41, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (None, None, "–"),
        (0, None, "0"),
        (1234, None, "1,234"),
        (-1234, None, "−1,234"),
        (2.975, 2, "2.98"),
        (3.0, 2, "3.00"),
        (2.5, None, "2.50"),
        (1234.5, None, "1,235"),
    ],
)
def test_number(value: float | None, decimals: int | None, text: str) -> None:
    assert formats.number(value, decimals) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (0, "0"),
        (999, "999"),
        (1000, "1k"),
        (1234, "1.2k"),
        (12_400, "12.4k"),
        (99_940, "99.9k"),
        (99_960, "100k"),
        (123_600, "124k"),
        (999_949, "1M"),
        (1_250_000, "1.3M"),
        (-12_400, "−12.4k"),
        (2_000_000_000, "2B"),
        (0.5, "0.5"),
    ],
)
def test_short_number(value: float | None, text: str) -> None:
    assert formats.short_number(value) == text


@pytest.mark.parametrize(
    ("ratio", "text"),
    [(None, "–"), (0, "0%"), (0.004, "<1%"), (0.012, "1%"), (0.345, "35%"), (0.996, ">99%"), (1, "100%")],
)
def test_share(ratio: float | None, text: str) -> None:
    assert formats.share(ratio) == text


def test_percent() -> None:
    assert formats.percent(0.41649) == "41.6%"
    assert formats.percent(0.4165, 0) == "42%"
    assert formats.percent(None) == "–"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "–"),
        (0, "0s"),
        (0.4, "0s"),
        (48.4, "48s"),
        (59.7, "1m 00s"),
        (125, "2m 05s"),
        (3780, "1h 03m"),
        (187_200, "2d 4h"),
        (-5, "−5s"),
        (timedelta(minutes=2, seconds=14), "2m 14s"),
    ],
)
def test_duration(seconds: float | timedelta | None, text: str) -> None:
    assert formats.duration(seconds) == text


@pytest.mark.parametrize(("value", "text"), [(12, "+12"), (-3, "−3"), (0, "±0"), (0.04, "+0.04"), (None, "–")])
def test_signed(value: float | None, text: str) -> None:
    assert formats.signed(value) == text


def test_signed_says_that_what_rounds_to_nothing_is_nothing() -> None:
    assert formats.signed(0.04, 1) == "±0"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Kestrel Instruments", "KI"),
        ("varnholt.example", "VA"),
        ("Łódź-Werke GmbH", "ŁW"),
        ("& Söhne", "SÖ"),
        ("E.ON", "EO"),
        ("x", "X"),
        ("", "?"),
        ("—", "?"),
    ],
)
def test_initials(name: str, text: str) -> None:
    assert formats.initials(name) == text


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (NOW, "09:41"),
        (NOW - timedelta(hours=10), "19 Nov, 23:41"),
        (datetime(2015, 5, 17, 10, 5, tzinfo=UTC), "17 May 2015, 12:05"),
    ],
)
def test_moments_are_of_the_sites_zone(at: datetime, text: str) -> None:
    assert formats.moment(at, zone=BERLIN, now=NOW) == text


def test_exact_names_the_zone() -> None:
    assert formats.exact(NOW, zone=BERLIN) == "Fri 20 Nov 2026, 09:41:07 CET"


@pytest.mark.parametrize(
    ("before", "text"),
    [
        (timedelta(0), "now"),
        (timedelta(seconds=-30), "now"),
        (timedelta(seconds=4), "4 s ago"),
        (timedelta(seconds=60), "1 m ago"),
        (timedelta(hours=3, minutes=59), "3 h ago"),
        (timedelta(days=3), "Tue 17 Nov"),
        (timedelta(days=400), "Thu 16 Oct 2025"),
    ],
)
def test_ago(before: timedelta, text: str) -> None:
    assert formats.ago(NOW - before, zone=BERLIN, now=NOW) == text
