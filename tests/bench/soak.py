"""Ten minutes at 60% of the highest rate: memory and latency stay flat, the queue ends empty, the ledger agrees.

BENCH_SOAK_SECONDS sets another length. Also says what a stored event costs in processor time, by process: as single
events and as the tracker sends them, at the highest rate and at 60% of it, since a batch costs the same whatever it
holds and the less comes, the less it holds.
"""

import os
import subprocess
import time
from collections.abc import Iterator
from functools import partial
from statistics import median
from typing import Any

import redis

from apps.tracking.envelope import stream_name
from tests.bench.figures import Figure, at_least, below, plain
from tests.bench.requests import SIZES
from tests.bench.running import BESIDE, ON_THE_WAY, Cost, Watch, answers, capacity, cost_of, load, watch_up
from tests.bench.world import World

NAME = "soak"
SECONDS = float(os.environ.get("BENCH_SOAK_SECONDS", "600"))
SAMPLE_SECONDS = 2.0
LOADED_RATIO = 0.6
# So long for what isn't looked at in its course.
USUAL_SECONDS = 60.0
CPU_GOAL_MS = 0.25
# Machines are noisy: less growth than this over the run is flat.
FLAT = 1.2
PARTITIONS = 16


# What a request may carry: one event, or what the tracker sends as a rule.
KINDS = {"event": "single events", "usual": "the tracker's usual three a request"}


def run(world: World) -> Iterator[Figure]:
    with watch_up() as watch:
        rates = {}
        for kind, name in KINDS.items():
            highest, cost = cost_of(watch, partial(capacity, watch, 2 * world.seconds, "--kind", kind))
            yield plain(f"all processes together keep up with, {name}", [highest], "events/s")
            yield from _cost("at that rate", cost)
            rates[kind] = LOADED_RATIO * highest
        seconds = min(SECONDS, USUAL_SECONDS)
        _, cost = cost_of(watch, partial(_loaded, watch, seconds, rates["usual"], "usual"))
        yield plain(f"{seconds:,.0f} s of the tracker's usual at 60%", [rates["usual"]], "events/s")
        yield from _cost("at 60%, the tracker's usual", cost)
        yield from _soaked(watch, rates["event"])


def _soaked(watch: Watch, rate: float) -> Iterator[Figure]:
    """Tell what becomes of a long run of single events."""
    (said, samples, backlog), cost = cost_of(watch, partial(_loaded, watch, SECONDS, rate, "event"))
    yield plain(f"{SECONDS:,.0f} s at {rate:,.0f} events/s (60%)", [said["per_second"]], "events/s")
    yield from _latency(said["parts_p50_ms"], said["p99_ms"])
    yield from _memory(samples)
    yield below("entries waiting at the end", [backlog], "", rate)
    yield below("entries waiting after a second of rest", [_backlog(watch)], "", 1)
    yield at_least("ledger, visits and rollups agree", [_agrees(watch)], "", 1)
    yield from _cost("at 60%, single events", cost)


def _loaded(watch: Watch, seconds: float, rate: float, kind: str) -> tuple[dict[str, Any], list[dict[str, int]], float]:
    """Put `rate` events a second on; return what the load generator said, each process' memory, and what waits then."""
    requests = rate / SIZES[kind]
    with load(watch, seconds, "--kind", kind, "--rate", str(requests)) as loading:
        samples = list(_samples(watch, loading))
        return answers(loading), samples, _backlog(watch)


def _cost(when: str, cost: Cost) -> Iterator[Figure]:
    yield below(f"  processor time of a stored event, {when}", [cost.on_the_way], "ms", CPU_GOAL_MS)
    for name, used in cost.by_process.items():
        yield plain(f"    {name}", [used], "ms")


def _samples(watch: Watch, loading: subprocess.Popen[str]) -> Iterator[dict[str, int]]:
    """Yield what each process has in memory, again and again until the load ends."""
    while loading.poll() is None:
        yield {name: watch.memory_bytes(name) for name in (*ON_THE_WAY, *BESIDE)}
        time.sleep(SAMPLE_SECONDS)


def _latency(parts: list[float], p99: float) -> Iterator[Figure]:
    yield plain("  p50 in the run's tenths", parts, "ms")
    yield plain("  p99", [p99], "ms")
    yield below("  p50 of the last third beside the first", [median(parts[-3:]) / median(parts[:3])], "", FLAT)


def _memory(samples: list[dict[str, int]]) -> Iterator[Figure]:
    """Tell each process' memory at the end, and how that compares with what it was after a fifth of the time."""
    tenth = max(1, len(samples) // 10)
    for name in samples[0]:
        early = median(sample[name] for sample in samples[2 * tenth : 3 * tenth])
        late = median(sample[name] for sample in samples[-tenth:])
        yield plain(f"  memory of {name}", [late / 2**20], "MiB")
        yield below("    beside that after a fifth of the time", [late / early], "", FLAT)


def _backlog(watch: Watch) -> float:
    client = redis.Redis.from_url(watch.stack.url("redis_url"))
    pipeline = client.pipeline(transaction=False)
    for partition in range(PARTITIONS):
        pipeline.xlen(stream_name(partition))
    return float(sum(pipeline.execute()))


def _agrees(watch: Watch) -> float:
    """Return 1 where every check agrees with the tables, else 0 (and what they say is printed)."""
    for command in ("check_ledger", "check_sessions", "check_rollups", "check_scores"):
        done = watch.manage(command)
        if done.returncode:
            print(f"{command}: {done.stdout}{done.stderr}")
            return 0.0
    return 1.0
