"""Making a day's columns from its raw rows. The same rows make the same bytes, by which they are checked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from django.db import connection

from apps.core.periods import DAY, day_start

from ..filters import LONGEST_VISIT
from ..models import Kind, VisitColumns
from ..sums import BOUNCE_BELOW_MS
from .encoding import Ints, coded_pack, dictionary_of, numbers_pack, texts_pack
from .layout import APART, BOUNCED, LATER, PATHS, PLACE, PLAIN, SIBLINGS

# Visits of one kind beside each other: their columns shrink to little.
_ORDER = "channel, source, country, entry_path, id"
_VISITS = f"""
SELECT {", ".join(PLAIN)}, coalesce(company_id::text, '') AS company_id, {", ".join(PLACE)}, {", ".join(PATHS)},
    visitor_id, pageviews, engaged_ms, (extract(epoch FROM ended_at - started_at) * 1000000)::bigint,
    {SIBLINGS} * has_siblings::int
        + {BOUNCED} * (pageviews = 1 AND interactive_events = 0 AND engaged_ms < {BOUNCE_BELOW_MS})::int
        + {APART} * ((ended_at AT TIME ZONE %(zone)s)::date <> local_day)::int
FROM session
WHERE site_id = %(site)s AND set_aside = '' AND started_at >= %(since)s AND started_at < %(until)s
ORDER BY {_ORDER}
"""
# What happened on the visits' own day is read as a whole; of the few that go on after it, the rest is looked up. The
# planner doesn't know that they are few (OFFSET 0).
_HAPPENED = f"""
WITH visit AS MATERIALIZED (
    SELECT id, started_at, row_number() OVER (ORDER BY {_ORDER}) - 1 AS number,
        (ended_at AT TIME ZONE %(zone)s)::date <> local_day AS is_apart
    FROM session
    WHERE site_id = %(site)s AND set_aside = '' AND started_at >= %(since)s AND started_at < %(until)s
), happened AS (
    SELECT number, kind, path, name, 0 AS later, engaged_ms
    FROM event JOIN visit ON visit.id = event.session_id
    WHERE site_id = %(site)s AND set_aside = '' AND kind IN ('{Kind.PAGEVIEW}', '{Kind.EVENT}')
      AND occurred_at >= %(since)s AND occurred_at < %(until)s AND occurred_at < started_at + %(longest)s
    UNION ALL
    SELECT number, kind, path, name, later, engaged_ms FROM visit CROSS JOIN LATERAL (
        SELECT kind, path, name, (occurred_at AT TIME ZONE %(zone)s)::date - %(day)s AS later, engaged_ms
        FROM event
        WHERE session_id = visit.id AND site_id = %(site)s AND set_aside = ''
          AND kind IN ('{Kind.PAGEVIEW}', '{Kind.EVENT}')
          AND occurred_at >= %(until)s AND occurred_at < %(until)s + %(longest)s
          AND occurred_at < visit.started_at + %(longest)s
        OFFSET 0
    ) AS rest
    WHERE is_apart
)
SELECT number, kind = '{Kind.EVENT}', path, CASE WHEN kind = '{Kind.EVENT}' THEN name ELSE '' END, later, count(*),
    sum(engaged_ms)::bigint
FROM happened GROUP BY 1, 2, 3, 4, 5
"""


@dataclass(frozen=True, slots=True)
class _Happened:
    """What happened in a day's visits, by visit, kind, path, name and how many days later. Arrays of one length."""

    visit: Ints
    is_event: Ints
    path: Ints
    name: Ints
    later: Ints
    count: Ints
    engaged: Ints


def day_store(*, site_id: int, day: date, zone: ZoneInfo) -> None:
    """Keep a day's columns, in the caller's transaction: no row where there was no visit. Four queries."""
    columns = day_columns(site_id=site_id, day=day, zone=zone)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM visit_columns WHERE site_id = %s AND day = %s", [site_id, day])
    if columns is not None:
        VisitColumns.objects.create(site_id=site_id, day=day, **columns)


def day_columns(*, site_id: int, day: date, zone: ZoneInfo) -> dict[str, Any] | None:
    """Return a day's columns by name, made anew from its raw rows; None where no visit began. Two queries."""
    values = {
        "site": site_id,
        "day": day,
        "zone": zone.key,
        "since": day_start(day, zone),
        "until": day_start(day + DAY, zone),
        "longest": LONGEST_VISIT,
    }
    visits = _columns(_VISITS, values)
    if not visits:
        return None
    count = len(visits[0])
    names = [*PLAIN, "company_id", *PLACE, *PATHS, "visitor_id", "pageviews", "engaged_ms", "duration", "flags"]
    by_name = dict(zip(names, visits, strict=True))
    return {"visits": count, **_of_visits(by_name), **_of_rows(by_name, _columns(_HAPPENED, values), count)}


def _columns(sql: str, values: Mapping[str, Any]) -> Sequence[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return list(zip(*cursor.fetchall(), strict=True))


def _of_visits(visits: Mapping[str, Sequence[Any]]) -> dict[str, bytes]:
    packed = {name: _coded(visits[name]) for name in (*PLAIN, "company_id")}
    # The three of them are one text with the dictionary's separator within: three entries for each place.
    packed["place"] = _coded(["\0".join(place) for place in zip(*(visits[name] for name in PLACE), strict=True)])
    for name in ("visitor_id", "pageviews", "engaged_ms", "duration", "flags"):
        packed[name] = numbers_pack(np.array(visits[name], dtype=np.int64))
    return packed


def _coded(texts: Sequence[str]) -> bytes:
    dictionary, numbers = dictionary_of(texts)
    return coded_pack(dictionary, _numbered(texts, numbers))


def _numbered(texts: Sequence[str], numbers: Mapping[str, int]) -> Ints:
    return np.fromiter(map(numbers.__getitem__, texts), dtype=np.int64, count=len(texts))


def _of_rows(visits: Mapping[str, Sequence[Any]], rows: Sequence[tuple[Any, ...]], count: int) -> dict[str, bytes]:
    """Return the columns of paths and names, which visits and what happened in them share, and of the latter."""
    of_visits, is_event, texts, names, later, counts, engaged = rows or [()] * 7
    paths, path_numbers = dictionary_of(chain(texts, *(visits[name] for name in PATHS)))
    all_names, name_numbers = dictionary_of(names)
    found = _Happened(
        np.array(of_visits, dtype=np.int64),
        np.array(is_event, dtype=np.int64),
        _numbered(texts, path_numbers),
        _numbered(names, name_numbers),
        np.array(later, dtype=np.int64),
        np.array(counts, dtype=np.int64),
        np.array(engaged, dtype=np.int64),
    )
    # A visit that came between the two queries has left a mark: the day is built again, whatever is kept now.
    found = _chosen(found, found.visit < count)
    order = np.lexsort((found.later, found.path, found.name, found.visit, found.is_event))
    found = _chosen(found, order)
    views = _chosen(found, (found.is_event == 0) & (found.later == 0))
    events = _chosen(found, (found.is_event == 1) & (found.later == 0))
    codes = {name: numbers_pack(_numbered(visits[name], path_numbers), are_codes=True) for name in PATHS}
    return {
        "paths": texts_pack(paths),
        "names": texts_pack(all_names),
        **codes,
        "views_of_visit": numbers_pack(np.bincount(views.visit, minlength=count), are_codes=True),
        "view_path": numbers_pack(views.path, are_codes=True),
        "view_count": numbers_pack(views.count),
        "view_engaged": numbers_pack(views.engaged),
        "events_of_visit": numbers_pack(np.bincount(events.visit, minlength=count), are_codes=True),
        "event_name": numbers_pack(events.name, are_codes=True),
        "event_path": numbers_pack(events.path, are_codes=True),
        "event_count": numbers_pack(events.count),
        "event_engaged": numbers_pack(events.engaged),
        "later": _later(found, np.array(visits["flags"], dtype=np.int64) & APART > 0, views),
    }


def _chosen(rows: _Happened, which: Any) -> _Happened:
    columns = (rows.visit, rows.is_event, rows.path, rows.name, rows.later, rows.count, rows.engaged)
    return _Happened(*(column[which] for column in columns))


def _later(found: _Happened, is_apart: Any, views: _Happened) -> bytes:
    """Return what happened after the visits' own day; and with 0 days, how many views on it those visits had."""
    rest = _chosen(found, found.later > 0)
    own = np.bincount(views.visit, weights=views.count, minlength=len(is_apart)).astype(np.int64)
    own[~is_apart] = 0
    (visits,) = np.nonzero(own)
    rows = np.zeros(len(visits) + len(rest.visit), dtype=LATER)
    rows["visit"] = np.concatenate([visits, rest.visit])
    rows["count"] = np.concatenate([own[visits], rest.count])
    for name in ("later", "is_event", "path", "name", "engaged"):
        rows[name][len(visits) :] = getattr(rest, name)
    return rows.tobytes()
