"""The writer as a process of its own, storing what the suite's streams hold into the test database."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import urlsplit, urlunsplit

import psycopg
from django.conf import settings
from django.db import connection

from apps.agencies.models import StreamCheckpoint
from apps.core.tenancy import in_schema
from apps.tracking import valkey
from apps.tracking.envelope import ENVELOPE_FIELD, Envelope, pack, partition_of, stream_name
from apps.tracking.writer.entries import id_key
from config.local.deadline import wait_until
from config.local.folders import CHECKOUT

PATIENCE_SECONDS = 40.0


def database_url() -> str:
    """Return the URL of the test database, for processes that don't know they are in a test."""
    parts = urlsplit(settings.DATABASE_URL)
    return urlunsplit(parts._replace(path=f"/{connection.settings_dict['NAME']}"))


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    own = {
        "DJANGO_SETTINGS_MODULE": "config.settings.test",
        "DATABASE_URL": database_url(),
        "REDIS_URL": settings.REDIS_URL,
        "REDIS_CACHE_URL": settings.REDIS_CACHE_URL,
        "CELERY_BROKER_URL": settings.CELERY_BROKER_URL,
        "CHANNELS_URL": settings.CHANNELS_URL,
    }
    return os.environ | own | dict(extra or {})


@contextmanager
def writer(extra: Mapping[str, str] | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """Run a writer while the block runs; it is killed at the end, whatever it does then."""
    process = subprocess.Popen([sys.executable, "manage.py", "run_writer"], cwd=CHECKOUT, env=environment(extra))
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGCONT)
            process.kill()
        process.wait(PATIENCE_SECONDS)


def send(*envelopes: Envelope) -> dict[int, str]:
    """Put envelopes into the streams as the door does; return the last entry of each partition."""
    last = {}
    for body in envelopes:
        partition = partition_of(body.visitor_id, settings.STREAM_PARTITIONS)
        answer = valkey.durable().xadd(stream_name(partition), {ENVELOPE_FIELD: pack(body)})
        last[partition] = bytes(answer).decode()  # type: ignore[arg-type]
    return last


def is_done(entries: Mapping[int, str]) -> bool:
    """Tell whether the writers' checkpoints have passed `entries`."""
    with in_schema("public"):
        rows = dict(StreamCheckpoint.objects.filter(partition__in=entries).values_list("partition", "last_entry"))
    return all(partition in rows and id_key(rows[partition]) >= id_key(last) for partition, last in entries.items())


def wait_done(entries: Mapping[int, str]) -> None:
    assert wait_until(lambda: is_done(entries), seconds=PATIENCE_SECONDS), "the writer hasn't stored it all"


def is_somebody_waiting_for_a_lock() -> bool:
    with psycopg.connect(database_url()) as watcher:
        row = watcher.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        ).fetchone()
    return row is not None and row[0] > 0


def clear_streams() -> None:
    valkey.durable().flushdb()
    valkey.volatile().flushdb()
    with in_schema("public"):
        StreamCheckpoint.objects.all().delete()
