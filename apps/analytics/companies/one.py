"""What is known of one company, by its visits of sites that the caller may see."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import BooleanField, Count, Exists, Func, Max, Min, OuterRef, QuerySet, Sum
from django.db.models.functions import Coalesce

from apps.companies.models import CompanyMatch
from apps.tracking.models import Event, Kind, Session

TIMELINE_VISITS = 30
# Pages named in the first sentence.
PAGES_NAMED = 2


@dataclass(frozen=True, slots=True)
class Ground:
    """A reason for a match, over all visits that it holds for."""

    ground: str
    visits: int
    confidence_ratio: float
    visit_ratio: float  # of the surest visit with it, by all its grounds
    evidence: dict[str, Any]


@dataclass(frozen=True, slots=True)
class PageRead:
    """A page view of a visit."""

    path: str
    engaged_ms: int
    scroll_percent: int


@dataclass(frozen=True, slots=True)
class TimelineVisit:
    session: Session
    pages: Sequence[PageRead]
    events: Sequence[str]


def company_visits(*, company_id: int, site_ids: Sequence[int]) -> QuerySet[Session]:
    """Return a company's visits on these sites, newest first."""
    rows = Session.objects.filter(company_id=company_id, site_id__in=list(site_ids), set_aside="")
    return rows.order_by("-started_at", "id")


def company_totals(visits: QuerySet[Session]) -> dict[str, Any]:
    """Return `visits`, `visitors`, `first_at`, `last_at` of a company's visits."""
    return visits.order_by().aggregate(
        visits=Count("id"),
        visitors=Count("visitor_id", distinct=True),
        first_at=Min("started_at"),
        last_at=Max("ended_at"),
    )


def company_grounds(*, company_id: int, site_ids: Sequence[int]) -> list[Ground]:
    """Return why visits of these sites are said to be the company's, the surest ground first. Two queries.

    Matches of visits that are gone (deleted, too old, joined to another) may linger for an hour, and don't count.
    """
    visit = Session.objects.filter(id=OuterRef("session_id"), company_id=company_id, set_aside="")
    matches = CompanyMatch.objects.filter(Exists(visit), company_id=company_id, site_id__in=list(site_ids))
    ratio = Max(Coalesce("visit_ratio", "confidence_ratio"))
    counted = matches.values_list("ground").annotate(n=Count("id"), sure=Max("confidence_ratio"), visit=ratio)
    summed = counted.order_by("-sure", "ground")
    evidence = {match.ground: match.evidence for match in matches.order_by("ground", "-id").distinct("ground")}
    return [Ground(ground, count, sure, visit, evidence.get(ground, {})) for ground, count, sure, visit in summed]


def company_timeline(visits: QuerySet[Session]) -> list[TimelineVisit]:
    """Return `visits`, in their order, with what was read and done in each. Two queries."""
    sessions = list(visits)
    if not sessions:
        return []
    pages: dict[object, list[PageRead]] = defaultdict(list)
    done: dict[object, list[str]] = defaultdict(list)
    events = Event.objects.filter(
        session_id__in=[session.id for session in sessions],
        occurred_at__gte=min(session.started_at for session in sessions),
        occurred_at__lte=max(session.ended_at for session in sessions),
    ).order_by("occurred_at", "event_id")
    for event in events.only("session_id", "kind", "name", "path", "engaged_ms", "scroll_percent", "occurred_at"):
        if event.kind == Kind.PAGEVIEW:
            pages[event.session_id].append(PageRead(event.path, event.engaged_ms, event.scroll_percent))
        elif event.kind == Kind.EVENT:
            done[event.session_id].append(event.name)
    return [TimelineVisit(session, pages[session.id], done[session.id]) for session in sessions]


def events_of(visits: QuerySet[Session]) -> QuerySet[Event]:
    """Return what was sent in a company's visits.

    Their ids are found first: joined, all events there are would be gone through for a company of many visits.
    """
    ids = ArraySubquery(visits.order_by().values("id"))
    is_theirs = Func("session_id", ids, arg_joiner=" = ANY(", template="%(expressions)s)", output_field=BooleanField())
    return Event.objects.filter(is_theirs)


def company_top_pages(visits: QuerySet[Session]) -> list[str]:
    """Return the paths that a company's people read longest, over these visits."""
    read = events_of(visits).filter(kind=Kind.PAGEVIEW)
    longest = read.values_list("path").annotate(total=Sum("engaged_ms")).order_by("-total", "path")
    return [path for path, total in longest[:PAGES_NAMED] if total]


def company_tops(visits: QuerySet[Session], column: str, *, limit: int) -> list[tuple[str, int]]:
    """Return the most frequent values of a column of a company's visits (source, country), and how many have it."""
    counted = visits.order_by().values_list(column).annotate(n=Count("id")).order_by("-n", column)
    return [(value, count) for value, count in counted[:limit]]
