"""Making a day's columns from its raw rows. The same rows make the same bytes, by which they are checked."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from django.db import connection

from apps.core.periods import DAY, day_start

from ..filters import LONGEST_VISIT
from ..models import Kind, VisitColumns
from ..sums import BOUNCE_BELOW_MS
from .encoding import Ints, Mask, coded_pack, numbers_pack, texts_pack
from .layout import APART, BOUNCED, LATER, PATHS, PLACE, PLAIN, SIBLINGS

_TEXTS = (*PLAIN, "company_id", *PLACE)
_NUMBERS = ("visitor_id", "pageviews", "engaged_ms", "duration", "flags")
_CHUNK = 20_000
# Visits of one kind beside each other: their columns shrink to little.
_ORDER = "channel, source, country, entry_path, id"
_VISITS = f"""
SELECT {", ".join(PLAIN)}, coalesce(company_id::text, ''), {", ".join(PLACE)}, {", ".join(PATHS)},
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


class _Texts:
    """Texts that come in chunks, as numbers in a dictionary that grows; columns may share one."""

    def __init__(self) -> None:
        self._numbers: defaultdict[str, int] = defaultdict()
        self._numbers.default_factory = self._numbers.__len__

    def numbered(self, texts: Sequence[str]) -> Ints:
        """Return the numbers of texts, for now: `in_order` says what each number will be."""
        return np.fromiter(map(self._numbers.__getitem__, texts), dtype=np.int64, count=len(texts))

    def in_order(self) -> tuple[list[bytes], Ints]:
        """Return the texts, sorted, and by the number that each had until now its place among them."""
        texts = sorted(self._numbers)
        places = np.zeros(len(texts), dtype=np.int64)
        places[self.numbered(texts)] = np.arange(len(texts))
        return [text.encode() for text in texts], places


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
    # What visits and what happened in them share, and a dictionary for each other text.
    paths, names = _Texts(), _Texts()
    texts = {name: paths if name in PATHS else _Texts() for name in (*_TEXTS, *PATHS)}
    visits = _read(_VISITS, values, [*map(texts.get, (*_TEXTS, *PATHS)), *[None] * len(_NUMBERS)])
    count = len(visits[0])
    if not count:
        return None
    happened = _Happened(*_read(_HAPPENED, values, [None, None, paths, names, None, None, None]))
    by_name = dict(zip((*_TEXTS, *PATHS, *_NUMBERS), visits, strict=True))
    all_paths, path_places = paths.in_order()
    all_names, name_places = names.in_order()
    happened = replace(happened, path=path_places[happened.path], name=name_places[happened.name])
    return {
        "visits": count,
        "paths": texts_pack(all_paths),
        "names": texts_pack(all_names),
        **{name: numbers_pack(path_places[by_name[name]], are_codes=True) for name in PATHS},
        **{name: numbers_pack(by_name[name]) for name in _NUMBERS},
        **_of_texts(texts, by_name),
        **_of_rows(happened, by_name["flags"] & APART > 0),
    }


def _of_texts(texts: Mapping[str, _Texts], visits: Mapping[str, Ints]) -> dict[str, bytes]:
    """Return the columns of visits that have a dictionary of their own."""
    ordered = {name: texts[name].in_order() for name in _TEXTS}
    codes = {name: places[visits[name]] for name, (_, places) in ordered.items()}
    packed = {name: coded_pack(ordered[name][0], codes[name]) for name in _TEXTS if name not in PLACE}
    # A place is three texts in one dictionary, one after another.
    countries, regions, cities = (ordered[name][0] for name in PLACE)
    country, region, city = (codes[name] for name in PLACE)
    places, of_visit = np.unique((country * len(regions) + region) * len(cities) + city, return_inverse=True)
    of_place = [
        text
        for place in places.tolist()
        for text in (
            countries[place // len(cities) // len(regions)],
            regions[place // len(cities) % len(regions)],
            cities[place % len(cities)],
        )
    ]
    return packed | {"place": coded_pack(of_place, of_visit)}


def _read(sql: str, values: Mapping[str, Any], texts: Sequence[_Texts | None]) -> list[Ints]:
    """Return a query's columns, texts as numbers in those dictionaries. In chunks: a day may have millions of rows."""
    chunks: list[list[Ints]] = [[np.zeros(0, dtype=np.int64)] for _ in texts]
    with connection.chunked_cursor() as cursor:
        cursor.execute(sql, values)
        while rows := cursor.fetchmany(_CHUNK):
            for chunk, column, dictionary in zip(chunks, zip(*rows, strict=True), texts, strict=True):
                chunk.append(dictionary.numbered(column) if dictionary else np.array(column, dtype=np.int64))
    return [np.concatenate(chunk) for chunk in chunks]


def _of_rows(found: _Happened, are_apart: Mask) -> dict[str, bytes]:
    """Return the columns of what happened in visits."""
    count = len(are_apart)
    # A visit that came between the two queries has left a mark: the day is built again, whatever is kept now.
    found = _chosen(found, found.visit < count)
    order = np.lexsort((found.later, found.path, found.name, found.visit, found.is_event))
    found = _chosen(found, order)
    views = _chosen(found, (found.is_event == 0) & (found.later == 0))
    events = _chosen(found, (found.is_event == 1) & (found.later == 0))
    return {
        "views_of_visit": numbers_pack(np.bincount(views.visit, minlength=count), are_codes=True),
        "view_path": numbers_pack(views.path, are_codes=True),
        "view_count": numbers_pack(views.count),
        "view_engaged": numbers_pack(views.engaged),
        "events_of_visit": numbers_pack(np.bincount(events.visit, minlength=count), are_codes=True),
        "event_name": numbers_pack(events.name, are_codes=True),
        "event_path": numbers_pack(events.path, are_codes=True),
        "event_count": numbers_pack(events.count),
        "event_engaged": numbers_pack(events.engaged),
        "later": _later(found, are_apart, views),
    }


def _chosen(rows: _Happened, which: Any) -> _Happened:
    columns = (rows.visit, rows.is_event, rows.path, rows.name, rows.later, rows.count, rows.engaged)
    return _Happened(*(column[which] for column in columns))


def _later(found: _Happened, are_apart: Mask, views: _Happened) -> bytes:
    """Return what happened after the visits' own day; and with 0 days, how many views on it those visits had."""
    rest = _chosen(found, found.later > 0)
    own = np.bincount(views.visit, weights=views.count, minlength=len(are_apart)).astype(np.int64)
    own[~are_apart] = 0
    (visits,) = np.nonzero(own)
    rows = np.zeros(len(visits) + len(rest.visit), dtype=LATER)
    rows["visit"] = np.concatenate([visits, rest.visit])
    rows["count"] = np.concatenate([own[visits], rest.count])
    for name in ("later", "is_event", "path", "name", "engaged"):
        rows[name][len(visits) :] = getattr(rest, name)
    return rows.tobytes()
