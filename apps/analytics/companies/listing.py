"""Who came in a period: the list of companies, in its order, and their figures.

Everything is about visits of sites that the caller may see: the sites come in, and nothing else is looked at. In two
steps: which companies are listed, in which order (one narrow scan of the period's visits); and the figures of those on
the page, which are few, or of a slice of a file.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet

from apps.companies.knowledge.together import Merged
from apps.companies.search import company_search
from apps.scoring.at_moment import best_scores_select
from apps.sites.models import Site
from apps.tracking.filters import Filters
from apps.tracking.models import Kind, Session

from .conditions import CONFIDENCE, Condition, came_back, conditions_of, is_new, last_before

PAGE_ROWS = 50
NEW_SINCE = timedelta(days=7)
BACK_AFTER = timedelta(days=30)


class Tab(StrEnum):
    """The list's own views; the value stands in the address."""

    ALL = ""
    HOT = "hot"
    NEW = "new"
    TARGETS = "targets"
    BACK = "back"
    IGNORED = "ignored"


TAB_LABELS = {
    Tab.ALL: "All",
    Tab.HOT: "Hot",
    Tab.NEW: "New this week",
    Tab.TARGETS: "Target accounts",
    Tab.BACK: "Back after 30 days",
    Tab.IGNORED: "Ignored",
}


class Sort(StrEnum):
    """By what the list is sorted; the value stands in the address, with a minus for the largest first."""

    FIT = "fit"  # how well it fits what is searched for
    SCORE = "score"
    TEMPERATURE = "temperature"
    CATEGORY = "category"
    LAST = "last"
    VISITS = "visits"
    VISITORS = "visitors"
    PAGEVIEWS = "pageviews"
    ENGAGED = "engaged"
    NAME = "name"
    SOURCE = "source"
    OWNER = "owner"
    TAGS = "tags"
    INDUSTRY = "industry"
    COUNTRY = "country"
    EMPLOYEES = "employees"
    CONFIDENCE = "confidence"
    FIRST = "first"


# What each sorts by, over all rows of a company that are listed, and what the first step sums up for it.
_KEYS = {
    Sort.FIT: "max(closeness)",
    Sort.SCORE: "max(total)",
    Sort.TEMPERATURE: "max(array_position(ARRAY['cold', 'warm', 'hot'], temperature))",
    Sort.CATEGORY: "max(array_position(ARRAY['looker', 'researching', 'high_intent'], category))",
    Sort.LAST: "max(last_at)",
    Sort.VISITS: "sum(visits)",
    Sort.VISITORS: "sum(visitors)",
    Sort.PAGEVIEWS: "sum(pageviews)",
    Sort.ENGAGED: "sum(engaged_ms)",
    Sort.NAME: "min(lower(name))",
    Sort.SOURCE: "min(nullif(lower(source), ''))",
    Sort.OWNER: "min(owner)",
    Sort.TAGS: "min(nullif(array_to_string(tags, ' '), ''))",
    Sort.INDUSTRY: "min(nullif(lower(industry), ''))",
    Sort.COUNTRY: "min(nullif(country, ''))",
    Sort.EMPLOYEES: "max(employees_from)",
    Sort.CONFIDENCE: "max(confidence)",
    Sort.FIRST: "min(first_seen_at)",
}
_SUMS = {
    Sort.VISITORS: "count(DISTINCT visitor_id) AS visitors",
    Sort.PAGEVIEWS: "sum(pageviews) AS pageviews",
    Sort.ENGAGED: "sum(engaged_ms) AS engaged_ms",
    Sort.SOURCE: "mode() WITHIN GROUP (ORDER BY source) AS source",
}
_VALUES = {
    Sort.NAME: "company.name",
    Sort.VISITORS: "seen.visitors",
    Sort.PAGEVIEWS: "seen.pageviews",
    Sort.ENGAGED: "seen.engaged_ms",
    Sort.SOURCE: "seen.source",
    Sort.TAGS: "knows.tags",
    Sort.INDUSTRY: "company.industry",
    Sort.COUNTRY: "company.country",
    Sort.EMPLOYEES: "company.employees_from",
    Sort.FIRST: "knows.first_seen_at",
}

# A row of `known`: a company on a site, with what that site's client knows of it. A cookieless visitor id is one day's
# and one site's, so that distinct ids are the sum of daily visitors, as everywhere. `target`: no company twice; those
# that were merged stand for what they were merged into as well.
_LIST = """
WITH every AS (
    SELECT site_id, company_id, count(*) AS visits, min(started_at) AS first_at, max(ended_at) AS last_at{sums}
    FROM ({visits}) AS visits
    GROUP BY site_id, company_id
), seen AS (
    SELECT *, (%s::bigint[])[array_position(%s::bigint[], site_id)] AS client_id FROM every WHERE company_id IS NOT NULL
), known AS MATERIALIZED (
    SELECT seen.site_id, seen.company_id, seen.visits, seen.last_at, best.total, best.temperature, best.category,
           coalesce(knows.is_ignored, false) AS is_ignored,
           target.id IS NOT NULL AS is_target,
           coalesce(knows.last_seen_at >= %s AND {is_new}, false) AS is_new,
           coalesce(knows.last_seen_at >= %s AND {came_back}, false) AS is_back{values}
    FROM seen
    JOIN company ON company.id = seen.company_id
    LEFT JOIN {knows} AS knows ON knows.company_id = seen.company_id AND knows.client_id = seen.client_id
    LEFT JOIN (
        SELECT id, client_id, domain FROM target_account
        UNION ALL
        SELECT max(own.id), own.client_id, led.into_domain
        FROM target_account AS own
        JOIN unnest(%s::text[], %s::text[]) AS led(domain, into_domain) ON led.domain = own.domain
        WHERE NOT EXISTS (SELECT 1 FROM target_account AS there
                          WHERE there.client_id = own.client_id AND there.domain = led.into_domain)
        GROUP BY own.client_id, led.into_domain
    ) AS target ON target.client_id = seen.client_id AND target.domain = company.domain
    LEFT JOIN ({best}) AS best ON best.company_id = seen.company_id
    LEFT JOIN LATERAL {before} AS before ON true
    WHERE {where}
), counts AS (
    SELECT {counts}
    FROM (SELECT {flags} FROM known GROUP BY company_id) AS each
), page AS (
    SELECT company_id, {site_ids} AS site_ids, max(last_at) AS all_last_at,
           max(total) AS score, max(temperature) AS temperature, max(category) AS category, {key} AS key
    FROM known
    WHERE {tab}
    GROUP BY company_id
    ORDER BY key {direction} NULLS LAST, all_last_at DESC, company_id
    LIMIT %s OFFSET %s
)
SELECT counts.*, (SELECT coalesce(sum(visits), 0)::bigint FROM every),
       (SELECT coalesce(sum(visits), 0)::bigint FROM seen),
       page.company_id, page.site_ids, page.score, page.temperature, page.category
FROM counts LEFT JOIN page ON true
ORDER BY page.key {direction} NULLS LAST, page.all_last_at DESC, page.company_id
"""
_KNOWS = """(
    SELECT own.company_id, own.client_id, own.first_seen_at, own.last_seen_at,
           CASE WHEN led.company_id IS NULL THEN own.tags ELSE led.tags END AS tags,
           CASE WHEN led.company_id IS NULL THEN own.owner_id ELSE led.owner_id END AS owner_id,
           CASE WHEN led.company_id IS NULL THEN own.is_ignored ELSE led.is_ignored END AS is_ignored
    FROM company_client AS own
    LEFT JOIN jsonb_to_recordset(%s::jsonb)
      AS led(company_id bigint, client_id bigint, tags text[], owner_id bigint, is_ignored boolean)
      ON led.company_id = own.company_id AND led.client_id = own.client_id
)"""
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
class Wanted:
    """What is to be listed: of whose visits, by what is known of companies, in which order.

    `visits`: people's visits of one period on `sites`, filtered. `me`: who looks. `people`: names of owners, to sort
    by. `owners`: (client, user) of those who may own a client's companies. `company_ids`: only these (None: whichever).
    `merged`: what merges lead to, of the sites' clients.
    """

    visits: QuerySet[Session]
    sites: Sequence[Site]
    at: datetime
    filters: Filters = field(default_factory=Filters)
    conditions: Sequence[Condition] = ()  # beside the filters
    search: str = ""
    tab: Tab = Tab.ALL
    sort: Sort = Sort.LAST
    is_descending: bool = True
    me: int = 0
    people: dict[int, str] = field(default_factory=dict)
    owners: Sequence[tuple[int, int]] = ()
    company_ids: Sequence[int] | None = None
    merged: Merged = field(default_factory=Merged)

    @property
    def shows_ignored(self) -> bool:
        """Whether somebody asked for ignored ones by a filter: the tabs leave them out otherwise."""
        return self.filters.of("ignored") is not None

    @property
    def client_ids(self) -> list[int]:
        return sorted({site.client_id for site in self.sites})


@dataclass(frozen=True, slots=True)
class Listed:
    """A company in the list: on which sites it counts, the last seen first; its score now (0-100; None: none yet)."""

    id: int
    site_ids: Sequence[int]
    score: float | None
    temperature: str
    category: str


@dataclass(frozen=True, slots=True)
class CompanyList:
    """A page of the list. `counts`: companies by tab, whatever the page; of how many `visits`, how many `matched`."""

    rows: Sequence[Listed]
    counts: dict[Tab, int]
    visits: int
    matched: int


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


def company_list(wanted: Wanted, *, limit: int | None = PAGE_ROWS, offset: int = 0) -> CompanyList:
    """Return the companies of some visits in their order, and how many each tab has. Two queries.

    `limit` None: all of them.
    """
    none = CompanyList(rows=[], counts=dict.fromkeys(Tab, 0), visits=0, matched=0)
    if wanted.company_ids is not None and not wanted.company_ids:
        return none
    try:
        query, params = _list_sql(wanted, limit, offset)
    except EmptyResultSet:  # of no site
        return none
    with connection.cursor() as cursor:
        cursor.execute(query, params)
        found = cursor.fetchall()
    counts = dict(zip(Tab, found[0], strict=False))
    rows = [
        Listed(company_id, site_ids, score, temperature or "", category or "")
        for company_id, site_ids, score, temperature, category in (row[len(Tab) + 2 :] for row in found)
        if company_id is not None
    ]
    return CompanyList(rows=rows, counts=counts, visits=found[0][len(Tab)], matched=found[0][len(Tab) + 1])


def company_rows(listed: Sequence[Listed], visits: QuerySet[Session]) -> list[CompanyRow]:
    """Return the figures of these companies by `visits`, in the same order. One query.

    One whose last visit has gone meanwhile is left out.
    """
    if not listed:
        return []
    pairs = [(one.id, site_id) for one in listed for site_id in one.site_ids]
    columns = ("id", "site_id", "company_id", "visitor_id", "pageviews", "engaged_ms", "ended_at", "source", "country")
    sql, params = visits_sql(visits.filter(company_id__in=[one.id for one in listed]), *columns)
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
    sql, params = visits_sql(visits.filter(company_id__in=list(found)), "id", "site_id", "company_id")
    with connection.cursor() as cursor:
        cursor.execute(_PAGES.format(visits=sql), [*params, Kind.PAGEVIEW.value, since, until])
        for company_id, *page in cursor.fetchall():
            seen = PageSeen(*page)
            if seen.site_id in places[company_id]:
                found[company_id].append(seen)
    for row in rows:
        row.pages = sorted(found[row.id], key=lambda page: (-page.engaged_ms, page.path))


def _list_sql(wanted: Wanted, limit: int | None, offset: int) -> tuple[str, list[Any]]:
    """Raises EmptyResultSet where there can be no visit."""
    sort = wanted.sort
    visits = wanted.visits
    if wanted.company_ids is not None:
        visits = visits.filter(company_id__in=list(wanted.company_ids))
    columns = ["site_id", "company_id", "started_at", "ended_at", *({Sort.VISITORS: ["visitor_id"]}.get(sort, []))]
    columns += {Sort.PAGEVIEWS: ["pageviews"], Sort.ENGAGED: ["engaged_ms"], Sort.SOURCE: ["source"]}.get(sort, [])
    narrow_sql, narrow_params = _sql_of(visits, *columns)
    week = wanted.at - NEW_SINCE
    before = last_before(since=week, away=BACK_AFTER, now=wanted.at)
    new = is_new(since=week)
    back = came_back(since=week, away=BACK_AFTER, now=wanted.at)
    best = best_scores_select(
        site_ids=[site.id for site in wanted.sites], at=wanted.at, among="SELECT company_id FROM seen"
    )
    conditions = [*conditions_of(wanted.filters, me=wanted.me, owners=wanted.owners, now=wanted.at), *wanted.conditions]
    values, led = _values(wanted), wanted.merged.domains
    knows = _knows(wanted.merged)
    if wanted.search:
        search = company_search(wanted.search)
        conditions.append(Condition(search.condition, search.condition_params))
        values.append(Condition(f", {search.closeness} AS closeness", search.closeness_params))
    seen_by = {tab: _tab_sql(tab, shows_ignored=wanted.shows_ignored) for tab in Tab}
    sql = _LIST.format(
        sums=f", {_SUMS[sort]}" if sort in _SUMS else "",
        visits=narrow_sql,
        is_new=new.sql,
        came_back=back.sql,
        before=before.sql,
        knows=knows.sql,
        values="".join(value.sql for value in values),
        best=best.sql,
        where=" AND ".join(condition.sql for condition in conditions) or "true",
        counts=", ".join(f"count(*) FILTER (WHERE in_{tab.value or 'all'})" for tab in Tab),
        flags=", ".join(f"bool_or({seen_by[tab]}) AS in_{tab.value or 'all'}" for tab in Tab),
        tab=seen_by[wanted.tab],
        site_ids="ARRAY[min(site_id)]" if len(wanted.sites) == 1 else "array_agg(site_id ORDER BY last_at DESC)",
        key=_KEYS[sort],
        direction="DESC" if wanted.is_descending else "ASC",
    )
    params: list[Any] = [
        *narrow_params,
        [site.client_id for site in wanted.sites],
        [site.id for site in wanted.sites],
        week,
        *new.params,
        week,
        *back.params,
        *(param for value in values for param in value.params),
        *knows.params,
        list(led),
        list(led.values()),
        *best.params,
        *before.params,
        *(param for condition in conditions for param in condition.params),
        limit,
        offset,
    ]
    return sql, params


def _knows(merged: Merged) -> Condition:
    """Return what clients know of companies, as a table: of those that others were merged into, all together."""
    if not merged.known:
        return Condition("company_client")
    rows = [
        {
            "company_id": company_id,
            "client_id": client_id,
            "tags": list(known.tags),
            "owner_id": known.owner_id,
            "is_ignored": known.is_ignored,
        }
        for (client_id, company_id), known in merged.known.items()
    ]
    return Condition(_KNOWS, (json.dumps(rows),))


def _values(wanted: Wanted) -> list[Condition]:
    """Return what the first step has to carry along to be sorted by."""
    sort = wanted.sort
    if sort is Sort.OWNER:
        people = sorted(wanted.people.items(), key=lambda pair: pair[1].casefold())
        names = [name.casefold() for _, name in people]
        owner = "(%s::text[])[array_position(%s::bigint[], knows.owner_id)] AS owner"
        return [Condition(f", {owner}", (names, [number for number, _ in people]))]
    if sort is Sort.CONFIDENCE:
        return [Condition(f", {CONFIDENCE} AS confidence")]
    if sort in _VALUES:
        name = _VALUES[sort].partition(".")[2]
        return [Condition(f", {_VALUES[sort]} AS {name}")]
    return []


def _tab_sql(tab: Tab, *, shows_ignored: bool) -> str:
    kept = "true" if shows_ignored else "NOT is_ignored"
    return {
        Tab.ALL: kept,
        Tab.HOT: f"({kept} AND coalesce(temperature = 'hot', false))",
        Tab.NEW: f"({kept} AND is_new)",
        Tab.TARGETS: f"({kept} AND is_target)",
        Tab.BACK: f"({kept} AND is_back)",
        Tab.IGNORED: "is_ignored",
    }[tab]


def visits_sql(visits: QuerySet[Session], *columns: str) -> tuple[str, tuple[Any, ...]]:
    """Return the visits that have a company as SQL to select from. Raises EmptyResultSet where there can be none."""
    return _sql_of(visits.filter(company_id__isnull=False), *columns)


def _sql_of(visits: QuerySet[Session], *columns: str) -> tuple[str, tuple[Any, ...]]:
    sql, params = visits.order_by().values(*columns).query.sql_with_params()
    return sql, tuple(params)
