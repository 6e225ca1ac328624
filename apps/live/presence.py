"""Who is on a site now, read from the visits' rows.

A visitor counts as present for five minutes after the last event: the tracker is silent while somebody reads, and sends
engagement when the page is hidden. Nothing here is kept elsewhere, so nothing can be lost or disagree with the reports.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import Round, TruncMinute

from apps.companies.models import Company
from apps.core import clock, formats
from apps.core.maps import Place
from apps.networks.labels import network_label
from apps.tracking.models import Event, Kind, Session
from apps.tracking.selectors import LONGEST_PRESENCE, PRESENT_FOR

ROWS = 50
FEED_ROWS = 20
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
class Now:
    """The figures of a site at one moment."""

    at: datetime
    visitors: int
    in_companies: int
    without_place: int
    pages: Sequence[PageNow]
    places: Sequence[Place]
    minutes: Sequence[int]  # visitors active in each of the last 30 minutes, oldest first


@dataclass(frozen=True, slots=True)
class Visit:
    """A present visit as the list shows it."""

    id: UUID
    company_id: int | None
    company_name: str
    network_kind: str
    organisation: str
    city: str
    country: str
    path: str
    source: str
    channel: str
    pageviews: int
    started_at: datetime
    ended_at: datetime

    @property
    def who(self) -> str:
        """The company's name, else what sort of network the visitor sits in."""
        return self.company_name or network_label(self.network_kind, self.city)

    @property
    def place(self) -> str:
        return ", ".join(part for part in (self.city, self.country) if part)


@dataclass(frozen=True, slots=True)
class FeedLine:
    """One thing that happened."""

    id: UUID
    at: datetime
    kind: str
    name: str
    path: str
    visit: Visit
    is_arrival: bool


def present(site_id: int, *, at: datetime | None = None) -> QuerySet[Session]:
    """Return the people's sessions of a site whose last event is at most five minutes old."""
    now = at or clock.now()
    return Session.objects.filter(
        site_id=site_id,
        set_aside="",
        started_at__gte=now - LONGEST_PRESENCE,
        started_at__lte=now + PRESENT_FOR,
        ended_at__gte=now - PRESENT_FOR,
    )


def now_of(site_id: int) -> Now:
    """Return a site's present figures. Four queries, whatever the number of visitors."""
    at = clock.now()
    rows = present(site_id, at=at)
    totals = rows.aggregate(
        visitors=Count("visitor_id", distinct=True),
        in_companies=Count("visitor_id", distinct=True, filter=Q(company_id__isnull=False)),
        without_place=Count("visitor_id", distinct=True, filter=Q(latitude__isnull=True)),
    )
    visitors = totals["visitors"]
    pages = list(
        rows.exclude(exit_path="")
        .values_list("exit_path")
        .annotate(n=Count("visitor_id", distinct=True))
        .order_by("-n")[:PAGES]
    )
    places = (
        rows.exclude(latitude=None)
        .exclude(longitude=None)
        .values_list(Round("latitude", 1), Round("longitude", 1), "city")
        .annotate(n=Count("visitor_id", distinct=True))
        .order_by("-n")[:PLACES]
    )
    return Now(
        at=at,
        visitors=visitors,
        in_companies=totals["in_companies"],
        without_place=totals["without_place"],
        pages=[
            PageNow(path, formats.number(count), formats.share(count / visitors), 100 * count / pages[0][1])
            for path, count in pages
        ],
        places=[Place(longitude, latitude, count, city) for latitude, longitude, city, count in places],
        minutes=_minutes(site_id, at),
    )


def visits_now(site_id: int, *, only_companies: bool = False) -> list[Visit]:
    """Return the newest present visits, at most `ROWS`."""
    rows = present(site_id)
    if only_companies:
        rows = rows.filter(company_id__isnull=False)
    return _visits(rows.order_by("-started_at", "id")[:ROWS])


def visits_by_id(site_id: int, session_ids: Iterable[UUID]) -> list[Visit]:
    """Return those of `session_ids` that are present, oldest first."""
    return _visits(present(site_id).filter(id__in=list(session_ids)).order_by("started_at", "id"))


def feed(site_id: int, *, session_ids: Iterable[UUID] | None = None) -> list[FeedLine]:
    """Return what happened last, newest first: page views and events of present visits, at most `FEED_ROWS`."""
    rows = present(site_id)
    if session_ids is not None:
        rows = rows.filter(id__in=list(session_ids))
    visits = {visit.id: visit for visit in _visits(rows.order_by("-ended_at")[: ROWS * 2])}
    at = clock.now()
    events = Event.objects.filter(
        site_id=site_id,
        session_id__in=list(visits),
        kind__in=[Kind.PAGEVIEW, Kind.EVENT],
        set_aside="",
        occurred_at__gte=at - PRESENT_FOR * 2,
        occurred_at__lte=at + PRESENT_FOR,
    )
    lines = events.order_by("-occurred_at", "event_id").values_list(
        "event_id", "occurred_at", "kind", "name", "path", "session_id"
    )[:FEED_ROWS]
    return [
        FeedLine(
            id=event_id,
            at=occurred_at,
            kind=kind,
            name=name,
            path=path,
            visit=visits[session_id],
            is_arrival=kind == Kind.PAGEVIEW and occurred_at == visits[session_id].started_at,
        )
        for event_id, occurred_at, kind, name, path, session_id in lines
    ]


def _visits(rows: QuerySet[Session]) -> list[Visit]:
    sessions = list(rows)
    wanted = {session.company_id for session in sessions if session.company_id}
    names = dict(Company.objects.filter(id__in=wanted).values_list("id", "name")) if wanted else {}
    return [
        Visit(
            id=session.id,
            company_id=session.company_id,
            company_name=names.get(session.company_id or 0, ""),
            network_kind=session.network_kind,
            organisation=session.organisation,
            city=session.city,
            country=session.country,
            path=session.exit_path,
            source=session.source,
            channel=session.channel,
            pageviews=session.pageviews,
            started_at=session.started_at,
            ended_at=session.ended_at,
        )
        for session in sessions
    ]


def _minutes(site_id: int, at: datetime) -> list[int]:
    """Return how many visitors had an event in each of the last 30 minutes, oldest first."""
    start = at.replace(second=0, microsecond=0) - timedelta(minutes=MINUTES - 1)
    counted = dict(
        Event.objects.filter(site_id=site_id, occurred_at__gte=start, occurred_at__lte=at, set_aside="")
        .annotate(minute=TruncMinute("occurred_at", tzinfo=UTC))
        .values_list("minute")
        .annotate(n=Count("visitor_id", distinct=True))
    )
    return [counted.get(start + timedelta(minutes=minute), 0) for minute in range(MINUTES)]
