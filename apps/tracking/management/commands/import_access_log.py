"""`manage.py import_access_log --agency SLUG --site SITE FILE`: a web server's access log, through the pipeline.

SITE is a site's slug, key or name. FILE is in Apache's or Nginx' combined format, `-` for standard input, `.gz` is
unpacked on the way. May be run twice, stopped and run again: nothing counts twice.
"""

import gzip
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import IO, Any, cast

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import Q
from redis.exceptions import RedisError
from tqdm import tqdm

from apps.agencies.models import Agency
from apps.core import clock
from apps.core.tenancy import in_schema
from apps.sites.models import Site
from apps.tracking.accesslog import parse_line
from apps.tracking.import_jobs import (
    DIGESTED_BYTES,
    ImportSums,
    file_digest,
    import_lock,
    job_begin,
    job_sums,
)
from apps.tracking.import_lines import NOT_PARSED, PAGE_VIEWS, Tally
from apps.tracking.importing import has_writer, import_lines
from apps.tracking.models import ImportJob

STOPPED = 130
SKIP_WORDS = {
    "asset": "assets (images, styles, fonts, downloads)",
    "error": "errors (4xx and 5xx)",
    "redirect": "redirects",
    "method": "other methods than GET",
    "not_http": "no readable request",
    "future": "in the future",
    "too_old": "before the year 2000",
}


@dataclass(slots=True)
class Log:
    """An opened log: its first bytes have been looked at and come again with `lines`."""

    name: str
    head: bytes
    rest: IO[bytes]
    size: int
    total_lines: int | None

    def lines(self) -> Iterator[str]:
        whole = io.BufferedReader(_Chained(self.head, self.rest))
        for line in whole:
            # Whatever bytes a client sent come out the same each time, and none is lost.
            yield line.rstrip(b"\r\n").decode("utf-8", errors="backslashreplace")


class _Chained(io.RawIOBase):
    """The bytes already read, then the others."""

    def __init__(self, head: bytes, rest: IO[bytes]) -> None:
        self._head = memoryview(head)
        self._rest = rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        size = len(buffer)
        part: bytes | memoryview = self._head[:size]
        if part:
            self._head = self._head[size:]
        else:
            part = self._rest.read(size)
        buffer[: len(part)] = part
        return len(part)


class Command(BaseCommand):
    help = (
        "Imports an access log (Apache's or Nginx' combined format) through the pipeline. May be run twice and resumed."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--agency", required=True, help="the agency's slug")
        parser.add_argument("--site", required=True, help="the site's slug, key or name")
        parser.add_argument("--yes", action="store_true", help="import lines older than the site's retention unasked")
        parser.add_argument("file", help="the log; - for standard input; .gz is unpacked")

    def handle(self, *args: Any, **options: Any) -> None:
        agency = Agency.objects.filter(slug=options["agency"]).first()
        if agency is None:
            known = ", ".join(Agency.objects.order_by("slug").values_list("slug", flat=True)[:20])
            raise CommandError(f"There is no agency {options['agency']!r}. There are: {known or 'none yet'}.")
        with in_schema(agency.schema_name), _opened(options["file"]) as log:
            site = _site(options["site"])
            self._require_room(site, log, is_sure=options["yes"])
            _require_writer()
            if not import_lock(site.id):
                raise CommandError(f"Another import into {site.name} is running: wait for it or stop it.")
            self._run(site, log)

    def _require_room(self, site: Site, log: Log, *, is_sure: bool) -> None:
        """Say before it starts that the log is older than what the site keeps."""
        first = next((line.at for line in map(parse_line, _first_lines(log.head)) if line), None)
        if first is None or site.retention_days is None:
            return
        if first >= clock.now() - timedelta(days=site.retention_days):
            return
        warning = (
            f"{log.name} begins on {first:%d %B %Y}, but {site.name} keeps {site.retention_days} days: "
            f"what is older will be deleted again within the hour. (The site's settings say how long is kept.)"
        )
        self.stderr.write(warning)
        if is_sure:
            return
        if not sys.stdin.isatty() or log.name == "standard input":
            raise CommandError("Nothing was imported. Add --yes to import it all the same.")
        if input("Import it all the same? [y/N] ").strip().lower() not in {"y", "yes"}:
            raise CommandError("Nothing was imported.")

    def _run(self, site: Site, log: Log) -> None:
        job = job_begin(site_id=site.id, file_name=log.name, digest=file_digest(log.head, log.size))
        if job.lines_read:
            self.stderr.write(f"Going on after line {job.lines_read:,}, where an earlier run was stopped.")
        # Not on self.stderr, which ends what it writes with a new line; without a terminal there is no bar.
        bar = tqdm(total=log.total_lines, unit=" lines", unit_scale=True, desc=log.name[-30:], disable=None)

        def report(lines: int, waits_for: str) -> None:
            bar.update(lines)
            bar.set_postfix_str(waits_for)

        try:
            with bar:
                reader = import_lines(site, job, log.lines(), report)
        except KeyboardInterrupt:
            self.stderr.write(f"Stopped: {job.lines_read:,} lines are done. The same command goes on from there.")
            raise SystemExit(STOPPED) from None
        self._sum_up(reader.tally, job, job_sums(job))

    def _sum_up(self, tally: Tally, job: ImportJob, sums: ImportSums) -> None:
        views = tally.counts[PAGE_VIEWS]
        repeated = views - sums.stored - sums.parked
        self._line("lines read", tally.lines)
        self._line("page views stored", sums.stored)
        self._line("  counted as people's", sums.people, f"in {sums.visits:,} visits")
        for reason, count in sorted(sums.set_aside.items()):
            self._line(f"  set aside: {reason}", count)
        self._line("repeated (stored before)", repeated)
        if sums.parked:
            self._line("parked (couldn't be stored)", sums.parked)
        skipped = {reason: tally.counts[reason] for reason in SKIP_WORDS if tally.counts[reason]}
        self._line("no page views", sum(skipped.values()))
        for reason, count in skipped.items():
            self._line(f"  {SKIP_WORDS[reason]}", count)
        lines = ", ".join(str(number) for number in tally.unparsed)
        more = ", ..." if tally.counts[NOT_PARSED] > len(tally.unparsed) else ""
        self._line("not parsed", tally.counts[NOT_PARSED], f"line {lines}{more}" if lines else "")

    def _line(self, name: str, count: int, note: str = "") -> None:
        self.stdout.write(f"{name:<44}{count:>12,}  {note}".rstrip())


@contextmanager
def _opened(name: str) -> Iterator[Log]:
    """Open a log. Raises CommandError where it can't be read."""
    if name == "-":
        head = sys.stdin.buffer.read(DIGESTED_BYTES)
        yield Log("standard input", head, sys.stdin.buffer, 0, None)
        return
    path = Path(name)
    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == b"\x1f\x8b"
            total = None if packed else _count_lines(raw)
            raw.seek(0)
            source: IO[bytes] = cast(IO[bytes], gzip.GzipFile(fileobj=raw)) if packed else raw
            head = source.read(DIGESTED_BYTES)
            yield Log(path.name, head, source, os.fstat(raw.fileno()).st_size, total)
    except (OSError, EOFError) as error:
        raise CommandError(
            f"{name} can't be read: {error.strerror if isinstance(error, OSError) else error}."
        ) from error


def _count_lines(raw: IO[bytes]) -> int:
    raw.seek(0)
    count, last = 0, b"\n"
    while block := raw.read(2**20):
        count += block.count(b"\n")
        last = block[-1:]
    return count + (last != b"\n")


def _first_lines(head: bytes) -> list[str]:
    return [line.rstrip(b"\r").decode("utf-8", errors="backslashreplace") for line in head.split(b"\n")[:1000]]


def _site(name: str) -> Site:
    found = list(Site.objects.filter(Q(slug=name) | Q(site_key=name) | Q(name=name))[:2])
    if len(found) == 1:
        return found[0]
    known = ", ".join(Site.objects.order_by("slug").values_list("slug", flat=True)[:20])
    raise CommandError(
        f"There is {'more than one' if found else 'no'} site {name!r}. There are: {known or 'none yet'}."
    )


def _require_writer() -> None:
    try:
        is_there = has_writer()
    except RedisError as error:
        raise CommandError("Beacon's servers aren't running: start them with `make run` first.") from error
    if not is_there:
        raise CommandError("No writer is running, so nothing would be stored: start Beacon with `make run` first.")
