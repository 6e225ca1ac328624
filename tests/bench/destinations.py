"""A hundred thousand conversions through five destinations of which one request in five fails, by workers that are
killed; and how long an event takes to its provider's 2xx where all are well.

The reference is what can't be spared: ready-made requests by the same HTTP client to a stand-in that looks at nothing.
BENCH_CONVERSIONS makes it smaller; after BENCH_DESTINATIONS_SECONDS (2,400) it ends, wherever it is.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from config.local.folders import CHECKOUT
from tests.bench.arriving import arrivals
from tests.bench.figures import Figure, at_least, below, percentile, plain
from tests.bench.running import watch_up
from tests.bench.world import World

NAME = "destinations"
CONVERSIONS = 100_000
SECONDS = 2_400.0
MEMORY_GOAL_MIB = 300
LATENCY_GOAL_S = 2.0
PROBES = 20


def run(world: World) -> Iterator[Figure]:
    with watch_up() as watch:
        probed = [arrivals(watch, PROBES) for _ in world.repeat()]
    yield below("event sent to provider's 2xx: p50", [percentile(run, 50) for run in probed], "s", LATENCY_GOAL_S)
    yield plain("  p95", [percentile(run, 95) for run in probed], "s")
    conversions = int(os.environ.get("BENCH_CONVERSIONS", CONVERSIONS))
    seconds = float(os.environ.get("BENCH_DESTINATIONS_SECONDS", SECONDS))
    command = [sys.executable, "-m", "tests.bench.delivering", world.schema, str(world.site_id)]
    command += [str(conversions), str(seconds), str(world.root / "bench-workers.log")]
    done = subprocess.run(command, cwd=CHECKOUT, check=True, stdout=subprocess.PIPE)
    yield from _figures(json.loads(done.stdout))


def _figures(found: dict[str, Any]) -> Iterator[Figure]:
    rate = found["sent"] / found["seconds"]
    yield plain("conversions", [found["conversions"]], "")
    yield plain("reference: ready-made requests, one process", [found["reference"]], "requests/s")
    yield plain(f"deliveries sent, {found['threads']} threads in two processes", [rate], "deliveries/s")
    yield plain("  beside the reference", [rate / found["reference"]], "times")
    yield plain("  98% of them, waits before retries cut short", [found["seconds"]], "s")
    yield plain("  all of them", [found["all_seconds"]], "s")
    for name, used in found["cpu"].items():
        yield plain(f"  processor time a delivery: {name}", [used / found["all_sent"] * 1000], "ms")
    yield plain("workers killed meanwhile", [found["kills"]], "")
    yield below("memory of a worker at most", [found["memory_bytes"] / 2**20], "MiB", MEMORY_GOAL_MIB)
    yield plain("requests", [found["requests"]], "")
    for name, count in sorted(found["states"].items()):
        yield plain(f"  {name}", [count], "")
    yield plain("came again, and were dropped by the provider", [found["repeated"]], "")
    yield below("received twice", [found["doubled"]], "", 1)
    yield at_least("all in a final state, and conversions, deliveries and providers agree", [found["agrees"]], "", 1)
