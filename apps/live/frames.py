"""What goes from the writer's process to whoever watches a site: which visits changed, and no more than that."""

from collections.abc import Iterable
from uuid import UUID

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer

from apps.companies.facts import CompanyMatched
from apps.tracking.facts import EventsStored

# More changed visits than this in one message aren't named: the watcher looks at the newest by itself.
MOST_NAMED = 100


def group_name(schema: str, site_id: int) -> str:
    """Return the channel group of a site; the schema comes first, so that agencies can't meet in one."""
    return f"{schema}.live.{site_id}"


def announce_events(fact: EventsStored) -> None:
    if not fact.is_backfill and fact.session_ids:
        _send(fact.schema, fact.site_id, fact.session_ids)


def announce_companies(fact: CompanyMatched) -> None:
    _send(fact.schema, fact.site_id, fact.session_ids)


def _send(schema: str, site_id: int, session_ids: Iterable[UUID]) -> None:
    layer = get_channel_layer()
    if layer is None:
        return
    named = [str(session_id) for session_id in session_ids][:MOST_NAMED]
    async_to_sync(layer.group_send)(group_name(schema, site_id), {"type": "visits.changed", "session_ids": named})
