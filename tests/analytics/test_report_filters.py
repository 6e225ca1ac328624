"""What filters choose, on visits worked out by hand (conftest: worked_day)."""

from zoneinfo import ZoneInfo

import pytest

from apps.analytics.metrics import Metric
from apps.analytics.reports import totals
from apps.core.periods import period_read
from apps.sites.models import Site
from apps.tracking.filters import filters_read
from tests.factories_tracking import Page, visit_make

from .conftest import NOW, at


def chosen(site: Site, *texts: str) -> tuple[float | None, float | None]:
    """Return visits and page views of 12 May that meet the filters."""
    filters = filters_read(texts)
    assert filters.problems == ()
    period = period_read({"period": "yesterday"}, zone=ZoneInfo(site.time_zone), now=NOW)
    found = totals(site_id=site.id, period=period, filters=filters)
    return found.value(Metric.VISITS), found.value(Metric.PAGEVIEWS)


@pytest.mark.parametrize(
    ("texts", "visits", "pageviews"),
    [
        (["country:is:DE"], 3, 4),
        (["country:is:DE|AT"], 4, 5),
        (["country:is_not:DE"], 2, 2),
        (["country:is:"], 1, 1),
        (["source:contains:oo"], 3, 3),
        (["source:contains:OO"], 3, 3),
        (["source:contains:%"], 0, 0),
        (["source:contains:_"], 0, 0),
        (["source:is:'; DROP TABLE session; --"], 0, 0),
        (["channel:is:Organic Search", "country:is:DE"], 2, 2),
        (["entry:is:/", "exit:is:/pricing"], 1, 2),
        # Page views of the page alone, in visits that saw it.
        (["page:is:/pricing"], 1, 1),
        (["page:is:/", "source:is:Direct"], 1, 1),
        (["page:contains:pri"], 1, 1),
        # Visits that never saw it.
        (["page:is_not:/pricing"], 4, 4),
        (["page:is:/", "page:is_not:/pricing"], 4, 4),
        # Page views of visits with such an event.
        (["event:is:Signup"], 1, 1),
        (["event:is_not:Signup"], 4, 5),
        (["event:contains:e"], 1, 1),
        (["network:is:"], 5, 6),
        (["device:is:", "company:is:"], 5, 6),
        (["company:is_not:"], 0, 0),
    ],
)
def test_a_filter_chooses_visits_and_page_views(
    worked_day: Site, texts: list[str], visits: int, pageviews: int
) -> None:
    assert chosen(worked_day, *texts) == (visits, pageviews)


@pytest.mark.parametrize(
    ("text", "visits"),
    [
        ("city:is:Springfield", 2),
        ("city:is:US>Illinois>Springfield", 1),
        ("region:is:US>Illinois", 2),
        ("region:is:US>", 1),
        ("city:is:US>Illinois>", 1),
        ("city:is:Biel/Bienne|CH>Bern>Biel/Bienne", 1),
        ("city:contains:field", 2),
        ("city:is_not:US>Illinois>Springfield", 4),
    ],
)
def test_places_of_one_name_are_told_apart(site: Site, text: str, visits: int) -> None:
    for country, region, city in [
        ("US", "Illinois", "Springfield"),
        ("US", "Oregon", "Springfield"),
        ("US", "Illinois", ""),
        ("US", "", ""),
        ("CH", "Bern", "Biel/Bienne"),
    ]:
        visit_make(site, at(9), country=country, region=region, city=city)
    assert chosen(site, text)[0] == visits


def test_a_page_filter_finds_pages_seen_after_midnight(site: Site) -> None:
    visit_make(site, at(23, 50), pages=[Page("/"), Page("/late", after=20 * 60)])
    # The visit is yesterday's, that page view isn't.
    assert chosen(site, "page:is:/late") == (1, 0)
