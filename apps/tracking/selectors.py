"""Reads of visits and events. People's figures: what is set aside (bots, spam) is in none but those that name it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Case, Count, Max, Min, Q, QuerySet, Sum, When
from django.db.models.functions import TruncHour

from .filters import Filters, events_filtered, sessions_filtered
from .models import Event, Kind, Origin, Session, SessionAlias
from .steps.bots import OWN_CHECK

# A visitor is on the site now if there was an event so recently: the tracker is silent while somebody reads.
PRESENT_FOR = timedelta(minutes=5)
# Bounds the index range in which present visits are looked for.
LONGEST_PRESENCE = timedelta(hours=12)
# The site's last event is in one of the visits that began last; a longer one is found among those present.
RECENT_VISITS = 50

# Where servers send as well, the tag's visits are looked for among so many: most of them may be the servers'.
RECENT_ANY = 5_000
# Doors that only pages use. What comes by them shows that a tag works; what servers send doesn't.
BY_PAGES = (Origin.TAG.value, Origin.PIXEL.value)

_LAST_VISITS = """
SELECT site.id, any_door.last_at, by_page.last_at, any_door.server_at, any_door.import_at
FROM unnest(%(sites)s::bigint[]) AS site (id)
CROSS JOIN LATERAL (
    SELECT max(ended_at) AS last_at,
           max(ended_at) FILTER (WHERE origin = %(server)s) AS server_at,
           max(ended_at) FILTER (WHERE origin = %(import)s) AS import_at
    FROM (
        SELECT ended_at, origin FROM session
        WHERE site_id = site.id AND bot_name <> %(own)s ORDER BY started_at DESC LIMIT %(recent)s
    ) AS last_ones
) AS any_door
CROSS JOIN LATERAL (
    SELECT max(ended_at) AS last_at
    FROM (
        SELECT ended_at
        FROM (
            SELECT started_at, ended_at, origin, bot_name FROM session
            WHERE site_id = site.id ORDER BY started_at DESC LIMIT %(recent_any)s
        ) AS bounded
        WHERE origin = ANY (%(by_pages)s) AND bot_name <> %(own)s
        ORDER BY started_at DESC LIMIT %(recent)s
    ) AS last_ones
) AS by_page
"""


@dataclass(frozen=True, slots=True)
class LastVisit:
    """When a site was last alive: by any door, by its tag or pixel, by a server, in an imported log.

    Bots are signs of it too; visits of our own check are none.
    """

    last_at: datetime | None
    tag_at: datetime | None
    server_at: datetime | None
    import_at: datetime | None


@dataclass(frozen=True, slots=True)
class Pulse:
    """When a site was last heard of, and how many people are there now."""

    last: LastVisit
    live: int


def session_all(*, site_id: int, since: datetime, until: datetime, filters: Filters | None = None) -> QuerySet[Session]:
    """Return people's sessions that started in [since, until) and meet the filters."""
    sessions = Session.objects.filter(site_id=site_id, set_aside="", started_at__gte=since, started_at__lt=until)
    return sessions_filtered(sessions, filters, since=since, until=until) if filters else sessions


def session_set_aside(*, site_id: int, since: datetime, until: datetime) -> QuerySet[Session]:
    """Return the sessions in nobody's figures that started in [since, until): bots, spam."""
    return Session.objects.filter(site_id=site_id, started_at__gte=since, started_at__lt=until).exclude(set_aside="")


def event_all(
    *, site_id: int, since: datetime, until: datetime, kind: Kind, filters: Filters | None = None
) -> QuerySet[Event]:
    """Return people's events of one kind that happened in [since, until), in visits that meet the filters."""
    events = Event.objects.filter(
        site_id=site_id, kind=kind, set_aside="", occurred_at__gte=since, occurred_at__lt=until
    )
    if not filters:
        return events
    return events_filtered(events, filters, kind=kind, site_id=site_id, since=since, until=until)


def session_extent(*, site_id: int, zone: ZoneInfo) -> tuple[date, date] | None:
    """Return the first and the last local day on which people's visits began; None if there are none."""
    ends = Session.objects.filter(site_id=site_id, set_aside="").aggregate(Min("started_at"), Max("started_at"))
    first, last = ends["started_at__min"], ends["started_at__max"]
    return (first.astimezone(zone).date(), last.astimezone(zone).date()) if first else None


def session_any(*, site_id: int) -> bool:
    """Return whether anything was ever stored of a site, set aside or not."""
    return Session.objects.filter(site_id=site_id).exists()


def session_get(*, site_id: int, session_id: UUID) -> Session | None:
    """Return a session of the site; an id that a later event joined to another session leads on to that."""
    session = Session.objects.filter(site_id=site_id, id=session_id).first()
    if session is not None:
        return session
    alias = SessionAlias.objects.filter(id=session_id).first()
    return Session.objects.filter(site_id=site_id, id=alias.session_id).first() if alias else None


def session_events(session: Session, *, limit: int) -> list[Event]:
    """Return what happened first in a session, in its order, at most `limit` of it."""
    bounds = Q(occurred_at__gte=session.started_at, occurred_at__lte=session.ended_at)
    events = Event.objects.filter(bounds, site_id=session.site_id, session_id=session.id)
    return list(events.order_by("occurred_at", "event_id")[:limit])


def site_pulses(site_ids: Iterable[int], *, now: datetime) -> dict[int, Pulse]:
    """Return when each site was last heard of, and its visitors now. Two queries by index, however many the sites."""
    ids = list(site_ids)
    live = site_live_counts(ids, now=now)
    last = _last_visits(ids)
    nobody = LastVisit(None, None, None, None)
    return {site_id: Pulse(last.get(site_id, nobody), live.get(site_id, 0)) for site_id in ids}


def site_live_counts(site_ids: Iterable[int], *, now: datetime) -> dict[int, int]:
    """Return how many visitors are on each site now: those with an event in the last five minutes."""
    present = session_present(site_ids, now=now)
    return dict(
        present.values_list("site_id").annotate(n=Count("visitor_id", distinct=True)).values_list("site_id", "n")
    )


def session_present(site_ids: Iterable[int], *, now: datetime) -> QuerySet[Session]:
    """Return people's sessions whose last event is at most five minutes old. An imported log is never live."""
    return Session.objects.filter(
        site_id__in=list(site_ids),
        set_aside="",
        started_at__gte=now - LONGEST_PRESENCE,
        started_at__lte=now + PRESENT_FOR,
        ended_at__gte=now - PRESENT_FOR,
    ).exclude(origin=Origin.IMPORT)


def _last_visits(site_ids: list[int]) -> dict[int, LastVisit]:
    """Return each site's last signs of life. Looks at the visits that began last: an index range, not all of them."""
    with connection.cursor() as cursor:
        cursor.execute(
            _LAST_VISITS,
            {
                "sites": site_ids,
                "server": Origin.SERVER.value,
                "import": Origin.IMPORT.value,
                "by_pages": list(BY_PAGES),
                "own": OWN_CHECK,
                "recent": RECENT_VISITS,
                "recent_any": RECENT_ANY,
            },
        )
        return {row[0]: LastVisit(*row[1:]) for row in cursor.fetchall()}


def sites_heard(site_ids: Iterable[int], *, after: datetime | None = None) -> dict[int, datetime]:
    """Return when each site's tag was last heard of, by whomever, bots too; with `after`, the first time after that.

    What servers send and visits of our own check say nothing of the tag on its pages. Sites that weren't heard of are
    left out. One query by index.
    """
    ids = list(site_ids)
    if after is None:
        return {site_id: last.tag_at for site_id, last in _last_visits(ids).items() if last.tag_at is not None}
    later = Session.objects.filter(site_id__in=ids, started_at__gt=after - LONGEST_PRESENCE, ended_at__gt=after)
    found = later.filter(origin__in=BY_PAGES).exclude(bot_name=OWN_CHECK).values_list("site_id")
    # Of a visit that went on its last event alone is at hand.
    first = Case(When(started_at__gt=after, then="started_at"), default="ended_at")
    return dict(found.annotate(at=Min(first)).order_by().values_list("site_id", "at"))


def session_hours(*, site_id: int, since: datetime, until: datetime) -> dict[datetime, tuple[int, int]]:
    """Return people's visits by tag or pixel that began in each hour of [since, until), and their page views.

    Hours (UTC, by their start) without any are left out. One query by index.
    """
    sessions = Session.objects.filter(site_id=site_id, set_aside="", started_at__gte=since, started_at__lt=until)
    hours = sessions.filter(origin__in=BY_PAGES).annotate(hour=TruncHour("started_at", tzinfo=UTC))
    counted = hours.values("hour").annotate(visits=Count("pk"), views=Sum("pageviews")).order_by()
    return {row["hour"]: (row["visits"], row["views"]) for row in counted}
