"""The event table, as the writer fills it."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

import msgspec
from django.db import connection

from apps.core import clock
from apps.core.tenancy import quoted

from ..partitions import Leaf
from ..steps.sessions import SessionState
from .items import Item, PageKey
from .parameters import numbers, uuids

VITALS_COLUMNS = ("ttfb_ms", "fcp_ms", "lcp_ms", "inp_ms", "load_ms", "cls")
COLUMNS = (
    "site_id",
    "event_id",
    "occurred_at",
    "received_at",
    "session_id",
    "visitor_id",
    "page_id",
    "last_seen_at",
    "kind",
    "name",
    "origin",
    "set_aside",
    "clock_skew_ms",
    "is_late",
    "is_interactive",
    "host",
    "path",
    "query",
    "fragment",
    "title",
    "referrer",
    "engaged_ms",
    "scroll_percent",
    *VITALS_COLUMNS,
    "value",
    "currency",
    "transaction_id",
    "items",
    "props",
    "target",
    "user_id_hash",
    "canonical_url",
    "content_group",
    "page_language",
    "email_domain",
)
COPY = f"COPY event ({', '.join(COLUMNS)}) FROM STDIN"
# Of a leaf by its name: asked of the whole table, with a span of time to choose the leaves, the planner may look ids up
# in the index by site and time, which is to read all of the site's events for each id.
KNOWN = """
SELECT site_id, event_id
FROM {leaf} JOIN unnest(%s::bigint[], %s::uuid[]) AS new(site_id, event_id) USING (site_id, event_id)
"""
# Old and new session, and the visitor id that the session has now.
REPOINT = """
UPDATE event SET session_id = new.session_id, visitor_id = new.visitor_id
FROM unnest(%s::uuid[], %s::uuid[], %s::bigint[]) AS new(gone_id, session_id, visitor_id)
WHERE event.session_id = new.gone_id AND occurred_at >= %s AND occurred_at <= %s
"""
NO_VITALS = (None, None, None, None, None, None)


def events_known(items: Sequence[Item], leaves: Sequence[Leaf]) -> set[PageKey]:
    """Return the (site, event id) of those that are stored already in `leaves`. One query."""
    if not leaves:
        return set()
    query = " UNION ALL ".join(KNOWN.format(leaf=quoted(leaf.name)) for leaf in leaves)
    values = [numbers(item.site_id for item in items), uuids(item.event.event_id for item in items)]
    with connection.cursor() as cursor:
        cursor.execute(query, values * len(leaves))
        return {(site_id, event_id.int) for site_id, event_id in cursor.fetchall()}


def events_copy(items: Iterable[Item]) -> None:
    """Store events in bulk. They are new: `events_known` was asked under the sites' locks."""
    with connection.cursor() as cursor, cursor.copy(COPY) as copy:
        for item in items:
            copy.write_row(event_row(item))


def events_repoint(moved: Sequence[tuple[UUID, SessionState]], first_ms: int, last_ms: int) -> None:
    """Have the stored events of gone sessions belong to those that they have become part of."""
    with connection.cursor() as cursor:
        cursor.execute(
            REPOINT,
            [
                uuids(gone for gone, _ in moved),
                uuids(session.id for _, session in moved),
                numbers(session.visitor_id for _, session in moved),
                clock.from_ms(first_ms),
                clock.from_ms(last_ms),
            ],
        )


def event_row(item: Item) -> tuple[Any, ...]:
    """Return an event's row in the order of COLUMNS."""
    event, arrival = item.event, item.arrival
    session = item.lasting_session
    return (
        item.site_id,
        event.event_id,
        clock.from_ms(item.at_ms),
        arrival.received_at,
        session.id,
        session.visitor_id,
        # A page view is its own page: its id needn't stand there twice.
        None if event.page_id == event.event_id else event.page_id,
        clock.from_ms(item.last_seen_ms) if item.last_seen_ms else None,
        event.kind,
        event.name,
        arrival.envelope.origin,
        session.set_aside,
        event.clock_skew_ms,
        event.is_late,
        event.is_interactive,
        event.host,
        event.path,
        event.query,
        event.fragment or None,
        event.title,
        _referrer(event.referrer, event.host),
        item.engaged_ms,
        item.scroll_percent,
        *(vitals_columns(item.vitals) if item.vitals else NO_VITALS),
        event.value,
        event.currency or None,
        event.transaction_id or None,
        _json(event.items),
        _json(event.props),
        _json(event.target),
        event.user_id_hash,
        event.canonical_url or None,
        event.content_group or None,
        event.page_language or None,
        event.email_domain or None,
    )


def _referrer(referrer: str, host: str) -> str:
    """Return a referrer as it is stored: of a page of the same host, as most are, from the path on."""
    own = f"https://{host}/"
    return referrer[len(own) - 1 :] if referrer.startswith(own) else referrer


def vitals_columns(
    vitals: dict[str, float],
) -> tuple[int | None, int | None, int | None, int | None, int | None, float | None]:
    """Return ttfb, fcp, lcp, inp, load in whole ms, and cls."""
    return (
        _whole(vitals.get("ttfb")),
        _whole(vitals.get("fcp")),
        _whole(vitals.get("lcp")),
        _whole(vitals.get("inp")),
        _whole(vitals.get("load")),
        vitals.get("cls"),
    )


def _whole(value: float | None) -> int | None:
    return None if value is None else round(value)


def _json(value: object) -> str | None:
    return None if value is None else msgspec.json.encode(value).decode()
