"""Exactly once: each agency knows up to which entry of a partition it has stored, in the transaction that stores it."""

from collections.abc import Mapping, Sequence

from django.db import connection

from .entries import START, Entry, id_key

LOCK = (
    "SELECT partition, last_entry, epoch FROM writer_position WHERE partition = ANY(%s) ORDER BY partition FOR UPDATE"
)
MAKE = """
INSERT INTO writer_position (partition, last_entry, epoch)
SELECT partition, %s, 0 FROM unnest(%s::smallint[]) AS partition ON CONFLICT DO NOTHING
"""
MOVE = """
UPDATE writer_position SET last_entry = new.last_entry, epoch = new.epoch
FROM unnest(%s::smallint[], %s::text[], %s::bigint[]) AS new(partition, last_entry, epoch)
WHERE writer_position.partition = new.partition
"""


class StaleEpoch(Exception):
    """Partitions were written under later epochs (partition -> epoch) than ours: as a rule we were taken for dead."""

    def __init__(self, epochs: dict[int, int]) -> None:
        super().__init__(f"partitions {sorted(epochs)} have a later owner")
        self.epochs = epochs


def entries_fresh(entries: Sequence[Entry], epochs: Mapping[int, int]) -> list[Entry]:
    """Return those of `entries` that the current agency hasn't stored, and lock its positions until commit.

    Raises StaleEpoch where a partition has gone to somebody else.
    """
    partitions = sorted({entry.partition for entry in entries})
    with connection.cursor() as cursor:
        cursor.execute(LOCK, [partitions])
        rows = cursor.fetchall()
        if len(rows) < len(partitions):
            cursor.execute(MAKE, [START, partitions])
            cursor.execute(LOCK, [partitions])
            rows = cursor.fetchall()
    stale = {partition: epoch for partition, _, epoch in rows if epoch > epochs[partition]}
    if stale:
        raise StaleEpoch(stale)
    done = {partition: id_key(last_entry) for partition, last_entry, _ in rows}
    return [entry for entry in entries if id_key(entry.id) > done[entry.partition]]


def positions_move(entries: Sequence[Entry], epochs: Mapping[int, int]) -> None:
    """Note that `entries` (in order within each partition) are stored."""
    last = {entry.partition: entry.id for entry in entries}
    with connection.cursor() as cursor:
        cursor.execute(MOVE, [list(last), list(last.values()), [epochs[partition] for partition in last]])
