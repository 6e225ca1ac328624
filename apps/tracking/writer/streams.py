"""The writer's end of the event streams in the durable Valkey: read on from a position, trim what is stored."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import cast

import redis

from ..envelope import stream_name
from .entries import id_key

# A batch: as many entries as are there, up to this. Of many agencies' entries it takes more, since each of them costs a
# transaction, however little it holds.
BATCH_ENTRIES = 2_000
ENTRIES_OF_AGENCY = 160
MOST_ENTRIES = 8_000
# Entries that no agency can be told of (not even whose they are can be read) are kept here, this many at most.
UNREADABLE = "unreadable:{{p{partition}}}"
UNREADABLE_KEPT = 1_000

Answer = list[tuple[bytes, list[tuple[bytes, Mapping[bytes, bytes]]]]] | None
RawEntry = tuple[int, str, Mapping[bytes, bytes]]


class Streams:
    def __init__(self, url: str) -> None:
        self._redis = redis.Redis.from_url(url, socket_timeout=10, socket_connect_timeout=5)

    def read(self, positions: Mapping[int, str], *, block_ms: int, agencies: int = 1) -> list[RawEntry]:
        """Return the entries behind `positions` (partition -> last entry done), in order in each partition.

        Waits up to `block_ms` for the first. A busy stream may fill what the others leave of the batch. `agencies`: of
        how many there were entries the last time.
        """
        if not positions:
            return []
        most = min(MOST_ENTRIES, max(BATCH_ENTRIES, ENTRIES_OF_AGENCY * agencies))
        fair = max(1, most // len(positions))
        found = self._read(positions, fair, block_ms)
        entries = [entry for part in found.values() for entry in part]
        busy = {partition: part[-1][1] for partition, part in found.items() if len(part) == fair}
        room = most - len(entries)
        if busy and room >= len(busy):
            more = self._read(busy, room // len(busy), None)
            entries += [entry for part in more.values() for entry in part]
        return entries

    def trim(self, last_entries: Mapping[int, str]) -> None:
        """Drop what is at or below each partition's last entry. One round trip: the server syncs its file once."""
        if not last_entries:
            return
        pipeline = self._redis.pipeline(transaction=False)
        for partition, last_entry in last_entries.items():
            milliseconds, sequence = id_key(last_entry)
            pipeline.xtrim(stream_name(partition), minid=f"{milliseconds}-{sequence + 1}", approximate=False)
        pipeline.execute()

    def backlog(self, partitions: Iterable[int]) -> int:
        """Return how many entries wait in all of `partitions`."""
        pipeline = self._redis.pipeline(transaction=False)
        for partition in partitions:
            pipeline.xlen(stream_name(partition))
        return sum(pipeline.execute())

    def keep_unreadable(self, partition: int, entry_id: str, fields: Mapping[bytes, bytes]) -> None:
        """Keep an entry that belongs to no agency, for an operator to look at."""
        name = UNREADABLE.format(partition=partition)
        # Under its own id, so that one that is read again isn't kept twice: the server refuses it then.
        with suppress(redis.ResponseError):
            self._redis.xadd(name, dict(fields), id=entry_id, maxlen=UNREADABLE_KEPT)  # type: ignore[arg-type]

    def close(self) -> None:
        self._redis.close()

    def _read(self, positions: Mapping[int, str], count: int, block_ms: int | None) -> dict[int, list[RawEntry]]:
        by_name = {stream_name(partition).encode(): partition for partition in positions}
        asked = {stream_name(partition): last for partition, last in positions.items()}
        answer = cast(Answer, self._redis.xread(asked, count=count, block=block_ms))  # type: ignore[arg-type]
        parts: dict[int, list[RawEntry]] = {}
        for name, rows in answer or []:
            partition = by_name[name]
            parts[partition] = [(partition, entry_id.decode(), fields) for entry_id, fields in rows]
        return parts
