"""Engagement and vitals: totals of a page view. The largest known win, in any order, any number of times.

What comes before its page view waits in `pending_engagement` and is folded in when that comes.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec
from django.db import connection

from apps.core import clock
from apps.core.tenancy import quoted

from ..partitions import Leaf
from .event_rows import VITALS_COLUMNS, vitals_columns
from .items import Fold, PageKey, largest, ms_of
from .parameters import numbers, records, uuids

# Of a leaf by its name, as in event_rows.KNOWN. Moments in ms since 1970.
FIND = """
SELECT site_id, event_id, session_id, floor(extract(epoch FROM occurred_at) * 1000)::bigint, engaged_ms, scroll_percent,
  coalesce(floor(extract(epoch FROM last_seen_at) * 1000)::bigint, 0), %s
FROM {leaf} JOIN unnest(%s::bigint[], %s::uuid[]) AS wanted(site_id, event_id) USING (site_id, event_id)
WHERE kind = 'pageview'
"""
RAISE = """
UPDATE {leaf} AS event SET
    engaged_ms = GREATEST(event.engaged_ms, wanted.engaged_ms),
    scroll_percent = GREATEST(event.scroll_percent, wanted.scroll_percent),
    last_seen_at = GREATEST(event.last_seen_at, wanted.last_seen_at),
    ttfb_ms = GREATEST(event.ttfb_ms, wanted.ttfb_ms),
    fcp_ms = GREATEST(event.fcp_ms, wanted.fcp_ms),
    lcp_ms = GREATEST(event.lcp_ms, wanted.lcp_ms),
    inp_ms = GREATEST(event.inp_ms, wanted.inp_ms),
    load_ms = GREATEST(event.load_ms, wanted.load_ms),
    cls = GREATEST(event.cls, wanted.cls)
FROM json_to_recordset(%s) AS wanted(
    site_id bigint, event_id uuid, engaged_ms integer, scroll_percent smallint, last_seen_at timestamptz,
    ttfb_ms integer, fcp_ms integer, lcp_ms integer, inp_ms integer, load_ms integer, cls float8
)
WHERE event.site_id = wanted.site_id AND event.event_id = wanted.event_id
"""
TAKE = """
DELETE FROM pending_engagement USING unnest(%s::bigint[], %s::uuid[]) AS wanted(site_id, page_id)
WHERE pending_engagement.site_id = wanted.site_id AND pending_engagement.page_id = wanted.page_id
RETURNING pending_engagement.site_id, pending_engagement.page_id, received_on, last_at,
  engaged_ms, scroll_percent, vitals, events
"""
WAIT = """
INSERT INTO pending_engagement (site_id, page_id, received_on, last_at, engaged_ms, scroll_percent, vitals, events)
SELECT * FROM json_to_recordset(%s) AS waiting(
    site_id bigint, page_id uuid, received_on date, last_at timestamptz,
    engaged_ms integer, scroll_percent smallint, vitals jsonb, events integer
)
"""


class Pending(msgspec.Struct):
    """Totals that have waited for their page view, from one UTC day of receipt."""

    site_id: int
    page_id: UUID
    received_on: date
    last_at: datetime
    engaged_ms: int
    scroll_percent: int
    vitals: dict[str, float]
    events: int

    @property
    def last_ms(self) -> int:
        return ms_of(self.last_at)

    @property
    def key(self) -> PageKey:
        return self.site_id, self.page_id.int


class StoredPage(msgspec.Struct, eq=False):
    """A page view of the table, and what this batch's totals raise it by. `last_seen_ms`: as of an Item."""

    session_id: UUID
    at_ms: int
    engaged_ms: int
    scroll_percent: int
    last_seen_ms: int
    leaf: str
    fold: Fold
    stored_seen_ms: int

    @property
    def gained_ms(self) -> int:
        """Return by how much its engaged time grows: the same totals may have come before."""
        return max(0, self.fold.engaged_ms - self.engaged_ms)

    @property
    def is_raised(self) -> bool:
        return bool(
            self.gained_ms
            or self.fold.scroll_percent > self.scroll_percent
            or self.fold.vitals
            or self.last_seen_ms > self.stored_seen_ms
        )


def pages_find(folds: Sequence[Fold], leaves: Sequence[Leaf]) -> dict[PageKey, StoredPage]:
    """Return the page views of `folds` that are stored in `leaves`. One query."""
    if not folds or not leaves:
        return {}
    by_key = {fold.key: fold for fold in folds}
    asked = [numbers(fold.site_id for fold in folds), uuids(fold.page_id for fold in folds)]
    query = " UNION ALL ".join(FIND.format(leaf=quoted(leaf.name)) for leaf in leaves)
    found: dict[PageKey, StoredPage] = {}
    with connection.cursor() as cursor:
        cursor.execute(query, [value for leaf in leaves for value in (leaf.name, *asked)])
        for site_id, page_id, visit, at_ms, engaged_ms, scroll_percent, seen_ms, leaf_name in cursor.fetchall():
            key = (site_id, page_id.int)
            found[key] = StoredPage(visit, at_ms, engaged_ms, scroll_percent, seen_ms, leaf_name, by_key[key], seen_ms)
    return found


def pages_raise(pages: Iterable[StoredPage]) -> None:
    """Raise the totals of stored page views to what has come for them. A query for each leaf that has any."""
    by_leaf: dict[str, list[dict[str, object]]] = {}
    for page in pages:
        if page.is_raised:
            by_leaf.setdefault(page.leaf, []).append(_wanted(page))
    with connection.cursor() as cursor:
        for leaf_name, wanted in by_leaf.items():
            cursor.execute(RAISE.format(leaf=quoted(leaf_name)), [records(wanted)])


def pending_take(keys: Iterable[PageKey]) -> list[Pending]:
    """Return what has waited for the page views `keys`, and wait for it no longer. One query."""
    wanted = list(keys)
    if not wanted:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            TAKE, [numbers(site_id for site_id, _ in wanted), uuids(UUID(int=page_id) for _, page_id in wanted)]
        )
        return [_pending(row) for row in cursor.fetchall()]


def pending_wait(folds: Iterable[Fold], waiting: Iterable[Pending]) -> None:
    """Keep `folds` until their page views come, together with what was `waiting` for the same ones. One query."""
    rows: dict[tuple[int, int, date], Pending] = {(*row.key, row.received_on): row for row in waiting}
    for fold in folds:
        for day, count in fold.by_day.items():
            row = rows.get((*fold.key, day))
            if row is None:
                row = Pending(fold.site_id, fold.page_id, day, fold.last_at, 0, 0, {}, 0)
                rows[*fold.key, day] = row
            row.last_at = max(row.last_at, fold.last_at)
            row.engaged_ms = max(row.engaged_ms, fold.engaged_ms)
            row.scroll_percent = max(row.scroll_percent, fold.scroll_percent)
            row.vitals = largest(row.vitals, fold.vitals)
            row.events += count
    if not rows:
        return
    with connection.cursor() as cursor:
        cursor.execute(WAIT, [records([msgspec.structs.asdict(row) for row in rows.values()])])


def _wanted(page: StoredPage) -> dict[str, object]:
    fold = page.fold
    record: dict[str, object] = {
        "site_id": fold.site_id,
        "event_id": fold.page_id,
        "engaged_ms": fold.engaged_ms,
        "scroll_percent": fold.scroll_percent,
        "last_seen_at": clock.from_ms(page.last_seen_ms) if page.last_seen_ms else None,
    }
    if fold.vitals:
        record |= zip(VITALS_COLUMNS, vitals_columns(fold.vitals), strict=True)
    return record


def _pending(row: Sequence[Any]) -> Pending:
    site_id, page_id, received_on, last_at, engaged_ms, scroll_percent, vitals, events = row
    return Pending(site_id, page_id, received_on, last_at, engaged_ms, scroll_percent, _vitals(vitals), events)


def _vitals(value: object) -> dict[str, float]:
    return (
        msgspec.json.decode(value, type=dict[str, float])
        if isinstance(value, str)
        else msgspec.convert(value, dict[str, float])
    )
