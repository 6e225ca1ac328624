"""Whatever a filtered report shows is the same whether it is read from columns or from raw rows."""

import random
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from apps.analytics.breakdowns import DIMENSIONS, Asked, Breakdown, Sort, breakdown
from apps.analytics.reports import Figures, figures
from apps.core import clock
from apps.core.periods import Period, period_read
from apps.sites.models import Site
from apps.tracking.columns import reading
from apps.tracking.columns.day import Day
from apps.tracking.filters import FIELDS, Filters, filters_read
from apps.tracking.models import RollupDay, VisitColumns
from apps.tracking.rollups import days_mark
from apps.tracking.rollups_build import rollups_build
from tests.cast import Cast

from .random_visits import visits_make
from .test_rollups_agree import ASKED, CASES

# What is asked of each field; two values are alternatives, an empty one is what is unknown.
ONE = [
    "page:is:/",
    "page:is:/pricing|/docs",
    "page:is_not:/",
    "page:contains:DOC",
    "page:contains:0%_",
    "entry:is:/",
    "entry:contains:long",
    "exit:is_not:/pricing",
    "exit:is:",
    "host:is:shop.example.com",
    "channel:is:One|Two",
    "channel:is_not:",
    "source:is:nowhere",
    "source:contains:E",
    "medium:is:three, 3",
    "campaign:is:",
    "referrer:is_not:One|",
    "country:is:DE",
    "country:is_not:AT|",
    "region:is:Vienna",
    "region:is:DE>",
    "region:contains:avar",
    "city:is:DE>Bavaria>Munich|Vienna",
    "city:is_not:",
    "company:is:3",
    "company:is:",
    "company:is_not:003|",
    "network:is:",
    "network:is_not:business",
    "organisation:contains:w",
    "device:is:One",
    "browser:is_not:Two",
    "system:contains:three",
    "language:is:de",
    "event:is:Signup",
    "event:is_not:Seen|Play",
    "event:contains:l",
]
SEVERAL = [
    ("page:is:/", "page:is_not:/docs"),
    ("page:is:/pricing", "event:is:Play", "country:is:DE"),
    ("page:is_not:/", "event:is_not:Seen"),
    ("country:is:DE", "source:is_not:One", "page:contains:docs"),
    ("event:is:Play|Signup", "device:is_not:", "city:contains:n", "page:is:/"),
]
OF_VISITS = [name for name in DIMENSIONS if name not in ("pages", "events")]
PERIODS: list[dict[str, str]] = [
    {"period": "7d", "compare": "none"},
    {"period": "12mo", "compare": "none"},
    {"period": "7d"},
    {"period": "30d", "by": "week", "compare": "none"},
    {"period": "month"},
]


@pytest.fixture(params=CASES, ids=[case[0] for case in CASES])
def site(request: pytest.FixtureRequest, in_alder: Cast, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    zone, first, now = request.param
    monkeypatch.setattr(clock, "now", lambda: now)
    in_alder.site.time_zone = zone
    in_alder.site.save(update_fields=["time_zone"])
    visits_make(in_alder.site, seed=11, first=first, days=8, count=160)
    yield in_alder.site


def period(site: Site, query: dict[str, str]) -> Period:
    return period_read(query, zone=ZoneInfo(site.time_zone), now=clock.now())


def read(*texts: str) -> Filters:
    filters = filters_read(texts)
    assert filters and not filters.problems
    return filters


def panels(
    site: Site, filters: Filters, *asked: Asked, dimensions: Sequence[str] = tuple(DIMENSIONS)
) -> list[Breakdown]:
    query = period(site, {"period": "30d"})
    return [
        breakdown(site_id=site.id, period=query, filters=filters, dimension=DIMENSIONS[name], asked=one)
        for name in dimensions
        for one in asked or [Asked(limit=None)]
        if not (one.search and name == "companies")
    ]


def courses(site: Site, filters: Filters, *queries: dict[str, str]) -> list[Figures]:
    return [figures(site_id=site.id, period=period(site, query), filters=filters) for query in queries]


def everything(site: Site, chosen: Sequence[Filters]) -> list[object]:
    """Return what reports show under each of the filters: pages, events and a turn of the other panels, and courses."""
    return [
        (
            panels(site, filters, dimensions=["pages", "events", *OF_VISITS[number % 4 :: 4]]),
            courses(site, filters, PERIODS[number % len(PERIODS)]),
        )
        for number, filters in enumerate(chosen)
    ]


def build(site: Site) -> None:
    while rollups_build():
        pass
    assert RollupDay.objects.filter(site_id=site.id, has_columns=True).count() == 7


def share(site: Site) -> list[Filters]:
    """Return the filters whose turn it is in the site's zone: some of several fields, and every sixth of the others."""
    at = [case[0] for case in CASES].index(site.time_zone)
    return [read(*texts) for texts in [*SEVERAL[at % 5 :: 5], *((text,) for text in ONE[at :: len(CASES)])]]


def test_every_field_is_asked_in_every_way() -> None:
    asked = {(text.split(":")[0], text.split(":")[1]) for text in ONE}
    assert {name for name, _ in asked} == set(FIELDS)
    assert {op for _, op in asked} == {"is", "is_not", "contains"}


def test_filtered_panels_and_figures_agree(site: Site) -> None:
    chosen = share(site)
    raw = everything(site, chosen)
    build(site)
    assert everything(site, chosen) == raw


@pytest.mark.parametrize("site", CASES[1:2], indirect=True)
def test_searched_and_sorted_tables_agree(site: Site) -> None:
    filters = read("network:is_not:isp")
    asked = [*ASKED, Asked(sort=Sort.VISITS, search_keys=["3", "12"])]
    shown = ["cities", "companies", "campaigns", "pages", "events"]
    raw = panels(site, filters, *asked, dimensions=shown)
    assert any(one.rows for one in raw)
    build(site)
    assert panels(site, filters, *asked, dimensions=shown) == raw


@pytest.mark.parametrize("site", CASES[1:2], indirect=True)
def test_they_agree_with_some_of_the_days_marked(site: Site) -> None:
    chosen = [read("source:is_not:One"), read("page:is:/"), read("event:contains:play")]
    raw = everything(site, chosen)
    for marked in [0, 2, 6], [3]:
        build(site)
        days_mark(site.id, [CASES[1][1] + timedelta(days=number) for number in marked])
        assert everything(site, chosen) == raw, marked


@pytest.mark.parametrize("site", CASES[:1], indirect=True)
def test_filters_at_random_agree(site: Site) -> None:
    chance = random.Random(3)
    chosen = [read(*chance.sample(ONE, chance.choice([2, 2, 3]))) for _ in range(5)]
    raw = everything(site, chosen)
    build(site)
    assert everything(site, chosen) == raw


@pytest.mark.parametrize("site", CASES[:1], indirect=True)
def test_days_that_hold_are_read_from_columns(site: Site) -> None:
    filters = read("country:is:DE")
    before = panels(site, filters)
    build(site)
    VisitColumns.objects.filter(site_id=site.id, day__gt=date(2026, 5, 7)).delete()
    after = panels(site, filters)
    assert [one.visitors for one in after] < [one.visitors for one in before]


@pytest.mark.parametrize("site", CASES[:1], indirect=True)
def test_days_that_change_or_have_unseen_texts_while_they_are_read_are_read_raw(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    filters = [read("page:contains:doc"), read("source:contains:o")]
    raw = everything(site, filters)
    build(site)
    of_filters = reading.conditions_of

    def forgetful(asked: Filters, days: Iterator[Day]) -> object:
        return of_filters(asked, [day for day in days if day.day != date(2026, 5, 9)][:2])

    monkeypatch.setattr(reading, "conditions_of", forgetful)
    assert everything(site, filters) == raw

    def marking(*args: object) -> object:
        days_mark(site.id, [date(2026, 5, 8), date(2026, 5, 11)])
        return of_filters(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(reading, "conditions_of", marking)
    assert everything(site, filters) == raw
