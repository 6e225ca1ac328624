"""Entries that couldn't be stored: who looks at them, and how they are stored after all.

Sending one again is one transaction under the site's lock: the writer's own Batch stores it, its row goes, and the
ledger moves from parked to what has become of it. Whoever comes second finds no row. Where it fails again nothing of it
is left but the new error.
"""

import logging
from dataclasses import dataclass
from datetime import datetime
from typing import cast

import psycopg
from django.db import transaction
from django.db.models import F, QuerySet, Sum

from apps.core import clock, facts
from apps.core.tenancy import current_schema

from . import sealing, valkey
from .envelope import ENVELOPE_FIELD, REFUSALS_FIELD, Envelope
from .ledger import State, Tally, ledger_add
from .locks import site_lock
from .models import ParkedEntry
from .writer.batch import Batch, Stored
from .writer.entries import Entry, entry_ms, read_entry
from .writer.leaves import Leaves
from .writer.share import POISON, error_said, look_up_by_index, moments_of
from .writer.streams import UNREADABLE

logger = logging.getLogger(__name__)

WORDS = {
    "Unreadable": "It isn’t written as the tracker writes.",
    "IntegrityError": "It contradicts what is stored.",
    "DataError": "It holds a value that can’t be stored.",
}
OTHER_WORDS = "Beacon met a fault of its own in it."


@dataclass(frozen=True, slots=True)
class Resent:
    """What came of sending one again: `error` empty where it is stored. `is_placed`: its address could be opened."""

    events: int
    error: str = ""
    is_placed: bool = True

    @property
    def is_stored(self) -> bool:
        return not self.error


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An entry that belongs to no agency, as it lies in the durable Valkey."""

    partition: int
    entry: str
    arrived_at: datetime
    size: int
    why: str


def parked_all(*, site_id: int) -> QuerySet[ParkedEntry]:
    """Return a site's parked entries without their payloads, newest first."""
    return ParkedEntry.objects.filter(site_id=site_id).defer("payload").order_by("-parked_at", "-id")


def parked_words(error: str) -> str:
    """Return in a sentence what an error means; the error itself is for whoever mends it."""
    # PostgreSQL has a name of its own for each kind of value that it won't take.
    kind = getattr(psycopg.errors, error.partition(":")[0], ValueError)
    family = next((base.__name__ for base in kind.__mro__ if base.__name__ in WORDS), error.partition(":")[0])
    return WORDS.get(family, OTHER_WORDS)


def is_sealed_for_good(row: ParkedEntry) -> bool:
    """Tell whether the keys that open its address are gone: place and network will stay unknown."""
    return clock.now_ms() - entry_ms(row.entry) > sealing.KEPT_HOURS * sealing.HOUR_MS


def parked_events(*, site_id: int) -> int:
    """Return how many events they hold. One query."""
    return ParkedEntry.objects.filter(site_id=site_id).aggregate(sum=Sum("events"))["sum"] or 0


def parked_resend(*, site_id: int, parked_id: int) -> Resent | None:
    """Store a parked entry of a site after all; None where it isn't parked (any more).

    Publishes the facts of what it stored. May run twice and side by side: one of them finds it.
    """
    row = ParkedEntry.objects.filter(site_id=site_id, id=parked_id).first()
    if row is None:
        return None
    entry, leaves = _entry(row), Leaves()
    try:
        # Apart from what follows, as the writer does it: making a leaf waits for others who make one.
        leaves.ensure(current_schema(), moments_of([entry]))
    except POISON as error:
        return _fail(row, error)
    with transaction.atomic():
        site_lock([site_id])
        row = ParkedEntry.objects.select_for_update().filter(site_id=site_id, id=parked_id).first()
        return None if row is None else _resend(row, _entry(row), leaves)


def unreadable_list(partitions: int) -> list[Unreadable]:
    """Return what the writers have kept that belongs to no agency, oldest first in each partition.

    They keep a bounded number. Raises RedisError.
    """
    found = []
    for partition in range(partitions):
        name = UNREADABLE.format(partition=partition)
        rows = cast(list[tuple[bytes, dict[bytes, bytes]]], valkey.durable().xrange(name))
        for entry_id, fields in rows:
            entry = read_entry(partition, entry_id.decode(), fields)
            why = getattr(entry.body, "why", "") or f"There is no agency {entry.schema}."
            found.append(Unreadable(partition, entry.id, clock.from_ms(entry_ms(entry.id)), len(entry.payload), why))
    return found


def _entry(row: ParkedEntry) -> Entry:
    return read_entry(
        row.partition, row.entry, {REFUSALS_FIELD if row.is_refusals else ENVELOPE_FIELD: bytes(row.payload)}
    )


def _resend(row: ParkedEntry, entry: Entry, leaves: Leaves) -> Resent:
    try:
        with transaction.atomic():
            look_up_by_index()
            stored = Batch(current_schema(), leaves).store([entry])
            tally = Tally()
            # The batch has counted them as accepted once more, and by what became of them.
            for state in (State.ACCEPTED, State.PARKED):
                tally.note(row.site_id, row.ledger_day, state, count=-row.events)
            ledger_add(tally)
            row.delete()
    except POISON as error:
        return _fail(row, error)
    _tell(stored)
    return Resent(row.events, is_placed=_is_placed(entry))


def _fail(row: ParkedEntry, error: Exception) -> Resent:
    why = error_said(error)
    ParkedEntry.objects.filter(id=row.id).update(error=why, tries=F("tries") + 1, last_tried_at=clock.now())
    logger.warning("entry %s of partition %s stays parked: %s", row.entry, row.partition, why)
    return Resent(row.events, why)


def _tell(stored: Stored) -> None:
    for fact in (*stored.facts, *stored.reached):
        facts.publish(fact)


def _is_placed(entry: Entry) -> bool:
    """Tell whether place and network could be looked up: the keys of addresses are kept for a day."""
    body = entry.body
    if not isinstance(body, Envelope) or not body.sealed_ip:
        return True
    return bool(sealing.open_address(body.sealed_ip, body.seal_hour))
