"""The SQL of the list: which companies are listed, in which order, and how many each tab has.

One statement, with one narrow scan of the period's visits. What the SQL of a condition may name is said in
`conditions`.
"""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from apps.companies.knowledge.together import Merged
from apps.companies.search import company_search

from .best import best_joined
from .conditions import CONFIDENCE, Condition, came_back, conditions_of, is_new, last_before
from .wanted import Sort, Tab, Wanted, visits_sql

NEW_SINCE = timedelta(days=7)
BACK_AFTER = timedelta(days=30)

# What each sorts by: of all rows of a company that are listed which one, or their sum. And what the first step sums up
# for it.
_KEYS = {
    Sort.FIT: ("max", "closeness"),
    Sort.SCORE: ("max", "total"),
    Sort.TEMPERATURE: ("max", "array_position(ARRAY['cold', 'warm', 'hot'], temperature)"),
    Sort.CATEGORY: ("max", "array_position(ARRAY['looker', 'researching', 'high_intent'], category)"),
    Sort.LAST: ("max", "last_at"),
    Sort.VISITS: ("sum", "visits"),
    Sort.VISITORS: ("sum", "visitors"),
    Sort.PAGEVIEWS: ("sum", "pageviews"),
    Sort.ENGAGED: ("sum", "engaged_ms"),
    Sort.NAME: ("min", "lower(name)"),
    Sort.SOURCE: ("min", "nullif(lower(source), '')"),
    Sort.OWNER: ("min", "owner"),
    Sort.TAGS: ("min", "nullif(array_to_string(tags, ' '), '')"),
    Sort.INDUSTRY: ("min", "nullif(lower(industry), '')"),
    Sort.COUNTRY: ("min", "nullif(country, '')"),
    Sort.EMPLOYEES: ("max", "employees_from"),
    Sort.CONFIDENCE: ("max", "confidence"),
    Sort.FIRST: ("min", "first_seen_at"),
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

# A row of `seen`: a company on a site. A cookieless visitor id is one day's and one site's, so that distinct ids are
# the sum of daily visitors, as everywhere.
_LIST = """
WITH every AS ({every}), seen AS (
    SELECT *, (%s::bigint[])[array_position(%s::bigint[], site_id)] AS client_id FROM every WHERE company_id IS NOT NULL
), known AS MATERIALIZED ({known}), counts AS (
    SELECT {counts}
), page AS (
    SELECT company_id, {page}
    FROM known
    WHERE {tab}{grouped}
    ORDER BY key {direction} NULLS LAST, all_last_at DESC, company_id
    LIMIT %s OFFSET %s
)
SELECT counts.*, (SELECT coalesce(sum(visits), 0)::bigint FROM every),
       (SELECT coalesce(sum(visits), 0)::bigint FROM seen),
       page.company_id, page.site_ids, page.score, page.temperature, page.category
FROM counts LEFT JOIN page ON true
ORDER BY page.key {direction} NULLS LAST, page.all_last_at DESC, page.company_id
"""
_EVERY = """
    SELECT site_id, company_id, count(*) AS visits, min(started_at) AS first_at, max(ended_at) AS last_at{sums}
    FROM ({visits}) AS visits
    GROUP BY site_id, company_id
"""
# A row: one of `seen`, with what that site's client knows of the company. `target`: no company twice; those that were
# merged stand for what they were merged into as well.
_KNOWN = """
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
    {best}
    LEFT JOIN LATERAL {before} AS before ON true
    WHERE {where}
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


def list_sql(wanted: Wanted, limit: int | None, offset: int) -> tuple[str, list[Any]]:
    """Return the statement for a page of the list: a row for each company on it (one without, where there is none).

    Its columns: how many companies each tab has; how many visits there are, and how many have a company; the company,
    its sites, score, temperature, category. Raises EmptyResultSet where there can be no visit.
    """
    is_of_one = len(wanted.sites) == 1
    every, known = _every(wanted), _known(wanted)
    seen_by = {tab: _tab_sql(tab, shows_ignored=wanted.shows_ignored) for tab in Tab}
    sql = _LIST.format(
        every=every.sql,
        known=known.sql,
        counts=_counts(seen_by, is_of_one=is_of_one),
        page=_page(wanted.sort, is_of_one=is_of_one),
        tab=seen_by[wanted.tab],
        grouped="" if is_of_one else " GROUP BY company_id",
        direction="DESC" if wanted.is_descending else "ASC",
    )
    of_sites = [site.client_id for site in wanted.sites], [site.id for site in wanted.sites]
    return sql, [*every.params, *of_sites, *known.params, limit, offset]


def _every(wanted: Wanted) -> Condition:
    """Return the visits by site and company, those without a company as well."""
    sort, visits = wanted.sort, wanted.visits
    if wanted.company_ids is not None:
        visits = visits.filter(company_id__in=list(wanted.company_ids))
    columns = ["site_id", "company_id", "started_at", "ended_at", *({Sort.VISITORS: ["visitor_id"]}.get(sort, []))]
    columns += {Sort.PAGEVIEWS: ["pageviews"], Sort.ENGAGED: ["engaged_ms"], Sort.SOURCE: ["source"]}.get(sort, [])
    sql, params = visits_sql(visits, *columns)
    return Condition(_EVERY.format(sums=f", {_SUMS[sort]}" if sort in _SUMS else "", visits=sql), params)


def _known(wanted: Wanted) -> Condition:
    """Return what is known of those that meet the filters and the search."""
    week = wanted.at - NEW_SINCE
    before = last_before(since=week, away=BACK_AFTER, now=wanted.at)
    new = is_new(since=week)
    back = came_back(since=week, away=BACK_AFTER, now=wanted.at)
    conditions = [*conditions_of(wanted.filters, me=wanted.me, owners=wanted.owners, now=wanted.at), *wanted.conditions]
    values, led = _values(wanted), wanted.merged.domains
    knows = _knows(wanted.merged)
    best = best_joined(wanted)
    if wanted.search:
        search = company_search(wanted.search)
        conditions.append(Condition(search.condition, search.condition_params))
        values.append(Condition(f", {search.closeness} AS closeness", search.closeness_params))
    sql = _KNOWN.format(
        is_new=new.sql,
        came_back=back.sql,
        before=before.sql,
        knows=knows.sql,
        values="".join(value.sql for value in values),
        best=best.sql,
        where=" AND ".join(condition.sql for condition in conditions) or "true",
    )
    params = (
        *(week, *new.params),
        *(week, *back.params),
        *(param for value in values for param in value.params),
        *knows.params,
        *(list(led), list(led.values())),
        *best.params,
        *before.params,
        *(param for condition in conditions for param in condition.params),
    )
    return Condition(sql, params)


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


def _counts(seen_by: Mapping[Tab, str], *, is_of_one: bool) -> str:
    """Return how many companies each tab has. Of one site each row is a company: nothing has to be put together."""
    if is_of_one:
        return ", ".join(f"count(*) FILTER (WHERE {seen_by[tab]})" for tab in Tab) + " FROM known"
    names = {tab: f"in_{tab.value or 'all'}" for tab in Tab}
    flags = ", ".join(f"bool_or({seen_by[tab]}) AS {names[tab]}" for tab in Tab)
    counts = ", ".join(f"count(*) FILTER (WHERE {names[tab]})" for tab in Tab)
    return f"{counts} FROM (SELECT {flags} FROM known GROUP BY company_id) AS each"


def _page(sort: Sort, *, is_of_one: bool) -> str:
    columns = {
        "all_last_at": ("max", "last_at"),
        "score": ("max", "total"),
        "temperature": ("max", "temperature"),
        "category": ("max", "category"),
        "key": _KEYS[sort],
    }
    site_ids = "ARRAY[site_id]" if is_of_one else "array_agg(site_id ORDER BY last_at DESC)"
    values = (f"{value if is_of_one else f'{of}({value})'} AS {name}" for name, (of, value) in columns.items())
    return ", ".join((f"{site_ids} AS site_ids", *values))


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
