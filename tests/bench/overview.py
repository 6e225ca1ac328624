"""The overview of a site with 10 million events: every panel, unfiltered and with one and three filters.

As the views answer it, over HTTP's test client, in milliseconds; of each group the slowest panel. The reference is one
panel counted from raw rows in the same run. `BEACON_BENCH_EVENTS` makes it smaller.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator

from config.local.folders import CHECKOUT
from tests.bench.figures import Figure, below, plain
from tests.bench.world import World

NAME = "overview"
EVENTS = 10_000_000
# What is asked, and how long it may take, in ms.
GOALS = {
    "no filter": 300,
    "one filter, visits": 400,
    "one filter, pages and events": 1_000,
    "three filters": 1_500,
}


def run(world: World) -> Iterator[Figure]:
    events = int(os.environ.get("BEACON_BENCH_EVENTS", EVENTS))
    command = [sys.executable, "-m", "tests.bench.overviewing", world.schema, str(world.site_id), str(events)]
    done = subprocess.run([*command, str(world.runs)], cwd=CHECKOUT, check=True, stdout=subprocess.PIPE)
    found = json.loads(done.stdout)
    for name, value in found["facts"].items():
        yield plain(name, [value["value"]], value["unit"])
    for name, runs in found["reference"].items():
        yield plain(name, runs, "ms")
    for period, groups in found["slowest"].items():
        for group, (panel, runs) in groups.items():
            goal = next(goal for name, goal in GOALS.items() if group.startswith(name))
            yield below(f"{period}, {group}: {panel}", runs, "ms", goal)
