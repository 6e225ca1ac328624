"""How many are on a site now: on which pages and where, and how many there were in each of the last minutes."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from django.db import connection
from django.db.models import Count, QuerySet
from django.db.models.functions import TruncMinute

from apps.companies.models import CompanyClient
from apps.core import formats
from apps.core.maps import Place
from apps.scoring.at_moment import hot_select
from apps.tracking.models import Event, Origin, Session

PAGES = 6
PLACES = 200
HOT_PLACES = 3
MINUTES = 30
# Events of a minute that is over may come in for so long.
ON_THEIR_WAY = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class PageNow:
    """A page that is being read; `share` is of all who are present, `width` of the busiest page (0-100)."""

    name: str
    value: str
    share: str
    width: float


# A visitor with two present visits is where the later one is. Everything from one scan, counted where the rows are:
# thousands of them would take longer to fetch than to count. The last three columns are figures; of hot places, the
# second of them is the company.
_FIGURES = """
WITH ignored AS MATERIALIZED ({ignored}), hot AS MATERIALIZED (
    SELECT company_id FROM ({hot}) AS score WHERE company_id NOT IN (SELECT company_id FROM ignored)
), present AS MATERIALIZED ({present}),
here AS MATERIALIZED (SELECT DISTINCT ON (visitor_id) * FROM present ORDER BY visitor_id, ended_at DESC, id DESC)
SELECT 'visitors', '', 0::float8, 0::float8, count(*), {named},
       count(*) FILTER (WHERE latitude IS NULL OR longitude IS NULL) FROM here
UNION ALL
SELECT 'visits', '', 0, 0, count(*), {named}, 0 FROM present
UNION ALL
SELECT 'hot', '', 0, 0, count(*), 0, 0 FROM here WHERE company_id IN (SELECT company_id FROM hot)
UNION ALL
(SELECT 'hot place', exit_path, longitude, latitude, 0, company_id, 0
 FROM (SELECT DISTINCT ON (company_id) * FROM here
       WHERE company_id IN (SELECT company_id FROM hot) AND latitude IS NOT NULL AND longitude IS NOT NULL
       ORDER BY company_id, ended_at DESC, id DESC) AS latest
 ORDER BY ended_at DESC, company_id LIMIT {hot_places})
UNION ALL
(SELECT 'page', exit_path, 0, 0, count(*) AS visitors, 0, 0 FROM here
 WHERE exit_path <> '' GROUP BY exit_path ORDER BY visitors DESC, exit_path LIMIT {pages})
UNION ALL
(SELECT 'place', min(city), round(longitude::numeric, 1)::float8, round(latitude::numeric, 1)::float8,
        count(*) AS visitors, 0, 0 FROM here
 WHERE latitude IS NOT NULL AND longitude IS NOT NULL GROUP BY 3, 4 ORDER BY visitors DESC LIMIT {places})
"""
_NAMED = "count(company_id) FILTER (WHERE company_id NOT IN (SELECT company_id FROM ignored))"
_COUNTED_COLUMNS = ("id", "visitor_id", "company_id", "exit_path", "latitude", "longitude", "city", "ended_at")


class HotPlace(NamedTuple):
    """Where somebody of a hot company is, and on which page: of its visitors, who was seen last."""

    company_id: int
    longitude: float
    latitude: float
    path: str


@dataclass(slots=True)
class Figures:
    visitors: int = 0
    in_companies: int = 0
    in_hot: int = 0
    without_place: int = 0
    visits: int = 0
    company_visits: int = 0
    pages: list[tuple[str, int]] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)
    hot: list[HotPlace] = field(default_factory=list)


def figures_count(
    present: QuerySet[Session], ignored_companies: "QuerySet[CompanyClient, int]", site_id: int, at: datetime
) -> Figures:
    """Count who is there, on which pages and where. One query."""
    sql, params = present.values(*_COUNTED_COLUMNS).query.sql_with_params()
    ignored, of_site = ignored_companies.query.sql_with_params()
    hot = hot_select(site_ids=[site_id], at=at)
    figures = Figures()
    with connection.cursor() as cursor:
        query = _FIGURES.format(
            ignored=ignored, hot=hot.sql, present=sql, named=_NAMED, pages=PAGES, places=PLACES, hot_places=HOT_PLACES
        )
        cursor.execute(query, [*of_site, *hot.params, *params])
        for kind, name, longitude, latitude, count, of_companies, without in cursor.fetchall():
            if kind == "visitors":
                figures.visitors, figures.in_companies, figures.without_place = count, of_companies, without
            elif kind == "visits":
                figures.visits, figures.company_visits = count, of_companies
            elif kind == "hot":
                figures.in_hot = count
            elif kind == "hot place":
                figures.hot.append(HotPlace(of_companies, longitude, latitude, name))
            elif kind == "page":
                figures.pages.append((name, count))
            else:
                figures.places.append(Place(longitude, latitude, count, name))
    return figures


def pages_now(figures: Figures) -> list[PageNow]:
    # The parts of a UNION come in no promised order.
    busiest = sorted(figures.pages, key=lambda page: (-page[1], page[0]))
    return [
        PageNow(path, formats.number(count), formats.share(count / figures.visitors), 100 * count / busiest[0][1])
        for path, count in busiest
    ]


def minutes_count(site_id: int, at: datetime, *, before: tuple[datetime, Sequence[int]] | None) -> list[int]:
    """Return how many visitors had an event in each of the last 30 minutes, oldest first. One query.

    `before`: when the last minute of those began that were counted a moment ago, and their counts. They stay as they
    were, but for the last one, and the one before it while events of it may still be on their way.
    """
    first = minute_of(at) - timedelta(minutes=MINUTES - 1)
    counted: dict[datetime, int] = {}
    since = first
    if before is not None and before[0] >= first:
        last, minutes = before
        counted = {last - timedelta(minutes=age): n for age, n in enumerate(reversed(minutes))}
        since = max(first, minute_of(min(at, last + timedelta(minutes=1)) - ON_THEIR_WAY))
    events = Event.objects.filter(site_id=site_id, occurred_at__gte=since, occurred_at__lte=at, set_aside="")
    recent = (
        events.exclude(origin=Origin.IMPORT)
        .annotate(minute=TruncMinute("occurred_at", tzinfo=UTC))
        .values_list("minute")
        .annotate(n=Count("visitor_id", distinct=True))
    )
    counted = {minute: n for minute, n in counted.items() if minute < since} | dict(recent)
    return [counted.get(first + timedelta(minutes=minute), 0) for minute in range(MINUTES)]


def minute_of(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)
