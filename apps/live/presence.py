"""Who is on a site now, read from the visits' rows.

A visitor counts as present for five minutes after the last event: the tracker is silent while somebody reads, and sends
engagement when the page is hidden. Nothing here is kept elsewhere, so nothing can be lost or disagree with the reports.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import Count, QuerySet
from django.db.models.functions import TruncMinute

from apps.companies.knowledge.ignoring import ignored_on_site
from apps.companies.models import CompanyClient
from apps.companies.selectors import company_names_shown
from apps.core import clock, formats
from apps.core.maps import Named, Place
from apps.networks.labels import network_label
from apps.scoring.at_moment import hot_select
from apps.scoring.selectors import ScoreNow, scores_now, turned_hot
from apps.tracking.models import Event, Kind, Origin, Session
from apps.tracking.selectors import PRESENT_FOR, session_present
from apps.tracking.wording import city_words, event_words

ROWS = 50
FEED_ROWS = 14
PAGES = 6
PLACES = 200
HOT_PLACES = 3
# How many of those that have turned hot are named, and for how long.
TURNED_ROWS = 3
TURNED_FOR = timedelta(minutes=15)
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


@dataclass(frozen=True, slots=True)
class Visit:
    """A present visit as the list shows it."""

    id: UUID
    company_id: int | None
    company_name: str
    network_kind: str
    city: str
    country: str
    path: str
    source: str
    is_paid: bool
    started_at: datetime
    score: int | None = None  # the company's total on this site; None: it has none yet
    temperature: str = ""

    @property
    def who(self) -> str:
        """The company's name, else what sort of network the visitor sits in."""
        return self.company_name or network_label(self.network_kind)

    @property
    def place(self) -> str:
        return ", ".join(part for part in (self.city, self.country) if part)

    @property
    def came_by(self) -> str:
        return f"{self.source or 'Direct'}, paid" if self.is_paid else self.source or "Direct"


@dataclass(frozen=True, slots=True)
class FeedLine:
    """One thing that happened, as the feed says it: who (`is_named`: a company), did what, where."""

    id: UUID
    at: datetime
    icon: str
    who: str
    is_named: bool
    did: str
    path: str


@dataclass(frozen=True, slots=True)
class Turned:
    """A company that has turned hot a short while ago, and its total then."""

    company_id: int
    name: str
    score: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Presence:
    """A site at one moment. `visits` and `company_visits` are the newest ones, at most ROWS of each."""

    visitors: int
    in_companies: int
    in_hot: int  # of those, visitors from companies that are hot on this site
    without_place: int
    listed: int  # visits that there are, of which the newest are in `visits`
    listed_companies: int
    pages: Sequence[PageNow]
    places: Sequence[Place]
    hot_places: Sequence[Named]
    minutes: Sequence[int]  # visitors active in each of the last 30 minutes, oldest first
    minute: datetime  # when the last of them began
    visits: Sequence[Visit]
    company_visits: Sequence[Visit]
    feed: Sequence[FeedLine]
    turned: Sequence[Turned] = ()

    @property
    def last_at(self) -> datetime | None:
        return self.feed[0].at if self.feed else None


class _Row(NamedTuple):
    """The columns of a visit that the list and the feed show."""

    id: UUID
    company_id: int | None
    network_kind: str
    city: str
    country: str
    exit_path: str
    source: str
    channel: str
    started_at: datetime


def presence_now(site_id: int, *, before: Presence | None = None) -> Presence:
    """Return who is on the site and what happened last. Ten queries, whatever the number of visitors.

    `before`: what was so a moment ago; its finished minutes aren't counted again.
    """
    at = clock.now()
    present = session_present([site_id], now=at)
    ignored = ignored_on_site(site_id)
    figures = _figures(present, ignored, site_id, at)
    newest = _rows(present.order_by("-started_at", "-id")[:ROWS])
    named = present.filter(company_id__isnull=False).exclude(company_id__in=ignored)
    of_companies = _rows(named.order_by("-started_at", "-id")[:ROWS])
    events = _last_events(site_id, at)
    told = _rows(present.filter(id__in={event.session_id for event in events}))
    turned = turned_hot(site_id, since=at - TURNED_FOR, limit=TURNED_ROWS, ignored=ignored)
    listed = {row.company_id for row in (*newest, *of_companies) if row.company_id}
    scores = {one.company_id: one for one in scores_now(site_ids=[site_id], company_ids=sorted(listed), at=at)}
    shown = {row.company_id for row in told if row.company_id} | {change.company_id for change in turned}
    shown |= {one.company_id for one in figures.hot}
    names = company_names_shown(listed | shown, ignored=ignored)
    return Presence(
        visitors=figures.visitors,
        in_companies=figures.in_companies,
        in_hot=figures.in_hot,
        without_place=figures.without_place,
        listed=figures.visits,
        listed_companies=figures.company_visits,
        pages=_pages(figures),
        places=figures.places,
        hot_places=[
            Named(one.longitude, one.latitude, names[one.company_id], one.path)
            for one in figures.hot
            if one.company_id in names
        ],
        minutes=_minutes(site_id, at, before),
        minute=_minute(at),
        visits=[_visit(row, names, scores) for row in newest],
        company_visits=[_visit(row, names, scores) for row in of_companies],
        feed=_feed(events, {row.id: row for row in told}, names),
        turned=[
            Turned(change.company_id, names[change.company_id], change.score, change.at)
            for change in turned
            if change.company_id in names
        ],
    )


def _rows(visits: QuerySet[Session]) -> list[_Row]:
    return [_Row(*row) for row in visits.values_list(*_Row._fields)]


def _visit(row: _Row, names: Mapping[int, str], scores: Mapping[int, ScoreNow]) -> Visit:
    name = names.get(row.company_id or 0, "")
    score = scores.get(row.company_id or 0) if name else None
    return Visit(
        id=row.id,
        # A company that was erased a moment ago has no page to lead to; one that is ignored isn't named here.
        company_id=row.company_id if name else None,
        company_name=name,
        network_kind=row.network_kind,
        city=city_words(row.city),
        country=row.country,
        path=row.exit_path,
        source=row.source,
        is_paid=row.channel.startswith("Paid"),
        started_at=row.started_at,
        score=score.shown if score else None,
        temperature=score.parts.temperature.value if score else "",
    )


# --- figures ----------------------------------------------------------------------------------------------------------

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


class _HotPlace(NamedTuple):
    """Where somebody of a hot company is, and on which page: of its visitors, who was seen last."""

    company_id: int
    longitude: float
    latitude: float
    path: str


@dataclass(slots=True)
class _Figures:
    visitors: int = 0
    in_companies: int = 0
    in_hot: int = 0
    without_place: int = 0
    visits: int = 0
    company_visits: int = 0
    pages: list[tuple[str, int]] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)
    hot: list[_HotPlace] = field(default_factory=list)


def _figures(
    present: QuerySet[Session], ignored_companies: "QuerySet[CompanyClient, int]", site_id: int, at: datetime
) -> _Figures:
    """Count who is there, on which pages and where. One query."""
    sql, params = present.values(*_COUNTED_COLUMNS).query.sql_with_params()
    ignored, of_site = ignored_companies.query.sql_with_params()
    hot = hot_select(site_ids=[site_id], at=at)
    figures = _Figures()
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
                figures.hot.append(_HotPlace(of_companies, longitude, latitude, name))
            elif kind == "page":
                figures.pages.append((name, count))
            else:
                figures.places.append(Place(longitude, latitude, count, name))
    return figures


def _pages(figures: _Figures) -> list[PageNow]:
    # The parts of a UNION come in no promised order.
    busiest = sorted(figures.pages, key=lambda page: (-page[1], page[0]))
    return [
        PageNow(path, formats.number(count), formats.share(count / figures.visitors), 100 * count / busiest[0][1])
        for path, count in busiest
    ]


def _minutes(site_id: int, at: datetime, before: Presence | None) -> list[int]:
    """Return how many visitors had an event in each of the last 30 minutes, oldest first. One query.

    Minutes that were counted before stay as they were, but for the last one, and the one before it while events of it
    may still be on their way.
    """
    first = _minute(at) - timedelta(minutes=MINUTES - 1)
    counted: dict[datetime, int] = {}
    since = first
    if before is not None and before.minute >= first:
        counted = {before.minute - timedelta(minutes=age): n for age, n in enumerate(reversed(before.minutes))}
        since = max(first, _minute(min(at, before.minute + timedelta(minutes=1)) - ON_THEIR_WAY))
    events = Event.objects.filter(site_id=site_id, occurred_at__gte=since, occurred_at__lte=at, set_aside="")
    recent = (
        events.exclude(origin=Origin.IMPORT)
        .annotate(minute=TruncMinute("occurred_at", tzinfo=UTC))
        .values_list("minute")
        .annotate(n=Count("visitor_id", distinct=True))
    )
    counted = {minute: n for minute, n in counted.items() if minute < since} | dict(recent)
    return [counted.get(first + timedelta(minutes=minute), 0) for minute in range(MINUTES)]


def _minute(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)


# --- the feed ---------------------------------------------------------------------------------------------------------


class _Happened(NamedTuple):
    event_id: UUID
    occurred_at: datetime
    kind: str
    name: str
    path: str
    session_id: UUID


# What the tracker's own events are called in a sentence, and their icons. Names: the ingest contract.
_DEEDS = {
    "purchase": ("bought something on", "badge-check"),
    "outbound": ("followed a link out from", "external-link"),
    "download": ("downloaded a file from", "download"),
    "form_start": ("began a form on", "file-text"),
    "form_submit": ("sent a form on", "send"),
    "rage_click": ("pressed in vain, again and again, on", "mouse-pointer-click"),
    "dead_click": ("pressed what doesn't answer on", "mouse-pointer-click"),
}


def _last_events(site_id: int, at: datetime) -> list[_Happened]:
    """Return people's last page views and events, newest first, by the primary key's index."""
    events = Event.objects.filter(
        site_id=site_id,
        kind__in=[Kind.PAGEVIEW, Kind.EVENT],
        set_aside="",
        occurred_at__gte=at - PRESENT_FOR * 2,
        occurred_at__lte=at + PRESENT_FOR,
    )
    found = (
        events.exclude(origin=Origin.IMPORT)
        .order_by("-occurred_at", "-event_id")
        .values_list(*_Happened._fields)[:FEED_ROWS]
    )
    return [_Happened(*row) for row in found]


def _feed(events: Sequence[_Happened], rows: Mapping[UUID, _Row], names: Mapping[int, str]) -> list[FeedLine]:
    """Return the events of visits that are present, as the feed says them."""
    return [_line(event, rows[event.session_id], names) for event in events if event.session_id in rows]


def _line(event: _Happened, row: _Row, names: Mapping[int, str]) -> FeedLine:
    name = names.get(row.company_id or 0, "")
    did, icon = _deed(event, row)
    return FeedLine(
        id=event.event_id,
        at=event.occurred_at,
        icon="building-2" if name and icon == "footprints" else icon,
        who=name or (f"Someone in {city_words(row.city)}" if row.city else "Someone"),
        is_named=bool(name),
        did=did,
        path=event.path or "/",
    )


def _deed(event: _Happened, row: _Row) -> tuple[str, str]:
    """Return what was done as it stands before the page's path, and its icon."""
    if event.kind == Kind.PAGEVIEW:
        if event.occurred_at != row.started_at:
            return "opened", "footprints"
        if not row.source or row.source == "Direct":
            return "came directly to", "footprints"
        paid = ", paid," if row.channel.startswith("Paid") else ""
        return f"came from {row.source}{paid} to", "footprints"
    if event.name in _DEEDS:
        return _DEEDS[event.name]
    return f"did “{event_words(event.name)}” on", "mouse-pointer-click"
