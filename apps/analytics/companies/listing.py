"""Who came in a period: the list of companies, with their figures.

Everything is about visits of sites that the caller may see: the site ids come in, and nothing else is looked at.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Count, QuerySet

from apps.tracking.models import Kind, Session

PAGE_ROWS = 50
EXPORT_ROWS = 10_000
PAGES_EACH = 2


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


def _visits_sql(visits: QuerySet[Session]) -> tuple[str, tuple[Any, ...]]:
    """Return the visits that have a company as SQL to select from. Raises EmptyResultSet where there can be none."""
    rows = visits.filter(company_id__isnull=False).order_by()
    columns = ("id", "site_id", "company_id", "visitor_id", "pageviews", "engaged_ms", "ended_at", "source", "country")
    sql, params = rows.values(*columns).query.sql_with_params()
    return sql, tuple(params)


def _like(text: str) -> str:
    """Return a text in which LIKE finds nothing but itself."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
