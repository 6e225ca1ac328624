"""The rule of silences, by cases with their arithmetic. A site has visits by hour of the week, the same each week but
where a case says otherwise; the silence begins on a Monday, and it is judged some hours later."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from apps.installation.silence.rhythm import HOUR, WEEK, Count, Judgement, Past, back, judge, nothing

MONDAY = datetime(2026, 5, 11, tzinfo=UTC)  # after it no clock is changed in Europe for months
Rate = Callable[[datetime], int]


def business(local: datetime) -> int:
    """Ten visits an hour from Monday to Friday, 9 to 17."""
    return 10 if local.weekday() < 5 and 9 <= local.hour < 17 else 0


def steady(visits: int) -> Rate:
    return lambda local: visits


def past(rate: Rate, *, zone: str = "UTC", weeks: int = 6, until: datetime = MONDAY + 10 * HOUR) -> Past:
    since = until - weeks * WEEK - timedelta(days=1)
    hours = {}
    hour = since.replace(minute=0)
    while hour < until:
        visits = rate(hour.astimezone(ZoneInfo(zone)))
        if visits:
            hours[hour] = Count(visits, 2 * visits)
        hour += HOUR
    return Past(since, until, hours)


def judged(known: Past, since: datetime, now: datetime, zone: str = "UTC") -> Judgement:
    return judge(known, zone=ZoneInfo(zone), since=since, now=now)


@pytest.mark.parametrize(
    ("rate", "since", "hours", "is_silent"),
    [
        # Business hours: 10 visits an hour. After half an hour 5 are missing: (1 + 5 * .09)^(-1/.09) = .016, not yet.
        (business, 10.0, 0.5, False),
        # After an hour and a half 15: (1 + 15 * .09)^(-11.1) = 7e-5.
        (business, 10.0, 1.5, True),
        # From Friday's end on nothing is missing: not in the night, not on the weekend.
        (business, 17.0, 14.0, False),
        (business, -55.0, 63.0, False),
        # From 16:00 to 9:00 the next morning only the last hour is missing: 10, (1 + .9)^(-11.1) = 8e-4.
        (business, 16.0, 1.0, True),
        (business, 16.5, 1.0, False),
        # One visit an hour is missed after ten hours, not after three.
        (steady(1), 0.0, 3.0, False),
        (steady(1), 0.0, 10.0, True),
        # So much that seconds would do: never before half an hour.
        (steady(1000), 0.0, 0.4, False),
        (steady(1000), 0.0, 0.6, True),
    ],
)
def test_a_silence_is_judged_by_the_sites_own_hours(rate: Rate, since: float, hours: float, is_silent: bool) -> None:
    begin = MONDAY + since * HOUR
    assert judged(past(rate, until=begin), begin, begin + hours * HOUR).is_silent is is_silent


def test_what_is_missing_is_told_in_page_views() -> None:
    since = MONDAY + 10 * HOUR
    assert judged(past(business), since, since + 2 * HOUR).usual == pytest.approx(40)
    # Of an hour that is cut its share: 10:30 to 12:15 are 1.75 hours.
    assert judged(past(business), since + HOUR / 2, since + 2.25 * HOUR).usual == pytest.approx(35)


@pytest.mark.parametrize(("weeks", "is_silent"), [(2, False), (3, True), (6, True)])
def test_a_young_site_is_never_silent(weeks: int, is_silent: bool) -> None:
    since = MONDAY + 10 * HOUR
    assert judged(past(business, weeks=weeks), since, since + 4 * HOUR).is_silent is is_silent


def test_a_site_with_few_visits_is_never_silent() -> None:
    def few(local: datetime) -> int:
        return 16 if local.weekday() == 0 and local.hour == 11 else 0  # 96 visits in six weeks

    since = MONDAY + 10 * HOUR
    assert not judged(past(few), since, since + 4 * HOUR).is_silent


def test_a_single_loud_week_is_no_habit() -> None:
    def campaign(local: datetime) -> int:
        return 500 if local.date().isoformat() in ("2026-05-04", "2026-04-27") else 0

    since = MONDAY + 10 * HOUR
    assert not judged(past(campaign), since, since + 6 * HOUR).is_silent


def test_weeks_that_differ_much_need_a_longer_silence() -> None:
    def uneven(local: datetime) -> int:
        return (2 if local.isocalendar().week % 2 else 18) if business(local) else 0

    since = MONDAY + 10 * HOUR
    even, odd = (judged(past(rate), since, since + 1.5 * HOUR) for rate in (business, uneven))
    assert even.is_silent
    assert not odd.is_silent
    assert odd.probability > 10 * even.probability


def test_a_holiday_lowers_what_is_expected() -> None:
    """The day before had a tenth of what it has: so has this one. 10:00 to 12:00: 2 visits, (1.18)^(-11.1) = .16."""

    def quiet(local: datetime) -> int:
        return 1 if local.date().isoformat() in ("2026-05-10", "2026-05-11") else 10

    since = MONDAY + 10 * HOUR
    assert judged(past(steady(10)), since, since + 2 * HOUR).is_silent
    assert not judged(past(quiet), since, since + 2 * HOUR).is_silent


def test_the_clock_is_the_sites_own() -> None:
    """9 to 17 in Auckland is the night before in UTC."""
    zone = "Pacific/Auckland"
    since = datetime(2026, 5, 11, 10, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    known = past(business, zone=zone, until=since)
    assert judged(known, since, since + 2 * HOUR, zone).is_silent
    evening = since + 8 * HOUR
    assert not judged(past(business, zone=zone, until=evening), evening, evening + 10 * HOUR, zone).is_silent


def test_a_week_before_is_the_same_clock_time_across_a_change() -> None:
    """In Vienna summer begins on 29 March 2026: 9:00 is 7:00 UTC after it, 8:00 before."""
    zone = ZoneInfo("Europe/Vienna")
    assert back(datetime(2026, 3, 30, 7, tzinfo=UTC), 1, zone) == datetime(2026, 3, 23, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("mean", "variance", "expected"),
    [
        (0, 0, 1.0),
        (5, 5, (1 + 5 * 0.09) ** (-1 / 0.09)),  # no spread but the least: r = 1 / .09
        (10, 110, 11 ** -(10 * 10 / 100)),  # r = 1
    ],
)
def test_the_probability_of_nothing(mean: float, variance: float, expected: float) -> None:
    assert nothing(mean, variance) == pytest.approx(expected)
