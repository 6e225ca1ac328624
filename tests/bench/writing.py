"""Measure the writer process: fill the streams while it is held, let it go, wait until all is stored. Prints JSON."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from itertools import count, islice
from typing import Any

import django
import psutil

from config.local.deadline import wait_until
from config.local.folders import CHECKOUT

_runs = count(1)
PATIENCE_SECONDS = 300.0
POLL_SECONDS = 0.02
WARM_UP_VISITS = 200
DISK_RUNS = 2
DISK_VISITS = 3_000
# Entries that are stored before the next come, as at some 700 a second; and all that a batch takes.
AS_IT_COMES = 150
PILED_UP = 2_000
# Each run's visits follow those of the run before, as time goes on, from so long ago on: enough for 28 runs.
BEGAN_SECONDS_AGO = 6 * 3600


def main(agencies: int, visits: int, runs: int) -> dict[str, list[float]]:
    django.setup()
    places = _places(agencies)
    figures: dict[str, list[float]] = {"events": [], "writer_us": [], "database_us": [], "copied": []}
    with _writer() as writer:
        _run(writer, places, WARM_UP_VISITS)
        if agencies == 1:
            figures["disk"] = [_disk_of_view(places, min(visits, DISK_VISITS), AS_IT_COMES)]
            figures["disk_piled_up"] = [_disk_of_view(places, visits, PILED_UP)]
        for _ in range(runs):
            for name, value in _run(writer, places, visits).items():
                figures[name].append(value)
            if agencies == 1:
                figures["copied"].append(_copy(places[0][0]))
    return figures


@contextmanager
def _writer() -> Iterator[psutil.Process]:
    from apps.tracking.importing import has_writer

    with open(os.path.join(os.environ["BEACON_DATA_DIR"], "bench-writer.log"), "ab") as log:
        process = subprocess.Popen([sys.executable, "manage.py", "run_writer"], cwd=CHECKOUT, stdout=log, stderr=log)
    try:
        if not wait_until(has_writer, seconds=PATIENCE_SECONDS):
            raise SystemExit("the writer hasn't started")
        yield psutil.Process(process.pid)
    finally:
        process.send_signal(signal.SIGCONT)
        process.terminate()
        process.wait(PATIENCE_SECONDS)


def _run(writer: psutil.Process, places: list[tuple[str, int]], visits: int) -> dict[str, float]:
    """Have the writer store `visits` that have piled up."""
    from tests.bench.visits import EVENTS_OF_VISIT
    from tests.bench.world import cpu_seconds

    writer.suspend()
    for _ in _appended(places, visits, PILED_UP):
        pass
    used, database_used = cpu_seconds(writer), database_seconds()
    began = time.perf_counter()
    writer.resume()
    _wait_until_stored()
    took, events = time.perf_counter() - began, visits * EVENTS_OF_VISIT
    return {
        "events": events / took,
        "writer_us": (cpu_seconds(writer) - used) / events * 1e6,
        "database_us": (database_seconds() - database_used) / events * 1e6,
    }


def _appended(places: list[tuple[str, int]], visits: int, together: int) -> Iterator[None]:
    """Append `visits` to the streams, in the order of their time; yield after so many entries `together`."""
    from apps.tracking import valkey
    from apps.tracking.envelope import stream_name
    from tests.bench.visits import entries

    pipeline = valkey.durable().pipeline(transaction=False)
    arriving = entries(places, visits, seed=time.time_ns(), until_ms=_until_ms())
    while some := list(islice(arriving, together)):
        for partition, payload in some:
            pipeline.xadd(stream_name(partition), {"e": payload})
        pipeline.execute()
        yield


def _wait_until_stored() -> None:
    from django.conf import settings

    from apps.tracking import valkey
    from apps.tracking.envelope import stream_name

    def is_empty() -> bool:
        pipeline = valkey.durable().pipeline(transaction=False)
        for partition in range(settings.STREAM_PARTITIONS):
            pipeline.xlen(stream_name(partition))
        return not any(pipeline.execute())

    if not wait_until(is_empty, seconds=PATIENCE_SECONDS, every=POLL_SECONDS):
        raise SystemExit("the writer hasn't stored it all")


@cache
def _first_ms() -> int:
    from apps.core import clock

    return clock.now_ms() - 1000 * BEGAN_SECONDS_AGO


def _until_ms() -> int:
    """Return the moment at which the next run's visits have ended."""
    from tests.bench.visits import SPAN_SECONDS, VISIT_SECONDS

    return _first_ms() + 1000 * (SPAN_SECONDS + VISIT_SECONDS) * next(_runs)


def _disk_of_view(places: list[tuple[str, int]], visits: int, together: int) -> float:
    """Return the bytes on disk of a page view: all tables of the agency with their indexes, visits included.

    As in a database that runs on: what an update leaves behind has been vacuumed and is filled again.
    """
    from tests.bench.visits import PAGES

    sizes = []
    for _ in range(1 + DISK_RUNS):
        for _ in _appended(places, visits, together):
            if together != PILED_UP:
                _wait_until_stored()
        _wait_until_stored()
        sizes.append(_vacuumed(places[0][0]))
    return (sizes[-1] - sizes[0]) / (DISK_RUNS * visits * PAGES)


def _vacuumed(schema: str) -> int:
    from django.db import connection

    from apps.core.tenancy import in_schema
    from apps.tracking.partitions import leaf_list

    with in_schema(schema), connection.cursor() as cursor:
        for name in ("session", *(leaf.name for leaf in leaf_list())):
            cursor.execute(f"VACUUM {name}")
    return _disk(schema)


def _disk(schema: str) -> int:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sum(pg_total_relation_size(c.oid)) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace "
            "WHERE nspname = %s AND relkind = 'r'",
            [schema],
        )
        return int(cursor.fetchone()[0])


def _copy(schema: str) -> float:
    """Return the rows a second of COPY by write_row: the rows that the writer has stored, once more under other ids."""
    from django.db import connection, transaction

    from apps.core.ids import uuid7
    from apps.core.tenancy import in_schema
    from apps.tracking.writer.event_rows import COLUMNS, COPY

    names = ", ".join(f"{name}::text" if name in ("items", "props", "target") else name for name in COLUMNS)
    with in_schema(schema), connection.cursor() as cursor:
        cursor.execute(f"SELECT {names} FROM event ORDER BY received_at DESC LIMIT 50000")
        rows: list[tuple[Any, ...]] = [(row[0], uuid7(), *row[2:]) for row in cursor.fetchall()]
        began = time.perf_counter()
        with transaction.atomic(), cursor.copy(COPY) as copy:
            for row in rows:
                copy.write_row(row)
        took = time.perf_counter() - began
        cursor.execute("DELETE FROM event WHERE event_id = ANY(%s)", [[row[1] for row in rows]])
    return len(rows) / took


def database_seconds() -> float:
    """Return the processor time of all PostgreSQL processes of this world."""
    from tests.bench.world import cpu_seconds

    total = 0.0
    for process in _postgres().children(recursive=True):
        total += cpu_seconds(process)
    return total


def _postgres() -> psutil.Process:
    with open(os.path.join(os.environ["BEACON_DATA_DIR"], "services.json"), encoding="utf-8") as file:
        return psutil.Process(json.load(file)["pids"]["postgres"])


def _places(agencies: int) -> list[tuple[str, int]]:
    from apps.agencies.models import Agency
    from apps.agencies.services import agency_create
    from apps.agencies.services.users import user_create
    from apps.core.tenancy import in_schema
    from apps.sites.services import client_create, site_create
    from apps.tracking import partitions

    places = []
    for number in range(agencies):
        slug = f"writer{agencies}-{number}"
        owner = user_create(email=f"{slug}@example.com", name=slug, password="bench-bench-bench", is_confirmed=True)
        agency: Agency = agency_create(name=slug, slug=slug, owner=owner)
        schema = str(agency.schema_name)
        with in_schema(schema):
            partitions.make_ahead()
            places.append((schema, site_create(client=client_create(name="C"), name="S", domains=["bench.example"]).id))
    return places


if __name__ == "__main__":
    print(json.dumps(main(*(int(argument) for argument in sys.argv[1:4]))))
