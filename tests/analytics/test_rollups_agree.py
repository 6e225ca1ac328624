"""Whatever a report shows is the same whether it is read from rollups or from raw rows."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from apps.analytics.breakdowns import DIMENSIONS, Asked, Breakdown, Sort, breakdown
from apps.analytics.portfolio import portfolio
from apps.analytics.reports import Figures, figures, totals
from apps.core import clock
from apps.core.periods import Period, period_read
from apps.sites.models import Site
from apps.tracking.filters import Filters
from apps.tracking.models import Rollup, RollupDay
from apps.tracking.rollups import days_mark, span_split
from apps.tracking.rollups_build import days_missing, rollups_build
from tests.cast import Cast

from .random_visits import visits_make

# Zone, the first of eight days, and the moment at which one looks: on the last of them.
CASES = [
    ("UTC", date(2026, 5, 6), datetime(2026, 5, 13, 10, tzinfo=UTC)),
    ("Europe/Vienna", date(2026, 3, 25), datetime(2026, 4, 1, 21, 59, tzinfo=UTC)),  # 29 March has 23 hours
    ("America/New_York", date(2026, 10, 28), datetime(2026, 11, 4, 5, 1, tzinfo=UTC)),  # 1 November has 25
    ("Pacific/Auckland", date(2026, 3, 30), datetime(2026, 4, 6, 6, tzinfo=UTC)),  # 5 April has 25
    ("America/Santiago", date(2026, 9, 1), datetime(2026, 9, 8, 12, tzinfo=UTC)),  # 6 September begins at 01:00
    ("Asia/Kathmandu", date(2026, 5, 6), datetime(2026, 5, 13, 18, 10, tzinfo=UTC)),
]
QUERIES: list[dict[str, str]] = [
    {"period": "30d"},
    {"period": "7d"},
    {"period": "7d", "by": "hour"},
    {"period": "30d", "by": "week"},
    {"period": "month"},
    {"period": "yesterday"},
    {"period": "today"},
    {"period": "12mo"},
]
ASKED = [
    Asked(),
    Asked(sort=Sort.VISITS, limit=3, offset=1),
    Asked(sort=Sort.NAME, limit=None),
    Asked(sort=Sort.COUNT, limit=2),
    Asked(search="o", limit=None),
    Asked(search="50%_"),
]


@pytest.fixture(params=CASES, ids=[case[0] for case in CASES])
def site(request: pytest.FixtureRequest, in_alder: Cast, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    zone, first, now = request.param
    monkeypatch.setattr(clock, "now", lambda: now)
    in_alder.site.time_zone = zone
    in_alder.site.save(update_fields=["time_zone"])
    visits_make(in_alder.site, seed=7, first=first, days=8, count=160)
    yield in_alder.site


def period(site: Site, query: dict[str, str]) -> Period:
    return period_read(query, zone=ZoneInfo(site.time_zone), now=clock.now())


def all_figures(site: Site) -> list[Figures]:
    return [figures(site_id=site.id, period=period(site, query), filters=Filters()) for query in QUERIES]


def all_breakdowns(site: Site, *asked: Asked) -> list[Breakdown]:
    return [
        breakdown(site_id=site.id, period=period(site, query), filters=Filters(), dimension=dimension, asked=one)
        for query in ({"period": "30d"}, {"period": "7d"})
        for dimension in DIMENSIONS.values()
        for one in asked
        if not (one.search and dimension.name == "companies")
    ]


def build(site: Site) -> int:
    while rollups_build():
        pass
    assert days_missing() == []
    return RollupDay.objects.filter(site_id=site.id).count()


def all_rows() -> object:
    return portfolio(list(Site.objects.select_related("client")), now=clock.now()).rows


def test_figures_panels_and_the_portfolio_agree(site: Site) -> None:
    raw, raw_panels, raw_rows = all_figures(site), all_breakdowns(site, Asked(), ASKED[1]), all_rows()
    assert raw[0].totals.current.visits > 80
    assert build(site) == 7
    assert all_figures(site) == raw
    for query, found in zip(QUERIES, raw, strict=True):
        assert found.totals == totals(site_id=site.id, period=period(site, query), filters=Filters())
    assert all_breakdowns(site, Asked(), ASKED[1]) == raw_panels
    assert all_rows() == raw_rows


@pytest.mark.parametrize("site", CASES[1:2], indirect=True)
def test_searched_and_sorted_tables_agree(site: Site) -> None:
    raw = all_breakdowns(site, *ASKED)
    build(site)
    assert all_breakdowns(site, *ASKED) == raw


@pytest.mark.parametrize("site", CASES[1:2], indirect=True)
def test_they_agree_with_some_of_the_days_marked(site: Site) -> None:
    raw = all_figures(site), all_breakdowns(site, Asked())
    first = CASES[1][1]
    for marked in [0], [6], [1, 3, 5], [0, 2, 4, 6]:
        build(site)
        days_mark(site.id, [first + timedelta(days=number) for number in marked])
        assert (all_figures(site), all_breakdowns(site, Asked())) == raw, marked


@pytest.mark.parametrize("site", CASES[:1], indirect=True)
def test_days_that_hold_are_read_from_their_rollups(site: Site) -> None:
    raw = all_breakdowns(site, Asked(limit=None))
    build(site)
    split = span_split(site_id=site.id, span=period(site, {"period": "7d"}).span)
    assert [(days.first.day, days.last.day) for days in split.kept] == [(7, 12)]
    assert [(days.first.day, days.last.day) for days in split.raw] == [(13, 13)]
    Rollup.objects.filter(site_id=site.id).update(visitors=1_000)
    for one, before in zip(all_breakdowns(site, Asked(limit=None)), raw, strict=True):
        assert max(row.tally.visitors for row in one.rows) >= 1_000 > max(row.tally.visitors for row in before.rows)
