"""Which partitions are this writer's: leases in public.stream_checkpoint, each with an epoch.

Who takes a partition over raises its epoch. Everything that a former owner (killed, paused, cut off) still tries is
then refused: the checkpoint doesn't move for it, and the agencies' positions carry the epoch too.
"""

import os
import secrets
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction

from apps.agencies.models import StreamCheckpoint
from apps.core.tenancy import in_schema

# Renewed each second; a successor waits for the rest of it. Not shorter, or a busy machine loses leases without need.
LEASE = timedelta(seconds=3)
PUBLIC = "public"

# Moments come from the database's clock, one for all writers, and are passed on as values.
HELD = """
SELECT partition, last_entry, epoch, owner, leased_until, clock_timestamp()
FROM stream_checkpoint WHERE partition = ANY(%s) ORDER BY partition FOR UPDATE
"""
RENEW = "UPDATE stream_checkpoint SET leased_until = %s WHERE partition = ANY(%s) AND owner = %s"
TAKE = """
UPDATE stream_checkpoint SET epoch = epoch + 1, owner = %s, leased_until = %s WHERE partition = ANY(%s)
RETURNING partition, last_entry, epoch
"""
MOVE = """
UPDATE stream_checkpoint SET last_entry = new.last_entry
FROM unnest(%s::smallint[], %s::text[], %s::bigint[]) AS new(partition, last_entry, epoch)
WHERE stream_checkpoint.partition = new.partition AND stream_checkpoint.epoch = new.epoch
RETURNING stream_checkpoint.partition
"""


@dataclass(slots=True)
class Lease:
    """A partition that is ours: up to where it is done, and the epoch under which we may go on."""

    partition: int
    last_entry: str
    epoch: int


def owner_name() -> str:
    return f"{socket.gethostname()[:32]}:{os.getpid()}:{secrets.token_hex(4)}"


class Leases:
    """The partitions of one writer. `held` is what it may work on."""

    def __init__(self, partitions: Iterable[int], owner: str) -> None:
        self.wanted = sorted(partitions)
        self.owner = owner
        self.held: dict[int, Lease] = {}

    def prepare(self) -> None:
        """Make the rows of all wanted partitions."""
        with in_schema(PUBLIC):
            StreamCheckpoint.objects.bulk_create(
                [StreamCheckpoint(partition=partition) for partition in self.wanted], ignore_conflicts=True
            )

    def keep(self) -> None:
        """Renew what is ours, take what is free, let go of what somebody else has taken."""
        with in_schema(PUBLIC), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(HELD, [self.wanted])
            rows = cursor.fetchall()
            if not rows:
                return
            ours, free = self._sorted(rows)
            until: datetime = rows[0][5] + LEASE
            if ours:
                cursor.execute(RENEW, [until, ours, self.owner])
            taken: list[tuple[int, str, int]] = []
            if free:
                cursor.execute(TAKE, [self.owner, until, free])
                taken = cursor.fetchall()
        self.held = {partition: lease for partition, lease in self.held.items() if partition in ours}
        self.held |= {partition: Lease(partition, last_entry, epoch) for partition, last_entry, epoch in taken}

    def move(self, last_entries: Mapping[int, str], epochs: Mapping[int, int]) -> list[int]:
        """Move the checkpoints of partitions; return those that moved: the others aren't ours any more, and are let go.

        `epochs`: those under which the entries were stored.
        """
        partitions = list(last_entries)
        with in_schema(PUBLIC), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                MOVE,
                [partitions, list(last_entries.values()), [epochs[partition] for partition in partitions]],
            )
            moved = [partition for (partition,) in cursor.fetchall()]
        for partition in partitions:
            if partition in moved and partition in self.held:
                self.held[partition].last_entry = last_entries[partition]
            else:
                self.held.pop(partition, None)
        return moved

    def let_go(self, partitions: Iterable[int]) -> None:
        """Forget partitions that turned out to be somebody else's."""
        for partition in list(partitions):
            self.held.pop(partition, None)

    def release(self) -> None:
        """Give everything back, so that a successor needn't wait for the leases to run out."""
        with in_schema(PUBLIC):
            StreamCheckpoint.objects.filter(owner=self.owner).update(owner="", leased_until=None)
        self.held = {}

    def _sorted(self, rows: list[tuple[int, str, int, str, datetime | None, datetime]]) -> tuple[list[int], list[int]]:
        ours, free = [], []
        for partition, _, epoch, owner, leased_until, now in rows:
            mine = self.held.get(partition)
            if mine and owner == self.owner and mine.epoch == epoch:
                ours.append(partition)
            elif leased_until is None or leased_until < now or owner == self.owner:
                free.append(partition)
        return ours, free
