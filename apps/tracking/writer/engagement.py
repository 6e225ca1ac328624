"""Engagement and vitals: totals of a page view. The largest known win, in any order, any number of times.

What comes before its page view waits in `pending_engagement` and is folded in when that comes.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec
from django.db import connection

from apps.core.tenancy import quoted

from ..partitions import Leaf
from .event_rows import VITALS_COLUMNS, vitals_columns
from .items import Fold, PageKey, largest, ms_of
from .parameters import numbers, records, uuids

# The difference of engaged time is what the row really gained: the same totals may have come before.
RAISE = """
UPDATE {leaf} AS event SET
    engaged_ms = GREATEST(event.engaged_ms, wanted.engaged_ms),
    scroll_percent = GREATEST(event.scroll_percent, wanted.scroll_percent),
    ttfb_ms = GREATEST(event.ttfb_ms, wanted.ttfb_ms),
    fcp_ms = GREATEST(event.fcp_ms, wanted.fcp_ms),
    lcp_ms = GREATEST(event.lcp_ms, wanted.lcp_ms),
    inp_ms = GREATEST(event.inp_ms, wanted.inp_ms),
    load_ms = GREATEST(event.load_ms, wanted.load_ms),
    cls = GREATEST(event.cls, wanted.cls)
FROM json_to_recordset(%s) AS wanted(
    site_id bigint, event_id uuid, engaged_ms integer, scroll_percent smallint,
    ttfb_ms integer, fcp_ms integer, lcp_ms integer, inp_ms integer, load_ms integer, cls float8
)
WHERE event.site_id = wanted.site_id AND event.event_id = wanted.event_id AND event.kind = 'pageview'
RETURNING event.site_id, event.event_id, event.session_id, new.engaged_ms - old.engaged_ms
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


def folds_store(folds: Sequence[Fold], leaves: Iterable[Leaf]) -> dict[PageKey, tuple[UUID, int]]:
    """Raise the totals of stored page views; return (session, gained ms) of those that are there. A query a leaf."""
    found: dict[PageKey, tuple[UUID, int]] = {}
    for leaf in leaves:
        left = [_wanted(fold) for fold in folds if fold.key not in found]
        if not left:
            break
        with connection.cursor() as cursor:
            cursor.execute(RAISE.format(leaf=quoted(leaf.name)), [records(left)])
            found |= {(site_id, page_id.int): (visit, gained) for site_id, page_id, visit, gained in cursor.fetchall()}
    return found


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


def _wanted(fold: Fold) -> dict[str, object]:
    record: dict[str, object] = {
        "site_id": fold.site_id,
        "event_id": fold.page_id,
        "engaged_ms": fold.engaged_ms,
        "scroll_percent": fold.scroll_percent,
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
