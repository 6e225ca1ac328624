"""What ad platforms recognise a visitor by, stored with the conversions of a batch and with nothing else.

Hashed contact data comes by an event of its own, `identify`. It is put on the conversions of its visit in the same
batch and on those of the last half hour, and kept nowhere besides: a conversion that comes later goes without.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from django.db import connection

from ..envelope import Envelope, EventIn
from ..goals.storing import Met
from ..ingest import Arrival
from ..match_keys import match_open, match_seal
from ..sealing import open_match
from ..steps.match import Keys, may_match, unpack
from ..steps.sessions import SessionState
from .consents import is_marketing_refused
from .engagement import StoredPage
from .items import Item, PageKey
from .parameters import uuids

ADD = """
INSERT INTO conversion_match (event_id, site_id, session_id, sealed, stored_at)
SELECT event_id, site_id, session_id, sealed, %s
FROM unnest(%s::uuid[], %s::bigint[], %s::uuid[], %s::bytea[]) AS new(event_id, site_id, session_id, sealed)
ON CONFLICT (event_id) DO NOTHING
"""
FORGET = "DELETE FROM conversion_match WHERE session_id = ANY(%s::uuid[])"
# One that is being erased at this moment is left alone.
RECENT = """
SELECT event_id, session_id, sealed FROM conversion_match
WHERE session_id = ANY(%s::uuid[]) AND stored_at >= %s FOR UPDATE SKIP LOCKED
"""
PUT = """
UPDATE conversion_match SET sealed = new.sealed
FROM unnest(%s::uuid[], %s::bytea[]) AS new(event_id, sealed) WHERE conversion_match.event_id = new.event_id
"""
CONTACT_REACHES = timedelta(minutes=30)

Contacts = Mapping[UUID, Keys]


def tells_contact(event: EventIn) -> bool:
    return event.kind == "identify" and bool(event.sealed_match)


def contacts_of(items: Iterable[Item]) -> dict[UUID, Keys]:
    """Return the hashed contact data by visit, the last of each; `items` are in the order of their time."""
    found: dict[UUID, Keys] = {}
    for item in items:
        if not tells_contact(item.event) or is_marketing_refused(session := item.lasting_session):
            continue
        if keys := _told(item.event.sealed_match, item.arrival.envelope):
            found[session.id] = found.get(session.id, {}) | keys
    return found


def matches_add(
    met: Sequence[Met],
    *,
    items: Iterable[Item],
    pages: Mapping[PageKey, tuple[StoredPage, SessionState]],
    contacts: Contacts,
    now: datetime,
) -> set[UUID]:
    """Store what is known of those events that met a goal and may be sent on; return their ids. One query if any are.

    `pages`: stored page views that got totals; what is known of those stands in the request that brought the last.
    """
    # Nothing is ever sent for the others.
    wanted = {(one.site_id, one.event_id.int): one for one in met if one.is_counted and not one.is_backfill}
    if not wanted:
        return set()
    rows: list[tuple[Met, Keys]] = []
    for item in items:
        if one := wanted.pop(item.key, None):
            keys = _known(item.event.sealed_match, item.arrival, item.lasting_session, contacts)
            rows += [(one, keys)] if keys else []
    for key, one in wanted.items():
        page, session = pages[key]
        keys = _known(b"", page.fold.arrival, session, contacts)
        rows += [(one, keys)] if keys else []
    if rows:
        with connection.cursor() as cursor:
            cursor.execute(
                ADD,
                [
                    now,
                    uuids(one.event_id for one, _ in rows),
                    [one.site_id for one, _ in rows],
                    uuids(one.session_id for one, _ in rows),
                    [match_seal(one.event_id, keys) for one, keys in rows],
                ],
            )
    return {one.event_id for one, _ in rows}


def contacts_put(contacts: Contacts, *, added: set[UUID], now: datetime) -> None:
    """Put contact data on the conversions of the same visits of the last half hour; what these have already stays.

    `added`: those of this batch, which have it. One query, and one more where there are any.
    """
    if not contacts:
        return
    with connection.cursor() as cursor:
        cursor.execute(RECENT, [uuids(contacts), now - CONTACT_REACHES])
        rows = [row for row in cursor.fetchall() if row[0] not in added]
        changed: dict[UUID, bytes] = {}
        for event_id, session_id, sealed in rows:
            keys = match_open(event_id, sealed)
            if keys is not None and not contacts[session_id].keys() <= keys.keys():
                changed[event_id] = match_seal(event_id, contacts[session_id] | keys)
        if changed:
            cursor.execute(PUT, [uuids(changed), list(changed.values())])


def matches_forget(session_ids: set[UUID]) -> None:
    """Erase what was kept of visits that refuse marketing from now on. One query if there are any."""
    if session_ids:
        with connection.cursor() as cursor:
            cursor.execute(FORGET, [uuids(session_ids)])


def _known(sealed: bytes, arrival: Arrival | None, session: SessionState, contacts: Contacts) -> Keys:
    """Return what is known of a conversion; nothing where marketing isn't granted, or was refused since."""
    if arrival is None or not may_match(arrival.envelope.consent) or is_marketing_refused(session):
        return {}
    keys = _told(sealed, arrival.envelope) | contacts.get(session.id, {})
    if arrival.envelope.user_agent:
        keys["user_agent"] = arrival.envelope.user_agent
    return keys


def _told(sealed: bytes, envelope: Envelope) -> Keys:
    """Return what came sealed; nothing where the hour's key is gone by now."""
    try:
        return unpack(open_match(sealed, envelope.seal_hour)) if sealed else {}
    except msgspec.MsgspecError:
        return {}
