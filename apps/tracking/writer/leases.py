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
PASS = "UPDATE stream_checkpoint SET epoch = %s WHERE partition = %s AND owner = %s AND epoch = %s"


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

    def keep(self) -> list[Lease]:
        """Renew what is ours, take what is free, let go of what somebody else has taken; return the newly taken."""
        with in_schema(PUBLIC), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(HELD, [self.wanted])
            rows = cursor.fetchall()
            if not rows:
                return []
            ours, free = self._sorted(rows)
            until: datetime = rows[0][5] + LEASE
            if ours:
                cursor.execute(RENEW, [until, ours, self.owner])
            taken: list[tuple[int, str, int]] = []
            if free:
                cursor.execute(TAKE, [self.owner, until, free])
                taken = cursor.fetchall()
        self.held = {partition: lease for partition, lease in self.held.items() if partition in ours}
        new = [Lease(partition, last_entry, epoch) for partition, last_entry, epoch in taken]
        self.held |= {lease.partition: lease for lease in new}
        return new

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

    def overtaken(self, epochs: Mapping[int, int]) -> None:
        """Deal with partitions that an agency has seen under later `epochs` than ours: they aren't ours any more.

        If they still are (the checkpoints were lost or come from an older backup), our epoch goes past those.
        """
        with in_schema(PUBLIC), transaction.atomic(), connection.cursor() as cursor:
            for partition, seen in epochs.items():
                lease = self.held.pop(partition, None)
                if lease is None:
                    continue
                cursor.execute(PASS, [seen + 1, partition, self.owner, lease.epoch])
                if cursor.rowcount:
                    self.held[partition] = Lease(partition, lease.last_entry, seen + 1)

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
