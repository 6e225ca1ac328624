"""The sums that metrics are made of, one definition each: over visits, over events, and added up from parts.

A part is a query that groups some rows by keys and yields the columns of SUMS. Parts of different days or different
values add up: visitors are counted once a local day, so the sum over days is exact. Reports, rollups and their check
all build on these.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import (
    BooleanField,
    Case,
    Count,
    DurationField,
    Expression,
    F,
    Q,
    QuerySet,
    Sum,
    TextField,
    UUIDField,
    Value,
    When,
)
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce, TruncDate

from .models import Event, Session

# A visit with one page view and less than this engaged is a bounce (GA4's rule for an engaged session, 10 s).
BOUNCE_BELOW_MS = 10_000
# `count`: page views by their own time, or events.
SUMS = ("visitors", "visits", "bounces", "visit_views", "duration", "engaged_ms", "count")
_TYPES = {"duration": "interval"}
_NOTHING = {"duration": "interval '0'"}

Key = Expression | F


@dataclass(frozen=True, slots=True)
class Part:
    """A query with columns key_0, key_1, ... and SUMS. False where nothing can be found: a search met no value."""

    sql: str = ""
    params: tuple[Any, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.sql)


# --- over visits ------------------------------------------------------------------------------------------------------

# Visitors without DISTINCT, which would sort: a visit without another one of its visitor that day is a visitor; those
# with siblings are put together by visitor and day first (architecture, "Tables of the hot path").
_VISITORS = "CASE WHEN sibling IS NULL THEN visits ELSE 1 END"
_OF_VISITS = ("visits", "bounces", "visit_views", "duration", "engaged_ms")


def sessions_part(sessions: QuerySet[Session], *keys: Key) -> Part:
    """Return the sums of sessions by keys, but for the count."""
    return asked_part(sessions_scan(sessions, *keys), len(keys))


def sessions_scan(
    sessions: QuerySet[Session], *keys: Key, asked: Q | None = None, unknown: Q | None = None, within: Q | None = None
) -> Part:
    """Return a query that sums up sessions once for several questions: by keys, `is_asked`, `is_unknown`, and sibling.

    `within`: the visits whose page views can be counted as the visit has them; the others stay apart, by their id.
    """
    seconds = Sum(F("ended_at") - F("started_at"), output_field=DurationField())
    nothing = Value(timedelta(0), output_field=DurationField())
    rows = (
        sessions.order_by()
        .values(
            **_named(keys),
            is_asked=_whether(asked or Q()),
            is_unknown=_whether(unknown or Q(pk__in=[])),
            sibling=Case(When(has_siblings=True, then=F("visitor_id"))),
            sibling_day=Case(When(has_siblings=True, then=F("local_day"))),
            apart=Case(When(~within, then=F("id"))) if within else Value(None, output_field=UUIDField()),
        )
        .annotate(
            visits=Count("*"),
            bounces=Count("pk", filter=Q(pageviews=1, interactive_events=0, engaged_ms__lt=BOUNCE_BELOW_MS)),
            visit_views=Coalesce(Sum("pageviews"), 0),
            # As an interval, which adds up exactly in any order; seconds as floats don't.
            duration=Coalesce(seconds, nothing),
            engaged_ms=Coalesce(Sum("engaged_ms"), 0),
            count=Coalesce(Sum("pageviews", filter=within), 0) if within else Value(0),
        )
    )
    return _compiled(rows)


def asked_part(scan: Part, keys: int, *, name: str = "") -> Part:
    """Return the sums by keys of what is asked for in a scan; `name`: what the scan is called in the query's WITH."""
    if not scan:
        return scan
    source = name or f"({scan.sql}) AS scanned"
    names = [f"key_{number}" for number in range(keys)]
    by = ", ".join([*names, "sibling", "sibling_day"])
    sums = ", ".join(f"{_sum(column)} AS {column}" for column in (*_OF_VISITS, "count"))
    sql = f"""SELECT {", ".join([*names, f"{_VISITORS} AS visitors", *_OF_VISITS, "count"])}
    FROM (SELECT {by}, {sums} FROM {source} WHERE is_asked GROUP BY {by}) AS visitor_day"""
    return Part(sql, () if name else scan.params)


def views_part(scan: Part, views: QuerySet[Event], *keys: Key, name: str = "") -> Part:
    """Return the count by keys of the page views of visits that a scan keeps apart.

    They are few. The planner doesn't know that, so it is told to look up each by itself (OFFSET 0).
    """
    own = _compiled(views.filter(session_id=RawSQL("visit.apart", ())).order_by().values(**_named(keys)))
    if not scan or not own:
        return Part()
    source = name or f"({scan.sql})"
    sql = f"""SELECT viewed.*, 1 AS count
    FROM (SELECT DISTINCT apart FROM {source} AS scanned WHERE apart IS NOT NULL) AS visit
    CROSS JOIN LATERAL ({own.sql} OFFSET 0) AS viewed"""
    return _padded(sql, Part(sql, (*(() if name else scan.params), *own.params)), keys, ("count",))


def whole_part(scan: Part, *, name: str) -> Part:
    """Return the visitors of a scan, and those with a visit about which nothing is known."""
    if not scan:
        return scan
    sql = f"""SELECT
        sum({_VISITORS}) AS visitors, sum(CASE WHEN sibling IS NULL THEN unknown ELSE least(unknown, 1) END) AS unknown
    FROM (
        SELECT
            sibling, sibling_day, sum(visits)::bigint AS visits,
            coalesce(sum(visits) FILTER (WHERE is_unknown), 0)::bigint AS unknown
        FROM {name} GROUP BY sibling, sibling_day
    ) AS visitor_day"""
    return Part(sql)


def _whether(met: Q) -> Any:
    """Return whether a row meets a condition; an empty one is always met."""
    if not met:
        return Value(True, output_field=BooleanField())
    return Case(When(met, then=Value(True)), default=Value(False), output_field=BooleanField())


# --- over events ------------------------------------------------------------------------------------------------------


def events_part(events: QuerySet[Event], zone: ZoneInfo, *keys: Key) -> Part:
    """Return visitors, engaged time and count of events by keys, each visitor once a local day with each key.

    In two steps: first a visitor's day, then those. A DISTINCT would sort.
    """
    visitor_days = (
        events.order_by()
        .values(**_named(keys), day=TruncDate("occurred_at", tzinfo=zone), visitor=F("visitor_id"))
        .annotate(n=Count("*"), engaged=Sum("engaged_ms"))
    )
    inner = _compiled(visitor_days)
    names = ", ".join(_named(keys))
    counted = f"""SELECT {names}, count(*) AS visitors, sum(engaged) AS engaged_ms, sum(n) AS count
    FROM ({inner.sql}) AS visitor_day GROUP BY {names}"""
    return _padded(counted, inner, keys, ("visitors", "engaged_ms", "count"))


def counts_part(events: QuerySet[Event], *keys: Key) -> Part:
    """Return the count of events by keys, and nothing else of them."""
    rows = events.order_by().values(**_named(keys)).annotate(count=Count("*"))
    return _part(rows, keys, ("count",))


# --- adding up --------------------------------------------------------------------------------------------------------


def stored_part(rows: QuerySet[Any], *keys: Key) -> Part:
    """Return stored sums with their keys."""
    return _part(rows.order_by().values(*SUMS, **_named(keys)), keys, SUMS)


def stored_whole_part(rows: QuerySet[Any], whole: Q, unknown: Q) -> Part:
    """Return the visitors of stored sums of all visits (`whole`), and of those others of unknown value."""
    none = Value(0)
    shares = rows.order_by().values(
        in_all=Case(When(whole, then=F("visitors")), default=none),
        of_unknown=Case(When(~whole & unknown, then=F("visitors")), default=none),
    )
    inner = _compiled(shares)
    sql = f"SELECT sum(in_all) AS visitors, sum(of_unknown) AS unknown FROM ({inner.sql}) AS share"
    return Part(sql, inner.params)


def days_part(sums: Sequence[tuple[date | str, Mapping[str, int]]]) -> Part:
    """Return sums that are at hand, by one key: a day, or the same text for all. Durations in microseconds."""
    if not sums:
        return Part()
    key_type = "date" if isinstance(sums[0][0], date) else "text"
    columns = {name: [one[name] for _, one in sums] for name in SUMS}
    return _at_hand([[key for key, _ in sums]], [key_type], columns)


def texts_part(
    keys: Sequence[Sequence[str]],
    sums: Mapping[str, Sequence[int]],
    *,
    search: str = "",
    among: Sequence[str] | None = None,
    without: Sequence[str] = (),
    leaves_out_empty: bool = False,
    are_numbers: bool = False,
) -> Part:
    """Return sums that are at hand, by keys that are texts: those that a search finds, or `among` some by the last, and
    `without` some.

    `are_numbers`: the keys are numbers, an empty one none at all. Durations in microseconds.
    """
    if not keys:
        return Part()
    by_key = list(zip(*keys, strict=True))
    part = _at_hand(by_key, ["text"] * len(by_key), sums)
    last = f"key_{len(by_key) - 1}"
    conditions, params = [], list(part.params)
    if among is not None:
        conditions.append(f"{last} = ANY(%s)")
        params.append(list(among))
    if without:
        conditions.append(f"{last} <> ALL(%s)")
        params.append(list(without))
    if search:
        # As Django asks for `icontains`.
        conditions.append(" OR ".join(f"UPPER(key_{number}) LIKE UPPER(%s)" for number in range(len(by_key))))
        params += [f"%{connection.ops.prep_for_like_query(search)}%"] * len(by_key)
    if leaves_out_empty:
        conditions.append(f"{last} <> ''")
    where = " AND ".join(f"({condition})" for condition in conditions) or "true"
    names = ["nullif(key_0, '')::bigint AS key_0"] if are_numbers else [f"key_{n}" for n in range(len(by_key))]
    return Part(f"SELECT {', '.join([*names, *SUMS])} FROM ({part.sql}) AS texts WHERE {where}", tuple(params))


def visitors_part(visitors: int, unknown: int) -> Part:
    """Return all visitors and those of unknown value, which are at hand."""
    return Part("SELECT %s::bigint AS visitors, %s::bigint AS unknown", (visitors, unknown))


def _at_hand(keys: Sequence[Sequence[Any]], types: Sequence[str], sums: Mapping[str, Sequence[int]]) -> Part:
    """Return values as rows. Sums that are all zero needn't be sent."""
    names = [f"key_{number}" for number in range(len(keys))]
    sent = [name for name in SUMS if any(sums[name])]
    arrays = [f"%s::{kind}[]" for kind in [*types, *["bigint"] * len(sent)]]
    values = [_value(name) if name in sent else f"{_NOTHING.get(name, '0::bigint')} AS {name}" for name in SUMS]
    query = f"""SELECT {", ".join([*names, *values])}
    FROM unnest({", ".join(arrays)}) AS at_hand ({", ".join([*names, *sent])})"""
    return Part(query, (*(list(key) for key in keys), *(list(sums[name]) for name in sent)))


def _value(name: str) -> str:
    """Return a sum that is at hand as parts have it. In two steps, as an interval is multiplied as a float."""
    if name != "duration":
        return name
    whole, rest = "duration / 1000000 * interval '1 second'", "mod(duration, 1000000) * interval '1 microsecond'"
    return f"{whole} + {rest} AS duration"


def added(
    parts: Sequence[Part],
    keys: int,
    *,
    order: str = "",
    limit: int | None = None,
    offset: int = 0,
    scans: Mapping[str, Part] | None = None,
) -> Part:
    """Return the sums of parts by their `keys` keys, and as a last column how many there are in all.

    `scans` are those that parts call by a name.
    """
    parts = [part for part in parts if part]
    if not parts:
        return Part()
    names = [f"key_{number}" for number in range(keys)]
    sums = [f"{_sum(name)} AS {name}" for name in SUMS]
    sql = f"SELECT {', '.join([*names, *sums, 'count(*) OVER () AS found'])} FROM ({_union(parts)}) AS part"
    if names:
        sql += f" GROUP BY {', '.join(names)}"
    if order:
        sql += f" ORDER BY {order}"
    params = tuple(value for part in parts for value in part.params)
    return _with(scans or {}, Part(f"{sql} LIMIT %s OFFSET %s", (*params, limit, offset)))


def nothing(keys: int) -> Part:
    """Return no added row at all."""
    names = [*(f"key_{number}" for number in range(keys)), *SUMS, "found"]
    return Part(f"SELECT {', '.join(f'NULL AS {name}' for name in names)} WHERE false")


def added_beside(rows: Part, wholes: Sequence[Part], *, order: str, scans: Mapping[str, Part]) -> Part:
    """Return added rows with two more columns, all visitors and those of unknown value: a row even where none is."""
    wholes = [whole for whole in wholes if whole]
    whole = f"""SELECT sum(visitors)::bigint AS all_visitors, sum(unknown)::bigint AS all_unknown
    FROM ({_union(wholes)}) AS part"""
    sql = f"SELECT * FROM ({rows.sql}) AS added RIGHT JOIN ({whole}) AS whole ON true ORDER BY {order}"
    params = tuple(value for part in wholes for value in part.params)
    return _with(scans, Part(sql, (*rows.params, *params)))


def _sum(name: str) -> str:
    """Return the sum of a column as what it is made of: sums of whole numbers come as numeric, which is slow to add."""
    return f"sum({name})::{_type(name)}"


def _type(name: str) -> str:
    return _TYPES.get(name, "bigint")


def _union(parts: Sequence[Part]) -> str:
    return " UNION ALL ".join(f"({part.sql})" for part in parts)


def _with(scans: Mapping[str, Part], query: Part) -> Part:
    """Return a query after the scans that it names, each of them done once."""
    named = {name: scan for name, scan in scans.items() if scan}
    if not named:
        return query
    head = ", ".join(f"{name} AS MATERIALIZED ({scan.sql})" for name, scan in named.items())
    params = tuple(value for scan in named.values() for value in scan.params)
    return Part(f"WITH {head} {query.sql}", (*params, *query.params))


def whole_key() -> Key:
    """Return a key that all rows share."""
    return Value("", output_field=TextField())


def _named(keys: Sequence[Key]) -> dict[str, Key]:
    return {f"key_{number}": key for number, key in enumerate(keys)}


def _part(rows: QuerySet[Any, Mapping[str, Any]], keys: Sequence[Key], has: Sequence[str]) -> Part:
    inner = _compiled(rows)
    return _padded(inner.sql, inner, keys, has)


def _compiled(rows: QuerySet[Any, Mapping[str, Any]]) -> Part:
    try:
        sql, params = rows.query.sql_with_params()
    except EmptyResultSet:
        return Part()
    return Part(sql, tuple(params))


def _padded(sql: str, inner: Part, keys: Sequence[Key], has: Sequence[str]) -> Part:
    """Return a query with all of SUMS around one that has some of them."""
    sums = [f"{name}::{_type(name)}" if name in has else f"{_NOTHING.get(name, '0')} AS {name}" for name in SUMS]
    query = f"SELECT {', '.join([*_named(keys), *sums])} FROM ({sql}) AS grouped"
    return Part(query, inner.params) if inner else inner
