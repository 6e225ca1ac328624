"""The sums that metrics are made of, one definition each: over visits, over events, and added up from parts.

A part is a query that groups some rows by keys and yields the columns of SUMS. Parts of different days or different
values add up: visitors are counted once a local day, so the sum over days is exact. Reports, rollups and their check
all build on these.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import EmptyResultSet
from django.db.models import Count, DurationField, Expression, F, Func, IntegerField, Q, QuerySet, Sum, TextField, Value
from django.db.models.functions import Coalesce, TruncDate

from .models import Event, Session

# A visit with one page view and less than this engaged is a bounce (GA4's rule for an engaged session, 10 s).
BOUNCE_BELOW_MS = 10_000
# `count`: page views by their own time, or events.
SUMS = ("visitors", "visits", "bounces", "visit_views", "duration", "engaged_ms", "count")
_TYPES = {"duration": "interval"}

Key = Expression | F


@dataclass(frozen=True, slots=True)
class Part:
    """A query with columns key_0, key_1, ... and SUMS. False where nothing can be found: a search met no value."""

    sql: str = ""
    params: tuple[Any, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.sql)


# --- over visits ------------------------------------------------------------------------------------------------------


def visitors_sum(condition: Q | None = None) -> Any:
    """Return the aggregate of distinct visitors a local day, summed over days.

    A visitor without another visit that day needs no DISTINCT; only those with siblings do (architecture, "Tables of
    the hot path").
    """
    met = condition or Q()
    visitor_day = Func(F("local_day"), F("visitor_id"), function="ROW", output_field=TextField())
    alone = Count("pk", filter=met & Q(has_siblings=False))
    return alone + Count(visitor_day, distinct=True, filter=met & Q(has_siblings=True), output_field=IntegerField())


def session_sums() -> dict[str, Any]:
    """Return the aggregates over sessions: all of SUMS but the count."""
    bounced = Q(pageviews=1, interactive_events=0, engaged_ms__lt=BOUNCE_BELOW_MS)
    # As an interval, which adds up exactly in any order; seconds as floats don't.
    lasted = Sum(F("ended_at") - F("started_at"), output_field=DurationField())
    nothing = Value(timedelta(0), output_field=DurationField())
    return {
        "visitors": visitors_sum(),
        "visits": Count("*"),
        "bounces": Count("pk", filter=bounced),
        "visit_views": Coalesce(Sum("pageviews"), 0),
        "duration": Coalesce(lasted, nothing),
        "engaged_ms": Coalesce(Sum("engaged_ms"), 0),
    }


def sessions_part(sessions: QuerySet[Session], *keys: Key) -> Part:
    """Return the sums of sessions by keys."""
    rows = sessions.order_by().values(**_named(keys)).annotate(**session_sums())
    return _part(rows, keys, ("visitors", "visits", "bounces", "visit_views", "duration", "engaged_ms"))


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
    """Return stored sums by keys."""
    summed = rows.order_by().values(**_named(keys)).annotate(**{name: Sum(name) for name in SUMS})
    return _part(summed, keys, SUMS)


def added(parts: Sequence[Part], keys: int, *, order: str = "", limit: int | None = None, offset: int = 0) -> Part:
    """Return the sums of parts by their `keys` keys, and as a last column how many there are in all."""
    names = [f"key_{number}" for number in range(keys)]
    sums = [f"sum({name})::{_TYPES.get(name, 'bigint')} AS {name}" for name in SUMS]
    parts = [part for part in parts if part]
    if not parts:
        return Part()
    union = " UNION ALL ".join(f"({part.sql})" for part in parts)
    sql = f"SELECT {', '.join([*names, *sums, 'count(*) OVER () AS found'])} FROM ({union}) AS part"
    if names:
        sql += f" GROUP BY {', '.join(names)}"
    if order:
        sql += f" ORDER BY {order}"
    params = tuple(value for part in parts for value in part.params)
    return Part(f"{sql} LIMIT %s OFFSET %s", (*params, limit, offset))


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
    nothing = {"duration": "interval '0'"}
    sums = [name if name in has else f"{nothing.get(name, '0')} AS {name}" for name in SUMS]
    query = f"SELECT {', '.join([*_named(keys), *sums])} FROM ({sql}) AS grouped"
    return Part(query, inner.params) if inner else inner
