"""What the list says of the companies that are on a page of it, or in a slice of a file: their figures and their pages.

By the visits that they are listed for, and by no others.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.db.models import QuerySet

from apps.tracking.models import Kind, Session

from .listing import Listed
from .wanted import matched_sql

_FIGURES = """
SELECT company.id, company.name, company.domain, company.kind, company.industry, company.country,
       company.employees_from, company.employees_to,
       coalesce(mode() WITHIN GROUP (ORDER BY nullif(visits.country, '')), '') AS visits_country,
       count(*), count(DISTINCT visits.visitor_id), sum(visits.pageviews)::bigint, sum(visits.engaged_ms)::bigint,
       max(visits.ended_at), mode() WITHIN GROUP (ORDER BY visits.source),
       (array_agg(visits.site_id ORDER BY visits.ended_at DESC))[1]
FROM ({visits}) AS visits
JOIN unnest(%s::bigint[], %s::bigint[]) AS wanted(company_id, site_id)
  ON wanted.company_id = visits.company_id AND wanted.site_id = visits.site_id
JOIN company ON company.id = visits.company_id
GROUP BY company.id
"""
_PAGES = """
SELECT visits.company_id, visits.site_id, event.host, event.path, event.query, coalesce(event.fragment, ''),
       sum(event.engaged_ms)::bigint
FROM ({visits}) AS visits
JOIN event ON event.session_id = visits.id AND event.kind = %s AND event.occurred_at >= %s AND event.occurred_at < %s
GROUP BY 1, 2, 3, 4, 5, 6
"""


@dataclass(frozen=True, slots=True)
class PageSeen:
    """A page that a company's people saw, and for how long, all together."""

    site_id: int
    host: str
    path: str
    query: str
    fragment: str
    engaged_ms: int


@dataclass(slots=True)
class CompanyRow:
    """A company in a period. `site_id`: where it was seen last; `visits_country` and `source`: those of most visits."""

    id: int
    name: str
    domain: str
    kind: str
    industry: str
    country: str
    employees_from: int | None
    employees_to: int | None
    visits_country: str
    visits: int
    visitors: int
    pageviews: int
    engaged_ms: int
    last_at: datetime
    source: str
    site_id: int
    pages: Sequence[PageSeen] = ()


def company_rows(listed: Sequence[Listed], visits: QuerySet[Session]) -> list[CompanyRow]:
    """Return the figures of these companies by `visits`, in the same order. One query.

    One whose last visit has gone meanwhile is left out.
    """
    if not listed:
        return []
    pairs = [(one.id, site_id) for one in listed for site_id in one.site_ids]
    columns = ("id", "site_id", "company_id", "visitor_id", "pageviews", "engaged_ms", "ended_at", "source", "country")
    sql, params = matched_sql(visits.filter(company_id__in=[one.id for one in listed]), *columns)
    with connection.cursor() as cursor:
        cursor.execute(
            _FIGURES.format(visits=sql), [*params, [one for one, _ in pairs], [site_id for _, site_id in pairs]]
        )
        found = {row[0]: CompanyRow(*row) for row in cursor.fetchall()}
    return [found[one.id] for one in listed if one.id in found]


def company_pages_put(
    rows: Sequence[CompanyRow],
    listed: Sequence[Listed],
    visits: QuerySet[Session],
    *,
    since: datetime,
    until: datetime,
) -> None:
    """Put onto each row the pages that its people saw, the longest read first. One query.

    `since` and `until` bound when pages are looked for.
    """
    if not rows:
        return
    places = {one.id: set(one.site_ids) for one in listed}
    found: dict[int, list[PageSeen]] = {row.id: [] for row in rows}
    sql, params = matched_sql(visits.filter(company_id__in=list(found)), "id", "site_id", "company_id")
    with connection.cursor() as cursor:
        cursor.execute(_PAGES.format(visits=sql), [*params, Kind.PAGEVIEW.value, since, until])
        for company_id, *page in cursor.fetchall():
            seen = PageSeen(*page)
            if seen.site_id in places[company_id]:
                found[company_id].append(seen)
    for row in rows:
        row.pages = sorted(found[row.id], key=lambda page: (-page.engaged_ms, page.path))
