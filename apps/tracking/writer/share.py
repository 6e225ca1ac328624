"""Store one agency's entries, whatever is among them: one transaction, or halves of it around a poison entry."""

import logging
import re
import traceback
from collections.abc import Iterator, Mapping, Sequence
from datetime import date

import psycopg
from django.db import DataError, IntegrityError, ProgrammingError, connection, transaction

from apps.core import clock
from apps.core.tenancy import in_schema

from ..envelope import Envelope
from ..ledger import State, Tally, ledger_add
from ..models import ParkedEntry
from .batch import Batch, Stored
from .entries import Entry, Unreadable, entry_ms
from .items import FOLDED_KINDS
from .leaves import Leaves
from .positions import entries_fresh, positions_move

logger = logging.getLogger(__name__)

# What an entry's own content can cause, in a step or in the database. Anything else (servers away, a schema that isn't
# migrated, a lock that wasn't given) isn't the entry's fault: it is tried again, and nothing is parked for it.
# COPY speaks to psycopg itself, so its errors don't come as Django's.
POISON = (
    DataError,
    IntegrityError,
    psycopg.DataError,
    psycopg.IntegrityError,
    ValueError,
    TypeError,
    ArithmeticError,
    LookupError,
    AttributeError,
)
# A lone entry is tried so often before it is parked: what isn't its own fault after all may be over by then.
MOST_TRIES = 3
ERROR_LENGTH = 300
QUOTED = re.compile(r'"[^"]*"')
# A batch looks a few thousand rows up by their keys. What the planner knows of a leaf that fills by the thousand is
# always old, and then it reads the whole leaf, or worse, reads it once for each of them.
BY_INDEX = """
SELECT set_config('enable_seqscan', 'off', true), set_config('enable_hashjoin', 'off', true),
  set_config('enable_mergejoin', 'off', true), set_config('max_parallel_workers_per_gather', '0', true),
  set_config('idle_in_transaction_session_timeout', %s, true)
"""
# A writer that is paused in the middle holds its locks no longer than this: a successor waits for them.
PAUSED_MS = 10_000
SCHEMA_EXISTS = "SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = %s)"


def store_share(schema: str, entries: Sequence[Entry], epochs: Mapping[int, int], leaves: Leaves) -> Iterator[Stored]:
    """Store `entries` (in order within each partition) in agency `schema`; yield what came of each transaction.

    What was stored before is skipped. Raises StaleEpoch where a partition is somebody else's by now.
    """
    with in_schema(schema):
        yield from _store(schema, entries, epochs, leaves)


def schema_exists(schema: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(SCHEMA_EXISTS, [schema])
        return bool(cursor.fetchone()[0])


def _store(
    schema: str, entries: Sequence[Entry], epochs: Mapping[int, int], leaves: Leaves, tries: int = 1
) -> Iterator[Stored]:
    try:
        yield _store_together(schema, entries, epochs, leaves)
        return
    except ProgrammingError:
        # A leaf that is gone (retention drops empty ones) isn't named the next time; no entry is to blame.
        leaves.forget(schema)
        raise
    except POISON as error:
        # A missing leaf shows itself by a broken constraint, too.
        leaves.forget(schema)
        why = error_said(error)
    if len(entries) == 1:
        if tries < MOST_TRIES:
            yield from _store(schema, entries, epochs, leaves, tries + 1)
        else:
            yield _park(entries[0], epochs, why)
        return
    middle = len(entries) // 2
    yield from _store(schema, entries[:middle], epochs, leaves)
    yield from _store(schema, entries[middle:], epochs, leaves)


def _store_together(schema: str, entries: Sequence[Entry], epochs: Mapping[int, int], leaves: Leaves) -> Stored:
    leaves.ensure(schema, moments_of(entries))
    with transaction.atomic():
        look_up_by_index()
        fresh = entries_fresh(entries, epochs)
        if not fresh:
            return Stored()
        stored = Batch(schema, leaves).store(fresh)
        positions_move(fresh, epochs)
    return stored


def look_up_by_index() -> None:
    """Prepare the present transaction for a Batch."""
    with connection.cursor() as cursor:
        cursor.execute(BY_INDEX, [str(PAUSED_MS)])


def moments_of(entries: Sequence[Entry]) -> list[int]:
    """Return when the events happened that get a row, in ms since 1970."""
    return [
        event.occurred_ms
        for entry in entries
        if isinstance(entry.body, Envelope)
        for event in entry.body.events
        if event.kind not in FOLDED_KINDS
    ]


def _park(entry: Entry, epochs: Mapping[int, int], why: str) -> Stored:
    """Put an entry that can't be stored aside, with why, so that the rest goes on."""
    now, received_on = clock.now(), _received_on(entry)
    with transaction.atomic():
        if not entries_fresh([entry], epochs):
            return Stored()
        ParkedEntry.objects.create(
            partition=entry.partition,
            entry=entry.id,
            site_id=entry.site_id,
            payload=entry.payload,
            error=why,
            events=entry.events,
            parked_at=now,
            last_tried_at=now,
            received_on=received_on,
            is_refusals=entry.is_refusals,
            tries=MOST_TRIES,
        )
        tally = Tally()
        tally.note(entry.site_id, received_on, State.ACCEPTED, count=entry.events)
        tally.note(entry.site_id, received_on, State.PARKED, count=entry.events)
        ledger_add(tally)
        positions_move([entry], epochs)
    logger.error("entry %s of partition %s is parked: %s", entry.id, entry.partition, why)
    return Stored(tally=tally)


def _received_on(entry: Entry) -> date:
    body = entry.body
    return clock.from_ms(body.received_ms if isinstance(body, Envelope) else entry_ms(entry.id)).date()


def error_said(error: Exception) -> str:
    """Return an error of POISON as it is kept and shown."""
    return f"{type(error).__name__}: {_said(error)}"[:ERROR_LENGTH]


def _said(error: Exception) -> str:
    """Return what went wrong and where, without the values that PostgreSQL and Python quote: they are a visitor's."""
    cause = error if isinstance(error, psycopg.Error) else error.__cause__
    if isinstance(cause, psycopg.Error):
        # What psycopg finds by itself has no diagnosis, and quotes nothing.
        return QUOTED.sub('"..."', cause.diag.message_primary or str(cause))
    if isinstance(error, Unreadable):
        return str(error)
    frames = traceback.extract_tb(error.__traceback__)
    return f"at {frames[-1].name}:{frames[-1].lineno}" if frames else ""
