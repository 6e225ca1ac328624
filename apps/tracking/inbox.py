"""Durable accept: what the door has taken goes into the event streams, and only then is it answered for.

Asynchronous (`Inbox`): one pipeline in flight a process; whatever arrives meanwhile rides in the next, so that one
sync of the file stands for many events. Synchronous (`append_now`): the same for servers without an event loop, one by
one. Both know their bounds: too much waiting here, or too many bytes in the streams, is `Unavailable`, not memory that
runs out.
"""

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence
from contextvars import Context
from dataclasses import dataclass, field
from typing import NamedTuple

from django.conf import settings
from redis.exceptions import RedisError

from . import measures, valkey
from .envelope import ENVELOPE_FIELD, REFUSALS_FIELD, Refusals, pack, stream_name
from .loading import Unavailable
from .resp import Command, Connection, ErrorReply

logger = logging.getLogger(__name__)

MOST_WAITING = 20_000
MOST_WAITING_BYTES = 32 * 2**20
# One pipeline holds so much at most: the rest waits for the next instead of holding all answers up.
MOST_IN_FLIGHT = 2_000
MOST_IN_FLIGHT_BYTES = 4 * 2**20
LOOK_SECONDS = 0.25
OVERLOAD_RETRY_SECONDS = 1
AWAY_RETRY_SECONDS = 2
FULL_RETRY_SECONDS = 5
# Beyond this share of the server's memory it would soon refuse even the writer's bookkeeping.
MOST_MEMORY_RATIO = 0.6

STREAMS = [stream_name(partition).encode() for partition in range(settings.STREAM_PARTITIONS)]


class Refused(NamedTuple):
    """Events turned away: whose, when, and how many for which reason."""

    schema: str
    site_id: int
    day: str
    counts: dict[str, int]


@dataclass(slots=True)
class Load:
    """What one request has for the streams."""

    envelopes: Sequence[tuple[int, bytes]] = ()
    refused: Refused | None = None

    @property
    def size(self) -> int:
        return sum(len(packed) for _, packed in self.envelopes) + 64


class Merged:
    """Refusals of many requests, summed up by site and day: a flood costs a counter, not an entry each."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, int, str], dict[str, int]] = {}

    def add(self, refused: Refused) -> None:
        counts = self._counts.setdefault((refused.schema, refused.site_id, refused.day), {})
        for reason, count in refused.counts.items():
            counts[reason] = counts.get(reason, 0) + count

    def commands(self) -> list[Command]:
        return [
            append(site_id % len(STREAMS), REFUSALS_FIELD, pack(Refusals(schema, site_id, day, counts)))
            for (schema, site_id, day), counts in self._counts.items()
        ]


def append(partition: int, name: bytes, packed: bytes) -> Command:
    return (b"XADD", STREAMS[partition], b"*", name, packed)


class Memory:
    """Whether the streams are within their bound, by the server's own account and what was added since."""

    def __init__(self) -> None:
        self.looked_at = 0.0
        self._used = 0
        self._added = 0
        self._bound = settings.STREAM_MAX_BYTES

    @property
    def is_full(self) -> bool:
        return self._used + self._added > self._bound

    @property
    def used(self) -> int:
        return self._used

    @property
    def bound(self) -> int:
        return int(self._bound)

    def is_due(self) -> bool:
        return time.monotonic() - self.looked_at > LOOK_SECONDS

    def added(self, size: int) -> None:
        self._added += size

    def look(self, info: Mapping[str, object]) -> None:
        """Take over what `INFO memory` says."""
        self._used, self._added = int(str(info.get("used_memory_dataset", 0))), 0
        memory = int(str(info.get("maxmemory", 0)))
        self._bound = min(settings.STREAM_MAX_BYTES, int(memory * MOST_MEMORY_RATIO) or settings.STREAM_MAX_BYTES)
        self.looked_at = time.monotonic()


def info_of(reply: object) -> dict[str, str]:
    """Return the fields of an INFO reply as it comes over the wire."""
    text = reply.decode() if isinstance(reply, bytes) else ""
    return dict(line.split(":", 1) for line in text.split() if ":" in line)


@dataclass(slots=True)
class Waiting:
    load: Load
    done: "asyncio.Future[None]"
    size: int = field(default=0)


class Inbox:
    """The coalescer of one event loop."""

    def __init__(self, url: str) -> None:
        self.memory = Memory()
        self._connection = Connection(url)
        self._waiting: list[Waiting] = []
        self._waiting_bytes = 0
        self._flusher: asyncio.Task[None] | None = None

    async def put(self, load: Load) -> None:
        """Return when the load is durable. Raises Unavailable; the sender then sends it again, with the same ids."""
        if len(self._waiting) >= MOST_WAITING or self._waiting_bytes >= MOST_WAITING_BYTES:
            raise Unavailable("more arrives than can be stored", OVERLOAD_RETRY_SECONDS)
        loop = asyncio.get_running_loop()
        waiting = Waiting(load, loop.create_future(), load.size)
        self._waiting.append(waiting)
        self._waiting_bytes += waiting.size
        if self._flusher is None:
            # In no request's context: what it logs is about many.
            self._flusher = loop.create_task(self._flush(), context=Context())
        await waiting.done

    async def close(self) -> None:
        """Let what waits go out, then hang up."""
        if self._flusher is not None:
            await asyncio.wait([self._flusher])
        self._connection.close()

    async def _flush(self) -> None:
        try:
            while self._waiting:
                await self._send(self._next())
        finally:
            self._flusher = None
            for left in self._waiting:  # only where this task was cancelled
                _fail(left, Unavailable("shutting down", AWAY_RETRY_SECONDS))
            self._waiting = []

    def _next(self) -> list[Waiting]:
        size = count = 0
        for count, waiting in enumerate(self._waiting, 1):
            size += waiting.size
            if count >= MOST_IN_FLIGHT or size >= MOST_IN_FLIGHT_BYTES:
                break
        batch, self._waiting = self._waiting[:count], self._waiting[count:]
        self._waiting_bytes -= size
        return batch

    async def _send(self, batch: list[Waiting]) -> None:
        if self.memory.is_full and not self.memory.is_due():
            _fail_all(batch, Unavailable("the streams are full", FULL_RETRY_SECONDS))
            return
        try:
            if self.memory.is_due():
                (info,) = await self._connection.call([(b"INFO", b"memory")])
                self.memory.look(info_of(info))
                if self.memory.is_full:
                    _fail_all(batch, Unavailable("the streams are full", FULL_RETRY_SECONDS))
                    return
            await self._append(batch)
        except (OSError, TimeoutError, EOFError, ErrorReply) as error:
            logger.warning("The event streams can't be reached: %s", type(error).__name__)
            _fail_all(batch, Unavailable("the event streams are away", AWAY_RETRY_SECONDS))

    async def _append(self, batch: list[Waiting]) -> None:
        commands: list[Command] = []
        merged = Merged()
        for waiting in batch:
            for partition, packed in waiting.load.envelopes:
                commands.append(append(partition, ENVELOPE_FIELD, packed))
            if waiting.load.refused is not None:
                merged.add(waiting.load.refused)
        began = time.perf_counter()
        replies = await self._connection.call(commands + merged.commands())
        measures.PIPELINE_SECONDS.observe(time.perf_counter() - began)
        measures.PIPELINE_ENTRIES.observe(len(batch))
        self.memory.added(sum(waiting.size for waiting in batch))
        of_envelopes = iter(replies)
        of_refusals = [reply for reply in replies[len(commands) :] if isinstance(reply, Exception)]
        for waiting in batch:
            bad = [reply for _ in waiting.load.envelopes if isinstance(reply := next(of_envelopes), Exception)]
            if waiting.load.refused is not None:
                bad += of_refusals
            if bad:
                _fail(waiting, _unavailable(bad[0]))
            elif not waiting.done.done():
                waiting.done.set_result(None)


def _unavailable(error: Exception) -> Unavailable:
    """Say what a refused append means: out of memory, loading from disk, read-only replica, disk trouble."""
    logger.warning("The event streams refused an entry: %s", str(error).partition(" ")[0])
    full = str(error).startswith("OOM")
    return Unavailable("the streams are full" if full else "the event streams are away", FULL_RETRY_SECONDS)


def _fail(waiting: Waiting, error: Unavailable) -> None:
    if not waiting.done.done():
        waiting.done.set_exception(error)


def _fail_all(batch: list[Waiting], error: Unavailable) -> None:
    for waiting in batch:
        _fail(waiting, error)


_memory = Memory()


def append_now(load: Load) -> None:
    """Append one request's load, blocking. Raises Unavailable."""
    merged = Merged()
    if load.refused is not None:
        merged.add(load.refused)
    commands = [append(partition, ENVELOPE_FIELD, packed) for partition, packed in load.envelopes]
    try:
        if _memory.is_due():
            _memory.look(valkey.durable().info("memory"))
        if _memory.is_full:
            raise Unavailable("the streams are full", FULL_RETRY_SECONDS)
        pipeline = valkey.durable().pipeline(transaction=False)
        for command in commands + merged.commands():
            pipeline.execute_command(*command)  # type: ignore[no-untyped-call]
        pipeline.execute()
    except RedisError as error:
        logger.warning("The event streams can't be reached: %s", type(error).__name__)
        raise Unavailable("the event streams are away", AWAY_RETRY_SECONDS) from error
