"""Imports of access logs: which file, how far, under which salts, and what became of it."""

import hashlib
import os
from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta

import msgspec
from django.db import connection
from django.db.models import Sum

from apps.core import clock
from apps.core.crypto import KEY_BYTES, seal, unseal
from apps.core.tenancy import current_schema

from .models import ImportJob, ParkedEntry, Session

PURPOSE = "import-salts"
DIGESTED_BYTES = 2**20
# An import that was broken off so long ago will hardly be gone on with.
ABANDONED_AFTER = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class ImportSums:
    """What the writer has made of an import so far. Page views, set-aside ones by reason."""

    people: int
    set_aside: dict[str, int]
    visits: int
    parked: int

    @property
    def stored(self) -> int:
        return self.people + sum(self.set_aside.values())


class Salts:
    """A salt for each imported day, so that its visitors have ids that no other day or import shares."""

    def __init__(self, job: ImportJob) -> None:
        self._job = job
        self._salts = _unwrap(job)

    def of(self, day: date) -> bytes:
        """Return the day's salt; a new one is kept with the job before it is used, for a resumed run."""
        key = day.isoformat()
        salt = self._salts.get(key)
        if salt is None:
            salt = self._salts[key] = os.urandom(KEY_BYTES)
            self._job.salts_wrapped = seal(PURPOSE, msgspec.json.encode(self._salts), salts_context(self._job.id))
            self._job.save(update_fields=["salts_wrapped"])
        return salt


def job_begin(*, site_id: int, file_name: str, digest: bytes) -> ImportJob:
    """Return the unfinished import of the same file, if there is one, else a new one."""
    unfinished = ImportJob.objects.filter(site_id=site_id, digest=digest, finished_at=None).order_by("-id").first()
    if unfinished is not None:
        return unfinished
    return ImportJob.objects.create(site_id=site_id, file_name=file_name, digest=digest, started_at=clock.now())


def job_advance(job: ImportJob, *, lines_read: int, counts: Counter[str], unparsed: list[int]) -> None:
    """Note that all lines up to `lines_read` are stored, and what they were."""
    job.lines_read, job.counts, job.unparsed = lines_read, dict(counts), unparsed
    job.save(update_fields=["lines_read", "counts", "unparsed"])


def job_finish(job: ImportJob) -> None:
    """Close the import and destroy its salts: from now on nobody can tell who its visitors were."""
    job.finished_at, job.salts_wrapped = clock.now(), None
    job.save(update_fields=["finished_at", "salts_wrapped"])


def salts_forget_abandoned() -> int:
    """Destroy the salts of imports that nobody has gone on with, and return how many. May run any number of times.

    One that is resumed all the same makes new ones: its lines still count once each, but who was in both parts, twice.
    """
    left = ImportJob.objects.filter(finished_at=None, salts_wrapped__isnull=False)
    return left.filter(started_at__lt=clock.now() - ABANDONED_AFTER).update(salts_wrapped=None)


def job_sums(job: ImportJob) -> ImportSums:
    """Return what is stored of an import. Two queries."""
    rows = Session.objects.filter(import_id=job.id).values("set_aside").annotate(pages=Sum("pageviews"))
    by_reason = {row["set_aside"]: row["pages"] for row in rows}
    parked = ParkedEntry.objects.filter(site_id=job.site_id, parked_at__gte=job.started_at).aggregate(n=Sum("events"))
    return ImportSums(
        people=by_reason.pop("", 0),
        set_aside=by_reason,
        visits=Session.objects.filter(import_id=job.id, set_aside="").count(),
        parked=parked["n"] or 0,
    )


def import_lock(site_id: int) -> bool:
    """Take the site's import lock until the connection closes; False where another import of this site is running."""
    key = hashlib.blake2b(f"import\x1f{current_schema()}\x1f{site_id}".encode(), digest_size=8).digest()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [int.from_bytes(key, "big", signed=True)])
        return bool(cursor.fetchone()[0])


def file_digest(head: bytes, size: int) -> bytes:
    """Return what tells a file from others without reading all of it: its first MiB and its length (0: a pipe's)."""
    return hashlib.sha256(head[:DIGESTED_BYTES] + size.to_bytes(8, "big")).digest()


def salts_context(job_id: int) -> bytes:
    """Return what a job's salts are sealed with besides the key, in its agency's schema."""
    return f"{current_schema()}:{job_id}".encode()


def _unwrap(job: ImportJob) -> dict[str, bytes]:
    if job.salts_wrapped is None:
        return {}
    clear = unseal(PURPOSE, job.salts_wrapped, salts_context(job.id))
    return msgspec.json.decode(clear, type=dict[str, bytes])
