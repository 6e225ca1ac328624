"""Is the process alive, can it do its work, and is that work's result stored in time?

Each part is named, so that a red light says where to look. A lag beyond BEACON_READY_MAX_LAG is red although events are
still taken and kept: somebody must look before the streams are full. Whether they are taken is said beside it.
"""

import threading
import time
from collections.abc import Callable

import msgspec
from django.conf import settings
from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from redis.exceptions import RedisError

from apps.agencies.models import StreamCheckpoint

from . import valkey
from .envelope import stream_name
from .inbox import Memory
from .tracker_file import tracker_version
from .writer.heartbeat import writer_state

VERSION = "0.1.0"
HEADERS = {"Cache-Control": "no-store", "Access-Control-Allow-Origin": "*"}
# Who asks more often gets the last answer: a public address may cost the database nothing.
REMEMBERED_SECONDS = 0.5
# A writer's sign of life outlives it by so long, and a restarted one is back before that.
MISSING_SECONDS = 10.0


class Check(msgspec.Struct):
    """One part. `is_needed`: without it this isn't ready. `is_vital`: without it nothing can be accepted."""

    ok: bool
    is_needed: bool
    says: str
    seconds: float | None = None
    is_vital: bool = True


def alive() -> dict[str, str]:
    return {"status": "ok", "version": VERSION, "tracker": tracker_version()}


class Readiness:
    """The checks of a process, asked at most twice a second.

    `has_routes`: whether known sites could be served without the database.
    """

    def __init__(self, has_routes: Callable[[], bool]) -> None:
        self._has_routes = has_routes
        self._lock = threading.Lock()
        self._until = 0.0
        self._checks: dict[str, Check] = {}

    def look(self) -> tuple[bool, dict[str, Check]]:
        """Return whether all that is needed is well, and each check. Blocks for some seconds at worst."""
        with self._lock:
            if time.monotonic() > self._until:
                self._checks = self._look()
                self._until = time.monotonic() + REMEMBERED_SECONDS
            checks = self._checks
        return all(check.ok for check in checks.values() if check.is_needed), checks

    def _look(self) -> dict[str, Check]:
        database, checkpoints = check_database(is_needed=not self._has_routes())
        durable, oldest = check_durable(checkpoints)
        volatile = check_volatile()
        return {
            "durable": durable,
            "volatile": volatile,
            "database": database,
            "writer": check_writer(oldest, is_known=durable.ok, is_there=not volatile.ok or has_writer()),
        }


def check_database(*, is_needed: bool) -> tuple[Check, dict[int, str]]:
    """Return the database's check and the writer's checkpoints by partition."""
    try:
        checkpoints = dict(StreamCheckpoint.objects.values_list("partition", "last_entry"))
    except DatabaseError as error:
        return Check(False, is_needed, f"is away ({type(error).__name__})"), {}
    return Check(True, is_needed, "answers"), checkpoints


def check_durable(checkpoints: dict[int, str]) -> tuple[Check, list[str]]:
    """Return the streams' check and, of each stream, the first entry that the writer hasn't stored."""
    memory = Memory()
    try:
        pipeline = valkey.durable().pipeline(transaction=False)
        pipeline.info("memory")
        for partition in range(settings.STREAM_PARTITIONS):
            pipeline.xrange(stream_name(partition), min=f"({checkpoints.get(partition, '0-0')}", count=1)
        info, *starts = pipeline.execute()
    except RedisError as error:
        return Check(False, True, f"the event streams are away ({type(error).__name__})"), []
    memory.look(info)
    oldest = [start[0][0].decode() for start in starts if start]
    if memory.is_full:
        return Check(False, True, f"the event streams are full: {memory.used} of {memory.bound} bytes"), oldest
    return Check(True, True, f"{memory.used} of {memory.bound} bytes are used"), oldest


def check_volatile() -> Check:
    try:
        valkey.volatile().ping()
    except RedisError as error:
        return Check(False, False, f"limits, live pages and messages are without their server ({type(error).__name__})")
    return Check(True, False, "answers")


def has_writer() -> bool:
    """Return whether a writer has given a sign of life, or may have: with "volatile" away nobody can tell."""
    try:
        return writer_state() is not None
    except RedisError:
        return True


def check_writer(oldest: list[str], *, is_known: bool, is_there: bool = True) -> Check:
    """Return how long the longest waiting entry has been waiting for the writer, and whether that is too long.

    `is_there`: whether a writer has given a sign of life, as far as that can be told.
    """
    if not is_known:
        return Check(False, False, "can't be told without the streams", is_vital=False)
    lag = max(0.0, round(max((time.time() - moment_of(entry) for entry in oldest), default=0.0), 3))
    if lag > settings.READY_MAX_LAG:
        return Check(False, True, f"hasn't stored anything for {lag:.0f} s; events are still kept", lag, is_vital=False)
    if not is_there and lag > MISSING_SECONDS:
        return Check(False, True, f"is missing, and entries wait for {lag:.0f} s; events are still kept", lag, False)
    return Check(True, True, "stores what arrives", lag, is_vital=False)


def moment_of(entry: str) -> float:
    """Return when an entry was added, in seconds since 1970: its id begins with the server's time."""
    return int(entry.partition("-")[0]) / 1000


def body_of(is_ready: bool, checks: dict[str, Check]) -> dict[str, object]:
    said = {
        name: {"ok": check.ok, "says": check.says} | ({} if check.seconds is None else {"lag_seconds": check.seconds})
        for name, check in checks.items()
    }
    status = "ready" if is_ready else "not ready"
    return {"status": status, "accepts": accepts(checks), "version": VERSION, "checks": said}


def accepts(checks: dict[str, Check]) -> bool:
    """Return whether events are taken and kept, whoever else is in trouble."""
    return all(check.ok for check in checks.values() if check.is_needed and check.is_vital)


readiness = Readiness(has_routes=lambda: False)


def health(request: HttpRequest) -> HttpResponse:
    """200: the process is alive."""
    return JsonResponse(alive(), headers=HEADERS)


def ready(request: HttpRequest) -> HttpResponse:
    """200: events are accepted and stored in time; 503: they aren't, and why. `accepts` says whether they are kept."""
    is_ready, checks = readiness.look()
    return JsonResponse(body_of(is_ready, checks), status=200 if is_ready else 503, headers=HEADERS)
