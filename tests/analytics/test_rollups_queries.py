"""How many things a report asks the database, however its days are mixed of rollups and raw rows."""

from collections.abc import Sequence
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from apps.analytics.breakdowns import DIMENSIONS, Asked, breakdown
from apps.analytics.reports import figures
from apps.analytics.weeks import weeks
from apps.core.periods import Span, period_read
from apps.sites.models import Site
from apps.tracking.filters import Filters, filters_read
from apps.tracking.rollups import MAX_RAW, days_mark, span_split, split
from apps.tracking.rollups_build import rollups_build
from tests.cast import Cast
from tests.factories import make_site
from tests.factories_tracking import visit_make
from tests.queries import queries_asked

from .conftest import NOW, at

DAY = timedelta(days=1)


@pytest.fixture(params=[[], range(0, 28, 2)], ids=["all hold", "every other is marked"])
def built(request: pytest.FixtureRequest, site: Site) -> Site:
    for back in range(40):
        visit_make(site, at(9, day=13) - DAY * back)
    assert rollups_build(seconds=60) == 39
    days_mark(site.id, [NOW.date() - DAY * back for back in request.param])
    return site


def test_figures_chart_and_panels(built: Site) -> None:
    period = period_read({"period": "30d"}, zone=ZoneInfo(built.time_zone), now=NOW)
    # Which days hold and the sums, for the period and for what it is compared with; its last day up to now.
    with queries_asked(5):
        figures(site_id=built.id, period=period, filters=Filters())
    for name in ("channels", "cities", "pages", "events"):
        with queries_asked(2):
            breakdown(site_id=built.id, period=period, filters=Filters(), dimension=DIMENSIONS[name], asked=Asked())
    for text, dimension, asked in [
        # Which days hold, those days, and what the database adds.
        ("country:is:DE", "channels", 3),
        # And when the site's first visit was: nothing is missing of the days before it.
        ("country:is:DE", "pages", 4),
        # And all texts, and which of them hold the word.
        ("page:contains:a", "events", 6),
    ]:
        filters = filters_read([text])
        with queries_asked(asked):
            breakdown(site_id=built.id, period=period, filters=filters, dimension=DIMENSIONS[dimension], asked=Asked())
    # Four for the period and four for what it is compared with, and its last day up to now.
    with queries_asked(9):
        figures(site_id=built.id, period=period, filters=filters_read(["country:is:DE"]))


def test_the_portfolio_of_any_number_of_sites(in_alder: Cast, built: Site) -> None:
    for further in (0, 11):
        for number in range(further):
            one = make_site(in_alder.first, time_zone=("UTC", "Asia/Tokyo", "America/Lima")[number % 3])
            visit_make(one, NOW - 2 * DAY)
        shown = list(Site.objects.all())
        # Which days hold; their sums; raw days; companies of raw days, merges, ignored ones; a week ago up to now.
        with queries_asked(7):
            weeks(shown, now=NOW)


@pytest.mark.parametrize(
    ("holding", "kept", "raw"),
    [
        ([], [], [(1, 30)]),
        (range(1, 31), [(1, 30)], []),
        (range(1, 30), [(1, 29)], [(30, 30)]),
        (range(3, 20), [(3, 19)], [(1, 2), (20, 30)]),
        # Five raw stretches are one too many: the shortest rest between them, the 20th, is read raw as well.
        (
            [*range(2, 10), *range(11, 19), 20, *range(22, 30)],
            [(2, 9), (11, 18), (22, 29)],
            [(1, 1), (10, 10), (19, 21), (30, 30)],
        ),
    ],
)
def test_a_span_is_cut_into_few_stretches(
    holding: Sequence[int], kept: list[tuple[int, int]], raw: list[tuple[int, int]]
) -> None:
    first = NOW.date().replace(month=4, day=1)
    span = Span(first, first + 29 * DAY, ZoneInfo("UTC"))
    found = split(span, {first.replace(day=day) for day in holding})
    assert [(days.first.day, days.last.day) for days in found.kept] == kept
    assert [(days.first.day, days.last.day) for days in found.raw] == raw
    assert len(found.raw) <= MAX_RAW


def test_nothing_built_is_one_raw_stretch(site: Site) -> None:
    span = Span(NOW.date() - 9 * DAY, NOW.date(), ZoneInfo(site.time_zone))
    assert span_split(site_id=site.id, span=span).raw == [span]
