"""Who is on a site now, read from the visits' rows.

A visitor counts as present for five minutes after the last event: the tracker is silent while somebody reads, and sends
engagement when the page is hidden. Nothing here is kept elsewhere, so nothing can be lost or disagree with the reports.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import NamedTuple
from uuid import UUID

from django.db.models import Count
from django.db.models.functions import TruncMinute

from apps.companies.selectors import company_names
from apps.core import clock, formats
from apps.core.maps import Place
from apps.networks.labels import network_label
from apps.tracking.models import Event, Kind, Origin
from apps.tracking.selectors import PRESENT_FOR, session_present
from apps.tracking.wording import city_words, event_words

ROWS = 50
FEED_ROWS = 14
PAGES = 6
PLACES = 200
MINUTES = 30


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
class Presence:
    """A site at one moment. `visits` and `company_visits` are the newest ones, at most ROWS of each."""

    visitors: int
    in_companies: int
    without_place: int
    listed: int  # visits that there are, of which the newest are in `visits`
    listed_companies: int
    pages: Sequence[PageNow]
    places: Sequence[Place]
    minutes: Sequence[int]  # visitors active in each of the last 30 minutes, oldest first
    visits: Sequence[Visit]
    company_visits: Sequence[Visit]
    feed: Sequence[FeedLine]

    @property
    def last_at(self) -> datetime | None:
        return self.feed[0].at if self.feed else None


class _Row(NamedTuple):
    """The columns of a present visit that are looked at; one tuple for each of thousands."""

    id: UUID
    visitor_id: int
    company_id: int | None
    network_kind: str
    city: str
    country: str
    latitude: float | None
    longitude: float | None
    exit_path: str
    source: str
    channel: str
    started_at: datetime
    ended_at: datetime


def presence_now(site_id: int) -> Presence:
    """Return who is on the site and what happened last. Four queries, whatever the number of visitors.

    All present visits are read once and counted here: the database would go through them once for each figure.
    """
    at = clock.now()
    found = session_present([site_id], now=at).order_by("ended_at", "id").values_list(*_Row._fields)
    rows = [_Row(*row) for row in found.iterator(chunk_size=5_000)]
    by_visitor = {row.visitor_id: row for row in rows}
    newest = sorted(rows, key=attrgetter("started_at", "id"), reverse=True)
    of_companies = [row for row in newest if row.company_id]
    events = _last_events(site_id, at)
    names = _names([*newest[:ROWS], *of_companies[:ROWS]], rows, events)
    shown = {row.id: _visit(row, names) for row in [*newest[:ROWS], *of_companies[:ROWS]]}
    return Presence(
        visitors=len(by_visitor),
        in_companies=sum(row.company_id is not None for row in by_visitor.values()),
        without_place=sum(row.latitude is None for row in by_visitor.values()),
        listed=len(newest),
        listed_companies=len(of_companies),
        pages=_pages(by_visitor.values()),
        places=_places(by_visitor.values()),
        minutes=_minutes(site_id, at),
        visits=[shown[row.id] for row in newest[:ROWS]],
        company_visits=[shown[row.id] for row in of_companies[:ROWS]],
        feed=_feed(events, {row.id: row for row in rows}, names),
    )


def _names(shown: Iterable[_Row], rows: Sequence[_Row], events: Sequence["_Happened"]) -> Mapping[int, str]:
    """Return the names of the companies that the list and the feed show."""
    told = {event.session_id for event in events}
    wanted = {row.company_id for row in shown if row.company_id}
    wanted |= {row.company_id for row in rows if row.company_id and row.id in told}
    return company_names(wanted)


def _visit(row: _Row, names: Mapping[int, str]) -> Visit:
    name = names.get(row.company_id or 0, "")
    return Visit(
        id=row.id,
        # A company that was erased a moment ago has no page to lead to.
        company_id=row.company_id if name else None,
        company_name=name,
        network_kind=row.network_kind,
        city=city_words(row.city),
        country=row.country,
        path=row.exit_path,
        source=row.source,
        is_paid=row.channel.startswith("Paid"),
        started_at=row.started_at,
    )


def _pages(rows: Iterable[_Row]) -> list[PageNow]:
    counted = Counter(row.exit_path for row in rows)
    total = counted.total()
    counted.pop("", None)
    busiest = sorted(counted.items(), key=lambda item: (-item[1], item[0]))[:PAGES]
    return [
        PageNow(path, formats.number(count), formats.share(count / total), 100 * count / busiest[0][1])
        for path, count in busiest
    ]


def _places(rows: Iterable[_Row]) -> list[Place]:
    """Return where the visitors are, near ones together, the most frequented places first."""
    counted: Counter[tuple[float, float]] = Counter()
    cities: dict[tuple[float, float], str] = {}
    for row in rows:
        if row.latitude is not None and row.longitude is not None:
            point = (round(row.longitude, 1), round(row.latitude, 1))
            counted[point] += 1
            cities.setdefault(point, row.city)
    return [Place(*point, count, cities[point]) for point, count in counted.most_common(PLACES)]


def _minutes(site_id: int, at: datetime) -> list[int]:
    """Return how many visitors had an event in each of the last 30 minutes, oldest first."""
    start = at.replace(second=0, microsecond=0) - timedelta(minutes=MINUTES - 1)
    counted = dict(
        Event.objects.filter(site_id=site_id, occurred_at__gte=start, occurred_at__lte=at, set_aside="")
        .exclude(origin=Origin.IMPORT)
        .annotate(minute=TruncMinute("occurred_at", tzinfo=UTC))
        .values_list("minute")
        .annotate(n=Count("visitor_id", distinct=True))
    )
    return [counted.get(start + timedelta(minutes=minute), 0) for minute in range(MINUTES)]


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
