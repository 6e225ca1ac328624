"""Reading companies: who came in a period, and what is known of one.

Everything is about visits of sites that the caller may see: the site ids come in, and nothing else is looked at.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Count, Exists, Max, Min, OuterRef, QuerySet, Sum

from apps.tracking.models import Event, Kind, Session

from .models import Company, CompanyClient, CompanyMatch
from .newcomers import newcomers
from .seen import known_seen

PAGE_ROWS = 50
EXPORT_ROWS = 10_000
PAGES_EACH = 2
TIMELINE_VISITS = 30


class Sort(StrEnum):
    """By what the list is sorted; the value stands in the address, with a minus for the largest first."""

    LAST = "last"
    VISITS = "visits"
    VISITORS = "visitors"
    PAGEVIEWS = "pageviews"
    ENGAGED = "engaged"
    NAME = "name"


_COLUMN = {
    Sort.LAST: "last_at",
    Sort.VISITS: "visits",
    Sort.VISITORS: "visitors",
    Sort.PAGEVIEWS: "pageviews",
    Sort.ENGAGED: "engaged_ms",
    Sort.NAME: "lower(company.name)",
}

# One scan of the period's visits with a company. A cookieless visitor id is one day's, so that distinct ids are the
# sum of daily visitors, as everywhere.
_LIST = """
WITH visits AS ({visits})
SELECT company.id, company.name, company.domain, company.kind,
       coalesce(mode() WITHIN GROUP (ORDER BY nullif(visits.country, '')), '') AS country,
       count(*) AS visits,
       count(DISTINCT visits.visitor_id) AS visitors,
       sum(visits.pageviews) AS pageviews,
       sum(visits.engaged_ms) AS engaged_ms,
       max(visits.ended_at) AS last_at,
       mode() WITHIN GROUP (ORDER BY visits.source) AS source,
       (array_agg(visits.site_id ORDER BY visits.ended_at DESC))[1] AS site_id,
       count(*) OVER () AS total
FROM visits JOIN company ON company.id = visits.company_id
WHERE (%s = '' OR company.name ILIKE %s OR company.domain ILIKE %s)
GROUP BY company.id
ORDER BY {column} {direction}, last_at DESC, company.id
LIMIT %s OFFSET %s
"""

_PAGES = """
WITH visits AS ({visits})
SELECT visits.company_id, event.path, sum(event.engaged_ms) AS engaged_ms
FROM visits
JOIN event ON event.session_id = visits.id AND event.kind = %s AND event.occurred_at >= %s AND event.occurred_at < %s
WHERE visits.company_id = ANY(%s)
GROUP BY visits.company_id, event.path
ORDER BY visits.company_id, engaged_ms DESC, event.path
"""


@dataclass(slots=True)
class CompanyRow:
    """A company in a period. `pages` are those that were read longest, `site_id` where it was seen last.

    `country` and `source` are those of most visits.
    """

    id: int
    name: str
    domain: str
    kind: str
    country: str
    visits: int
    visitors: int
    pageviews: int
    engaged_ms: int
    last_at: datetime
    source: str
    site_id: int
    pages: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class CompanyList:
    rows: Sequence[CompanyRow]
    total: int


@dataclass(frozen=True, slots=True)
class Counted:
    visits: int
    matched: int
    companies: int


@dataclass(frozen=True, slots=True)
class Ground:
    """A reason for a match, over all visits that it holds for."""

    ground: str
    visits: int
    confidence_ratio: float
    evidence: dict[str, str]


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


def company_list(
    visits: QuerySet[Session],
    *,
    search: str = "",
    sort: Sort = Sort.LAST,
    is_descending: bool = True,
    limit: int = PAGE_ROWS,
    offset: int = 0,
) -> CompanyList:
    """Return the companies of `visits` (people's visits of one period), with their figures. One query."""
    try:
        sql, params = _visits_sql(visits)
    except EmptyResultSet:  # of no site, or of newcomers where there are none
        return CompanyList(rows=[], total=0)
    pattern = f"%{_like(search)}%"
    with connection.cursor() as cursor:
        direction = "DESC" if is_descending else "ASC"
        query = _LIST.format(visits=sql, column=_COLUMN[sort], direction=direction)
        cursor.execute(query, [*params, search, pattern, pattern, limit, offset])
        found = cursor.fetchall()
    rows = [CompanyRow(*row[:-1]) for row in found]
    return CompanyList(rows=rows, total=found[0][-1] if found else 0)


def company_pages_put(
    rows: Sequence[CompanyRow], visits: QuerySet[Session], *, since: datetime, until: datetime
) -> None:
    """Put onto each row the pages that its people read longest. One query."""
    by_id = {row.id: row for row in rows}
    if not by_id:
        return
    sql, params = _visits_sql(visits)
    with connection.cursor() as cursor:
        cursor.execute(_PAGES.format(visits=sql), [*params, Kind.PAGEVIEW.value, since, until, list(by_id)])
        for company_id, path, _ in cursor.fetchall():
            pages = by_id[company_id].pages
            if len(pages) < PAGES_EACH:
                pages.append(path)


def company_count(visits: QuerySet[Session]) -> int:
    """Return how many companies there are among `visits`. One query."""
    return visits_counted(visits).companies


def visits_counted(visits: QuerySet[Session]) -> Counted:
    """Return how many visits there are, how many have a company, and how many companies those are. One query."""
    counted = visits.order_by().aggregate(
        visits=Count("id"), matched=Count("company_id"), companies=Count("company_id", distinct=True)
    )
    return Counted(**counted)


def company_names(company_ids: set[int]) -> dict[int, str]:
    return dict(Company.objects.filter(id__in=company_ids).values_list("id", "name")) if company_ids else {}


def company_names_known(company_ids: set[int], *, client_ids: Iterable[int]) -> dict[int, str]:
    """Return the names of those companies that one of these clients knows: whoever writes numbers learns no others."""
    if not company_ids:
        return {}
    known = CompanyClient.objects.filter(company_id__in=company_ids, client_id__in=set(client_ids))
    return dict(known.values_list("company_id", "company__name"))


def new_company_ids(*, client_ids: Sequence[int], since: datetime) -> list[int]:
    """Return companies that any of these clients was first visited by at `since` or later. One query."""
    return sorted(set().union(*new_companies(client_ids=client_ids, since=since).values()))


def new_companies(*, client_ids: Sequence[int], since: datetime) -> dict[int, set[int]]:
    """Return by client the companies that it was first visited by at `since` or later. One query."""
    fresh = newcomers(client_ids=client_ids, since=since)
    return {client_id: {one.id for one in companies} for client_id, companies in fresh.items()}


def company_known_to(*, company_id: int, client_id: int) -> CompanyClient | None:
    """Return what a client knows of a company, with `first_at`; None where it has never been on the client's sites."""
    return known_seen().select_related("company").filter(company_id=company_id, client_id=client_id).first()


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
    summed = matches.values_list("ground").annotate(n=Count("id"), sure=Max("confidence_ratio")).order_by("-sure")
    evidence = {match.ground: match.evidence for match in matches.order_by("ground", "-id").distinct("ground")}
    return [Ground(ground, count, sure, evidence.get(ground, {})) for ground, count, sure in summed]


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


def company_top_pages(visits: QuerySet[Session]) -> list[str]:
    """Return the paths that a company's people read longest, over these visits."""
    read = Event.objects.filter(session_id__in=visits.order_by().values("id"), kind=Kind.PAGEVIEW)
    longest = read.values_list("path").annotate(total=Sum("engaged_ms")).order_by("-total", "path")
    return [path for path, total in longest[:PAGES_EACH] if total]


def company_tops(visits: QuerySet[Session], column: str, *, limit: int) -> list[tuple[str, int]]:
    """Return the most frequent values of a column of a company's visits (source, country), and how many have it."""
    counted = visits.order_by().values_list(column).annotate(n=Count("id")).order_by("-n", column)
    return [(value, count) for value, count in counted[:limit]]


def _visits_sql(visits: QuerySet[Session]) -> tuple[str, tuple[Any, ...]]:
    """Return the visits that have a company as SQL to select from. Raises EmptyResultSet where there can be none."""
    rows = visits.filter(company_id__isnull=False).order_by()
    columns = ("id", "site_id", "company_id", "visitor_id", "pageviews", "engaged_ms", "ended_at", "source", "country")
    sql, params = rows.values(*columns).query.sql_with_params()
    return sql, tuple(params)


def _like(text: str) -> str:
    """Return a text in which LIKE finds nothing but itself."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
