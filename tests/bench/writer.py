"""The writer: events a second from the streams into sessions and rows, beside plain COPY of the same rows."""

import json
import subprocess
import sys
from collections.abc import Iterator

from config.local.folders import CHECKOUT
from tests.bench.figures import Figure, at_least, below, plain
from tests.bench.world import World

NAME = "writer"
# What one second of a run is filled with, roughly: visits of nine events each.
VISITS_A_SECOND = 1_500


def run(world: World) -> Iterator[Figure]:
    one = _measure(world, agencies=1)
    yield at_least("stored with all steps, 1 agency", one["events"], "events/s", 12_000)
    yield plain("  processor time of the writer", one["writer_us"], "us/event")
    yield plain("  processor time of PostgreSQL", one["database_us"], "us/event")
    yield plain("copy.write_row of the same rows into the same leaf", one["copied"], "rows/s")
    ratios = [events / copied for events, copied in zip(one["events"], one["copied"], strict=True)]
    yield at_least("writer beside copy", ratios, "of its rate", 0.2)
    yield below("on disk for a page view, indexes and visits included", one["disk"], "bytes", 500)
    yield plain("  where events had piled up", one["disk_piled_up"], "bytes")
    many = _measure(world, agencies=50)
    yield at_least("stored with all steps, 50 agencies", many["events"], "events/s", 5_000)
    yield plain("  processor time of the writer", many["writer_us"], "us/event")
    yield plain("  processor time of PostgreSQL", many["database_us"], "us/event")


def _measure(world: World, *, agencies: int) -> dict[str, list[float]]:
    """Measure in a process of its own, since Django's settings belong to one world for a process' life."""
    visits = int(VISITS_A_SECOND * world.seconds)
    command = [sys.executable, "-m", "tests.bench.writing", str(agencies), str(visits), str(world.runs)]
    done = subprocess.run(command, cwd=CHECKOUT, check=True, stdout=subprocess.PIPE, text=True)
    figures: dict[str, list[float]] = json.loads(done.stdout.splitlines()[-1])
    return figures
