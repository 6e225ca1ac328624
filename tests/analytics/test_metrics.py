"""Every metric against visits whose figures were worked out by hand (conftest: worked_day)."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from apps.analytics.metrics import Metric, Tally, metric_change, metric_value
from apps.analytics.reports import course, figures, totals
from apps.core.periods import Granularity, Period, Span, period_read
from apps.sites.models import Site
from apps.tracking.filters import Filters
from apps.tracking.models import Session
from tests.factories_tracking import Page, visit_make

from .conftest import NOW, at

NO_FILTERS = Filters()


def period(site: Site, **query: str) -> Period:
    return period_read(query, zone=ZoneInfo(site.time_zone), now=NOW)


def value_of(site: Site, metric: Metric, **query: str) -> float | None:
    return totals(site_id=site.id, period=period(site, **query), filters=NO_FILTERS).value(metric)


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        (Metric.VISITORS, 4),
        (Metric.VISITS, 5),
        (Metric.PAGEVIEWS, 6),
        (Metric.VIEWS_PER_VISIT, 1.2),  # 6 / 5
        (Metric.BOUNCE_RATE, 0.4),  # 2 / 5
        (Metric.DURATION, 13),  # (60 + 5) / 5
        (Metric.ENGAGED, 10),  # (4 + 30 + 12 + 3 + 1) / 5
    ],
)
def test_a_metric_is_what_its_definition_says(worked_day: Site, metric: Metric, expected: float) -> None:
    assert value_of(worked_day, metric, period="yesterday") == pytest.approx(expected)


@pytest.mark.parametrize("metric", [Metric.VIEWS_PER_VISIT, Metric.BOUNCE_RATE, Metric.DURATION, Metric.ENGAGED])
def test_a_mean_over_no_visit_is_no_figure(site: Site, metric: Metric) -> None:
    assert value_of(site, metric, period="yesterday") is None


@pytest.mark.parametrize(
    ("pages", "engaged_ms", "interactive_events", "bounces"),
    [(1, 9_999, 0, 1), (1, 10_000, 0, 0), (2, 0, 0, 0), (1, 0, 1, 0), (0, 0, 0, 0)],
)
def test_a_bounce_is_one_page_no_interaction_and_less_than_ten_seconds(
    site: Site, pages: int, engaged_ms: int, interactive_events: int, bounces: int
) -> None:
    visit_make(
        site,
        at(9),
        pages=[Page("/")] * pages,
        engaged_ms=engaged_ms,
        interactive_events=interactive_events,
    )
    assert value_of(site, Metric.BOUNCE_RATE, period="yesterday") == bounces


def test_a_visit_belongs_to_the_day_it_began_and_a_page_view_to_its_own(site: Site) -> None:
    visit_make(site, at(23, 50), pages=[Page("/"), Page("/late", after=20 * 60)])
    assert value_of(site, Metric.VISITS, period="yesterday") == 1
    assert value_of(site, Metric.VISITS, period="today") == 0
    assert value_of(site, Metric.PAGEVIEWS, period="yesterday") == 1
    assert value_of(site, Metric.PAGEVIEWS, period="today") == 1


def test_a_visitor_of_several_days_is_the_sum_of_the_days_of_the_sites_zone(site: Site) -> None:
    # One UTC day, so one visitor id; in Auckland (UTC+12) it is 23:00 on the 12th and 01:00 on the 13th.
    site.time_zone = "Pacific/Auckland"
    for hour in (11, 13):
        visit_make(site, datetime(2026, 5, 12, hour, tzinfo=UTC), visitor=7)
    assert value_of(site, Metric.VISITORS, **{"from": "2026-05-12", "to": "2026-05-13"}) == 2
    assert value_of(site, Metric.VISITORS, **{"from": "2026-05-12", "to": "2026-05-12"}) == 1


def test_siblings_count_once_even_if_one_of_them_is_filtered_out_or_deleted(worked_day: Site) -> None:
    assert Session.objects.filter(visitor_id=1, has_siblings=True).count() == 2
    Session.objects.filter(visitor_id=1, source="Google").delete()
    assert value_of(worked_day, Metric.VISITORS, period="yesterday") == 4


@pytest.mark.parametrize("granularity", list(Granularity))
def test_the_buckets_of_a_course_hold_all_visits_and_views(worked_day: Site, granularity: Granularity) -> None:
    visit_make(worked_day, at(8, day=13), pages=[Page("/"), Page("/a", 10)])
    span = Span(date(2026, 5, 11), date(2026, 5, 13), ZoneInfo(worked_day.time_zone))
    found = course(site_id=worked_day.id, span=span, granularity=granularity, filters=NO_FILTERS)
    assert sum(tally.visits for tally in found.tallies) == 6
    assert sum(tally.pageviews for tally in found.tallies) == 8
    if granularity is not Granularity.HOUR:
        assert sum(tally.visitors for tally in found.tallies) == 5


def test_an_hour_has_the_visits_that_began_in_it(worked_day: Site) -> None:
    span = period(worked_day, period="yesterday").span
    found = course(site_id=worked_day.id, span=span, granularity=Granularity.HOUR, filters=NO_FILTERS)
    by_hour = {
        bucket.start.astimezone(span.zone).hour: tally.visits
        for bucket, tally in zip(found.buckets, found.tallies, strict=True)
        if isinstance(bucket.key, datetime) and tally.visits
    }
    assert by_hour == {9: 1, 10: 1, 11: 1, 12: 1, 15: 1}


def test_the_repeated_hour_of_autumn_is_two_buckets(site: Site) -> None:
    # 25 October 2026, Vienna: 02:30 comes at 00:30 UTC and again at 01:30 UTC.
    for hour in (0, 1):
        visit_make(site, datetime(2026, 10, 25, hour, 30, tzinfo=UTC))
    span = Span(date(2026, 10, 25), date(2026, 10, 25), ZoneInfo(site.time_zone))
    found = course(site_id=site.id, span=span, granularity=Granularity.HOUR, filters=NO_FILTERS)
    assert len(found.buckets) == 25
    assert [tally.visits for tally in found.tallies][:5] == [0, 0, 1, 1, 0]


def test_a_running_period_is_compared_up_to_the_same_time_of_day(site: Site) -> None:
    for hour in (9, 11, 15):
        visit_make(site, at(hour, day=6))
    visit_make(site, at(9, day=13))
    found = totals(site_id=site.id, period=period(site, period="today"), filters=NO_FILTERS)
    # It is noon: the visit of 15:00 a week ago has no counterpart yet.
    assert (found.current.visits, found.previous and found.previous.visits) == (1, 2)


@pytest.mark.parametrize(
    "query",
    [
        {"period": "today"},
        {"period": "7d"},
        {"period": "7d", "by": "hour"},
        {"period": "30d", "by": "week"},
        {"period": "month"},
        {"from": "2026-05-05", "to": "2026-05-12"},
        {"period": "7d", "compare": "none"},
    ],
)
def test_totals_that_are_added_up_are_those_that_are_asked_for(worked_day: Site, query: dict[str, str]) -> None:
    for day in (5, 6, 13):
        visit_make(worked_day, at(9, day=day), visitor=50)
        visit_make(worked_day, at(11, day=day), visitor=50, pages=[Page("/"), Page("/a", 5)])
        visit_make(worked_day, at(18, day=day), visitor=51)
    asked = period(worked_day, **query)
    together = figures(site_id=worked_day.id, period=asked, filters=NO_FILTERS).totals
    assert together == totals(site_id=worked_day.id, period=asked, filters=NO_FILTERS)


def test_a_handful_is_not_enough_for_a_percentage() -> None:
    change = metric_change(Metric.VISITORS, Tally(visitors=9), Tally(visitors=3))
    assert (change.is_known, change.word) == (False, "not enough data")


@pytest.mark.parametrize(
    ("metric", "now", "before", "text", "tone"),
    [
        (Metric.VISITORS, Tally(visitors=1_200), Tally(visitors=1_000), "+20.0%", "good"),
        (Metric.VISITORS, Tally(visitors=800), Tally(visitors=1_000), "−20.0%", "bad"),
        (Metric.VISITORS, Tally(visitors=1_020), Tally(visitors=1_000), "+2.0%", ""),
        (Metric.BOUNCE_RATE, Tally(visits=500, bounces=200), Tally(visits=500, bounces=250), "−10.0 pt", "good"),
        (
            Metric.DURATION,
            Tally(visits=50, duration_seconds=6_700),
            Tally(visits=50, duration_seconds=6_250),
            "+9s",
            "good",
        ),
    ],
)
def test_a_change_says_how_much_and_whether_it_is_good(
    metric: Metric, now: Tally, before: Tally, text: str, tone: str
) -> None:
    change = metric_change(metric, now, before)
    assert (change.text, change.tone) == (text, tone)


def test_metric_value_of_nothing() -> None:
    assert metric_value(Metric.VISITORS, Tally()) == 0
