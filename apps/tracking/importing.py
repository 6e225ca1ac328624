"""Access logs through the pipeline: the same streams, steps and writer as live events, at a pace that leaves room.

Sent in windows, each noted as read once the writer has stored all of it: an import can be stopped anywhere and resumed,
and lines that are sent again are recognised by their ids (site, line, how often that line has come before in the file).
"""

import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from django.conf import settings
from redis.exceptions import RedisError

from apps.agencies.models import StreamCheckpoint
from apps.core.tenancy import in_schema
from apps.sites.models import Site

from . import sealing, valkey
from .envelope import ENVELOPE_FIELD, Envelope, pack, partition_of, stream_name
from .import_jobs import job_advance, job_finish
from .import_lines import LineReader
from .models import ImportJob
from .writer.entries import id_key
from .writer.heartbeat import writer_state

# Lines whose page views are put together by visitor.
CHUNK_LINES = 500
# Chunks noted as read together, and how many such windows may be on their way.
WINDOW_CHUNKS = 10
WINDOWS_AHEAD = 2
# Entries that may wait for the writer: far below the streams' bound, so that an import turns no live event away.
MOST_WAITING = 2_000
POLL_SECONDS = 0.05
# A writer that is restarted is back within its lease; past this somebody should look.
PATIENCE_SECONDS = 15.0

# Called with the number of lines done since the last call, and with what is waited for ("" when it goes on).
Report = Callable[[int, str], None]


def _silent(lines: int, waiting: str) -> None:
    """Report to nobody."""


@dataclass(frozen=True, slots=True)
class Window:
    """What was sent together: the tally by then, and each partition's last entry."""

    lines: int
    counts: Counter[str]
    unparsed: list[int]
    entries: dict[int, str]


def has_writer() -> bool:
    """Tell whether a writer is there to store what is sent. Raises RedisError."""
    return writer_state() is not None


def import_lines(site: Site, job: ImportJob, lines: Iterable[str], report: Report) -> LineReader:
    """Send all of `lines` through the pipeline, wait until they are stored, and close the job."""
    reader = LineReader(site, job)
    windows: deque[Window] = deque()
    for window in _send(reader, lines, report):
        windows.append(window)
        while len(windows) > WINDOWS_AHEAD:
            _finish(job, windows.popleft(), report)
    while windows:
        _finish(job, windows.popleft(), report)
    job_finish(job)
    return reader


def _send(reader: LineReader, lines: Iterable[str], report: Report) -> Iterator[Window]:
    source = iter(lines)
    entries: dict[int, str] = {}
    chunks = 0
    while chunk := list(islice(source, CHUNK_LINES)):
        sealing.keep()
        append(reader.read(chunk), entries)
        report(len(chunk), "")
        chunks += 1
        if chunks % WINDOW_CHUNKS == 0:
            yield _window(reader, entries)
        if entries:
            wait_for_room(report)
    yield _window(reader, entries)


def _window(reader: LineReader, entries: dict[int, str]) -> Window:
    tally = reader.tally
    return Window(tally.lines, Counter(tally.counts), list(tally.unparsed), dict(entries))


def append(envelopes: Iterable[Envelope], entries: dict[int, str]) -> None:
    """Put envelopes into the streams; `entries` gets each partition's last entry. The caller keeps the sealing keys."""
    pipeline = valkey.durable().pipeline(transaction=False)
    partitions = []
    for envelope in envelopes:
        partition = partition_of(envelope.visitor_id, settings.STREAM_PARTITIONS)
        pipeline.xadd(stream_name(partition), {ENVELOPE_FIELD: pack(envelope)})
        partitions.append(partition)
    for partition, entry_id in zip(partitions, pipeline.execute(), strict=True):
        entries[partition] = entry_id.decode()


def _finish(job: ImportJob, window: Window, report: Report) -> None:
    wait_stored(window.entries, report)
    if window.lines > job.lines_read:
        job_advance(job, lines_read=window.lines, counts=window.counts, unparsed=window.unparsed)


def wait_for_room(report: Report = _silent) -> None:
    """Wait until few enough entries are on their way."""
    _wait(lambda: _waiting() <= MOST_WAITING, report)


def wait_stored(entries: dict[int, str], report: Report = _silent) -> None:
    """Wait until the writer has stored all of `entries`."""
    _wait(lambda: _is_stored(entries), report)


def _is_stored(entries: dict[int, str]) -> bool:
    with in_schema("public"):
        done = dict(StreamCheckpoint.objects.filter(partition__in=entries).values_list("partition", "last_entry"))
    return all(partition in done and id_key(done[partition]) >= id_key(last) for partition, last in entries.items())


def _waiting() -> int:
    pipeline = valkey.durable().pipeline(transaction=False)
    for partition in range(settings.STREAM_PARTITIONS):
        pipeline.xlen(stream_name(partition))
    return sum(pipeline.execute())


def _wait(is_done: Callable[[], bool], report: Report) -> None:
    """Wait for the writer, however long it takes; say so where none is there."""
    since = time.monotonic()
    is_told = False
    while not is_done():
        time.sleep(POLL_SECONDS)
        if not is_told and time.monotonic() - since > PATIENCE_SECONDS and not _has_writer_now():
            report(0, "no writer is running: start it with `make run`; the import goes on by itself then")
            is_told = True
    if is_told:
        report(0, "")


def _has_writer_now() -> bool:
    try:
        return has_writer()
    except RedisError:
        return False
