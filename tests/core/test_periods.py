"""Periods by tables: days, moments, comparisons, buckets, steps; on the days and in the zones where they go wrong."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from apps.core.periods import (
    Bucket,
    Choice,
    Compare,
    Granularity,
    Period,
    Span,
    day_start,
    months_later,
    period_read,
    span_label,
)

VIENNA = ZoneInfo("Europe/Vienna")
AUCKLAND = ZoneInfo("Pacific/Auckland")
# Friday 20 November 2026, 09:41 in Vienna.
NOW = datetime(2026, 11, 20, 8, 41, tzinfo=UTC)


def read(zone: ZoneInfo = VIENNA, now: datetime = NOW, **query: str) -> Period:
    return period_read({name.rstrip("_"): value for name, value in query.items()}, zone=zone, now=now)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]


@pytest.mark.parametrize(
    ("choice", "first", "last"),
    [
        ("today", date(2026, 11, 20), date(2026, 11, 20)),
        ("yesterday", date(2026, 11, 19), date(2026, 11, 19)),
        ("7d", date(2026, 11, 14), date(2026, 11, 20)),
        ("30d", date(2026, 10, 22), date(2026, 11, 20)),
        ("90d", date(2026, 8, 23), date(2026, 11, 20)),
        ("month", date(2026, 11, 1), date(2026, 11, 20)),
        ("12mo", date(2025, 11, 21), date(2026, 11, 20)),
    ],
)
def test_a_named_period_ends_on_the_sites_today(choice: str, first: date, last: date) -> None:
    span = read(period=choice).span
    assert (span.first, span.last) == (first, last)


def test_today_is_the_day_of_the_sites_zone() -> None:
    # 12:00 UTC on the 20th is already 01:00 on the 21st in Auckland (UTC+13 in November).
    period = read(zone=AUCKLAND, now=utc(2026, 11, 20, 12), period="today")
    assert period.span.first == date(2026, 11, 21)
    assert period.span.start == utc(2026, 11, 20, 11)
    assert period.span.end == utc(2026, 11, 21, 11)


@pytest.mark.parametrize(
    ("zone", "day", "start", "hours"),
    [
        ("Europe/Vienna", date(2026, 3, 29), utc(2026, 3, 28, 23), 23),
        ("Europe/Vienna", date(2026, 10, 25), utc(2026, 10, 24, 22), 25),
        ("Europe/Vienna", date(2026, 7, 1), utc(2026, 6, 30, 22), 24),
        ("Asia/Kathmandu", date(2026, 7, 1), utc(2026, 6, 30, 18, 15), 24),
        ("Pacific/Kiritimati", date(2026, 7, 1), utc(2026, 6, 30, 10), 24),
        ("Pacific/Pago_Pago", date(2026, 7, 1), utc(2026, 7, 1, 11), 24),
        # Midnight doesn't exist: the day begins at 01:00.
        ("America/Sao_Paulo", date(2018, 11, 4), utc(2018, 11, 4, 3), 23),
        # Midnight comes twice: the day begins with the first.
        ("America/Havana", date(2026, 11, 1), utc(2026, 11, 1, 4), 25),
        # Samoa crossed the date line: the 30th never was.
        ("Pacific/Apia", date(2011, 12, 30), utc(2011, 12, 30, 10), 0),
    ],
)
def test_a_days_moments_follow_the_clocks_of_its_zone(zone: str, day: date, start: datetime, hours: int) -> None:
    span = Span(day, day, ZoneInfo(zone))
    assert span.start == start == day_start(day, ZoneInfo(zone))
    assert span.end - span.start == timedelta(hours=hours)
    assert len(span.buckets(Granularity.HOUR)) == hours


@pytest.mark.parametrize(
    ("query", "first", "last", "matched"),
    [
        # 30 days are five weeks earlier, so that Fridays meet Fridays (the drawn overview: 17 Sep to 16 Oct).
        ({"period": "30d"}, date(2026, 9, 17), date(2026, 10, 16), True),
        ({"period": "7d"}, date(2026, 11, 7), date(2026, 11, 13), True),
        ({"period": "90d"}, date(2026, 5, 24), date(2026, 8, 21), True),
        ({"period": "today"}, date(2026, 11, 13), date(2026, 11, 13), True),
        ({"period": "month"}, date(2026, 10, 1), date(2026, 10, 20), False),
        ({"period": "12mo"}, date(2024, 11, 21), date(2025, 11, 20), False),
        ({"from": "2026-05-01", "to": "2026-05-31"}, date(2026, 4, 1), date(2026, 4, 30), False),
        ({"from": "2026-04-01", "to": "2026-06-30"}, date(2026, 1, 1), date(2026, 3, 31), False),
        ({"period": "30d", "compare": "year"}, date(2025, 10, 23), date(2025, 11, 21), True),
        ({"from": "2024-02-01", "to": "2024-02-29", "compare": "year"}, date(2023, 2, 1), date(2023, 2, 28), False),
        (
            {"period": "7d", "compare": "custom", "cfrom": "2026-01-05", "cto": "2026-01-11"},
            date(2026, 1, 5),
            date(2026, 1, 11),
            False,
        ),
    ],
)
def test_a_comparison_is_made_with_like_days(query: dict[str, str], first: date, last: date, matched: bool) -> None:
    period = period_read(query, zone=VIENNA, now=NOW)
    assert period.comparison is not None
    assert (period.comparison.first, period.comparison.last, period.weekdays_matched) == (first, last, matched)


def test_month_to_date_meets_the_end_of_a_shorter_month() -> None:
    period = read(now=utc(2026, 3, 31, 10), period="month")
    assert period.comparison is not None
    assert (period.comparison.first, period.comparison.last) == (date(2026, 2, 1), date(2026, 2, 28))
    assert period.compared_until is None


@pytest.mark.parametrize("query", [{"compare": "none"}, {"period": "all"}, {"period": "all", "compare": "year"}])
def test_nothing_to_compare_with_is_no_comparison(query: dict[str, str]) -> None:
    assert period_read(query, zone=VIENNA, now=NOW).comparison is None


def test_a_running_period_is_compared_up_to_the_same_time_of_day() -> None:
    # 09:41 on Friday 16 October, when Vienna still had summer time.
    assert read(period="30d").compared_until == utc(2026, 10, 16, 7, 41)


def test_a_finished_period_is_compared_whole() -> None:
    assert read(period="yesterday").compared_until is None


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ({"period": "fortnight"}, "fortnight"),
        ({"period": "custom"}, "aren't days"),
        ({"period": "custom", "from": "2026-13-01"}, "aren't days"),
        ({"from": "2027-01-01", "to": "2027-01-31"}, "aren't days"),
        ({"from": "'; DROP TABLE session; --"}, "aren't days"),
        ({"from": "0001-01-01", "to": "0001-01-02"}, "aren't days"),
    ],
)
def test_what_is_not_understood_falls_back_and_says_so(query: dict[str, str], says: str) -> None:
    period = period_read(query, zone=VIENNA, now=NOW)
    assert period.choice is Choice.LAST_30
    assert says in period.problem


@pytest.mark.parametrize(
    ("query", "first", "last"),
    [
        ({"from": "2026-05-20", "to": "2026-05-17"}, date(2026, 5, 17), date(2026, 5, 20)),
        ({"from": "2026-05-20"}, date(2026, 5, 20), date(2026, 5, 20)),
        ({"from": "2026-11-01", "to": "2029-01-01"}, date(2026, 11, 1), date(2026, 11, 20)),
        ({"from": "0001-01-01", "to": "2026-01-01"}, date(1990, 1, 1), date(2026, 1, 1)),
    ],
)
def test_custom_days_are_put_in_order_and_into_the_past(query: dict[str, str], first: date, last: date) -> None:
    period = period_read(query, zone=VIENNA, now=NOW)
    assert (period.choice, period.problem) == (Choice.CUSTOM, "")
    assert (period.span.first, period.span.last) == (first, last)


@pytest.mark.parametrize("query", [{"compare": "last"}, {"compare": "custom"}, {"compare": "custom", "cfrom": "x"}])
def test_an_odd_comparison_falls_back_to_the_period_before(query: dict[str, str]) -> None:
    assert period_read(query, zone=VIENNA, now=NOW).compare is Compare.PREVIOUS


@pytest.mark.parametrize(
    ("extent", "first", "last"),
    [
        ((date(2026, 1, 3), date(2026, 11, 19)), date(2026, 1, 3), date(2026, 11, 20)),
        # An imported log of long ago ends with its data, not with eleven empty years.
        ((date(2015, 5, 17), date(2015, 5, 20)), date(2015, 5, 17), date(2015, 5, 20)),
        ((date(2026, 11, 20), date(2026, 11, 20)), date(2026, 11, 20), date(2026, 11, 20)),
    ],
)
def test_all_time_goes_where_the_data_is(extent: tuple[date, date], first: date, last: date) -> None:
    span = period_read({"period": "all"}, zone=VIENNA, now=NOW, extent=lambda: extent).span
    assert (span.first, span.last) == (first, last)


def test_all_time_of_a_site_without_data_is_the_usual_period() -> None:
    assert read(period="all").span.days == 30


@pytest.mark.parametrize(
    ("query", "back", "on"),
    [
        ({"period": "today"}, {"period": "yesterday"}, None),
        ({"period": "yesterday"}, {"period": "custom", "from": "2026-11-18", "to": "2026-11-18"}, {"period": "today"}),
        ({}, {"period": "custom", "from": "2026-09-22", "to": "2026-10-21"}, None),
        (
            {"from": "2026-09-22", "to": "2026-10-21"},
            {"period": "custom", "from": "2026-08-23", "to": "2026-09-21"},
            {},
        ),
        ({"period": "month"}, {"period": "custom", "from": "2026-10-01", "to": "2026-10-31"}, None),
        (
            {"from": "2026-10-01", "to": "2026-10-31"},
            {"period": "custom", "from": "2026-09-01", "to": "2026-09-30"},
            {"period": "month"},
        ),
        ({"period": "all"}, None, None),
        (
            {"period": "today", "compare": "year"},
            {"period": "yesterday", "compare": "year"},
            None,
        ),
    ],
)
def test_steps_lead_to_the_neighbours_and_back(
    query: dict[str, str], back: dict[str, str] | None, on: dict[str, str] | None
) -> None:
    period = period_read(query, zone=VIENNA, now=NOW)
    assert (period.step(-1), period.step(+1)) == (back, on)


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"period": "today"},
        {"period": "12mo", "compare": "none", "by": "month"},
        {"period": "custom", "from": "2026-01-01", "to": "2026-01-31", "compare": "year"},
        {"period": "7d", "compare": "custom", "cfrom": "2026-01-05", "cto": "2026-01-11", "by": "hour"},
    ],
)
def test_an_address_comes_back_as_it_was(query: dict[str, str]) -> None:
    assert period_read(query, zone=VIENNA, now=NOW).query() == query


@pytest.mark.parametrize(
    ("query", "granularity"),
    [
        ({"period": "today"}, Granularity.HOUR),
        ({"period": "7d"}, Granularity.DAY),
        ({"period": "7d", "by": "hour"}, Granularity.HOUR),
        ({"period": "30d", "by": "hour"}, Granularity.DAY),
        ({"period": "30d", "by": "week"}, Granularity.WEEK),
        ({"period": "12mo"}, Granularity.WEEK),
        ({"period": "12mo", "by": "month"}, Granularity.MONTH),
        ({"from": "2015-05-17", "to": "2026-11-20"}, Granularity.MONTH),
        ({"period": "30d", "by": "minute"}, Granularity.DAY),
    ],
)
def test_a_chart_has_buckets_that_it_can_show(query: dict[str, str], granularity: Granularity) -> None:
    assert period_read(query, zone=VIENNA, now=NOW).granularity is granularity


def test_days_are_cut_at_local_midnight_on_the_long_day_too() -> None:
    buckets = Span(date(2026, 10, 24), date(2026, 10, 26), VIENNA).buckets(Granularity.DAY)
    assert buckets == [
        Bucket(date(2026, 10, 24), utc(2026, 10, 23, 22), utc(2026, 10, 24, 22)),
        Bucket(date(2026, 10, 25), utc(2026, 10, 24, 22), utc(2026, 10, 25, 23)),
        Bucket(date(2026, 10, 26), utc(2026, 10, 25, 23), utc(2026, 10, 26, 23)),
    ]


def test_weeks_begin_on_monday_and_are_clipped_to_the_period() -> None:
    buckets = Span(date(2026, 11, 4), date(2026, 11, 17), VIENNA).buckets(Granularity.WEEK)
    assert [bucket.key for bucket in buckets] == [date(2026, 11, 2), date(2026, 11, 9), date(2026, 11, 16)]
    assert buckets[0].start == day_start(date(2026, 11, 4), VIENNA)
    assert buckets[-1].end == day_start(date(2026, 11, 18), VIENNA)


def test_months_are_buckets_of_their_own_length() -> None:
    buckets = Span(date(2026, 1, 15), date(2026, 3, 2), VIENNA).buckets(Granularity.MONTH)
    assert [bucket.key for bucket in buckets] == [date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1)]


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2026, 3, 31), -1, date(2026, 2, 28)),
        (date(2024, 2, 29), -12, date(2023, 2, 28)),
        (date(2026, 12, 15), 1, date(2027, 1, 15)),
        (date(2026, 1, 1), -1, date(2025, 12, 1)),
    ],
)
def test_a_month_later_is_never_a_day_that_does_not_exist(day: date, months: int, expected: date) -> None:
    assert months_later(day, months) == expected


@pytest.mark.parametrize(
    ("first", "last", "label"),
    [
        (date(2026, 11, 20), date(2026, 11, 20), "Fri 20 Nov"),
        (date(2015, 5, 17), date(2015, 5, 20), "17 – 20 May 2015"),
        (date(2026, 10, 22), date(2026, 11, 20), "22 Oct – 20 Nov"),
        (date(2025, 11, 21), date(2026, 11, 20), "21 Nov 2025 – 20 Nov"),
        (date(2015, 5, 20), date(2015, 5, 20), "Wed 20 May 2015"),
    ],
)
def test_days_are_named_as_people_say_them(first: date, last: date, label: str) -> None:
    assert span_label(Span(first, last, VIENNA), date(2026, 11, 20)) == label
