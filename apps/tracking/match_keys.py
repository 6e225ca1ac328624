"""What ad platforms recognise the visitors of conversions by (PR3): kept sealed, opened for delivery alone, soon gone.

A row is made by the writer with its conversion (`writer.match_rows`), and goes once it isn't needed any more, when its
visitor refuses marketing, with its visit and site, and after a week whatever happens.
"""

import logging
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from apps.core.crypto import SealBroken, seal, unseal

from .models import ConversionMatch
from .steps.match import Keys, pack, unpack

logger = logging.getLogger(__name__)

PURPOSE = "match keys"
KEPT = timedelta(days=7)


def match_seal(event_id: UUID, keys: Mapping[str, str]) -> bytes:
    return seal(PURPOSE, pack(keys), event_id.bytes)


def match_open(event_id: UUID, sealed: bytes | memoryview) -> Keys | None:
    """Return an event's keys; None, and told in the log, where its seal can't be opened."""
    try:
        return unpack(unseal(PURPOSE, sealed, event_id.bytes))
    except (SealBroken, msgspec.MsgspecError) as error:
        logger.warning("The match keys of event %s can't be opened: %s", event_id, error)
        return None


def match_keys_open(event_ids: Iterable[UUID]) -> dict[UUID, Keys]:
    """Return what is known for ad platforms by event, named as `destinations.occurrences.MatchKeys`. One query.

    Events of which nothing is known are left out, and those whose seal can't be opened.
    """
    rows = ConversionMatch.objects.filter(event_id__in=set(event_ids)).values_list("event_id", "sealed")
    opened = {event_id: match_open(event_id, sealed) for event_id, sealed in rows}
    return {event_id: keys for event_id, keys in opened.items() if keys is not None}


def match_keys_forget(event_ids: Iterable[UUID]) -> None:
    """Erase what is kept of events that are delivered. One query. May run twice."""
    ConversionMatch.objects.filter(event_id__in=set(event_ids)).delete()


def match_keys_expire(now: datetime) -> int:
    """Erase what was stored a week before `now` or earlier; return how many events that was of. One query."""
    return ConversionMatch.objects.filter(stored_at__lte=now - KEPT).delete()[0]
