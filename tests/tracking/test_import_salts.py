"""The salts of an import go with it, and with one that was broken off for good."""

from datetime import date, timedelta

from apps.core import clock
from apps.core.tenancy import current_schema
from apps.tracking.import_jobs import ABANDONED_AFTER, Salts, job_begin
from apps.tracking.models import ImportJob
from apps.tracking.tasks import agency_retention_enforce
from tests.cast import Cast


def broken_off(cast: Cast, ago: timedelta) -> ImportJob:
    job = job_begin(site_id=cast.site.id, file_name="access.log", digest=str(ago).encode())
    Salts(job).of(date(2026, 11, 1))
    ImportJob.objects.filter(id=job.id).update(started_at=clock.now() - ago)
    return job


def test_a_broken_off_imports_salts_are_destroyed_in_the_end(in_alder: Cast) -> None:
    old = broken_off(in_alder, ABANDONED_AFTER + timedelta(hours=1))
    young = broken_off(in_alder, ABANDONED_AFTER - timedelta(hours=1))
    agency_retention_enforce(current_schema())
    for job in (old, young):
        job.refresh_from_db()
    assert old.salts_wrapped is None
    assert young.salts_wrapped is not None


def test_an_import_that_is_resumed_later_makes_new_ones(in_alder: Cast) -> None:
    job = broken_off(in_alder, ABANDONED_AFTER * 2)
    agency_retention_enforce(current_schema())
    job.refresh_from_db()
    assert Salts(job).of(date(2026, 11, 1))
