"""Ten minutes at 60% of the highest rate: memory and latency stay flat, the queue ends empty, the ledger agrees.

BENCH_SOAK_SECONDS sets another length. Also says what a stored event costs in processor time, all processes together.
"""

import os
import subprocess
import time
from collections.abc import Iterator
from statistics import median

import redis

from apps.tracking.envelope import stream_name
from tests.bench.figures import Figure, at_least, below, plain
from tests.bench.running import Watch, answers, capacity, drain, load, watch_up
from tests.bench.world import World

NAME = "soak"
SECONDS = float(os.environ.get("BENCH_SOAK_SECONDS", "600"))
SAMPLE_SECONDS = 2.0
LOADED_RATIO = 0.6
# What an event passes through; the others (web, worker, beat) are measured beside them.
ON_THE_WAY = ("ingest", "writer", "valkey-durable", "valkey-volatile", "postgres")
BESIDE = ("web", "worker")
CPU_GOAL_MS = 0.25
# Machines are noisy: less growth than this over the run is flat.
FLAT = 1.2
PARTITIONS = 16


def run(world: World) -> Iterator[Figure]:
    with watch_up() as watch:
        highest = capacity(watch, 2 * world.seconds)
        yield plain("all processes together keep up with", [highest], "events/s")
        rate = LOADED_RATIO * highest
        before, spent = watch.settled(), _cpu(watch)
        with load(watch, SECONDS, "--rate", str(rate)) as loading:
            samples = list(_samples(watch, loading))
            said = answers(loading)
        backlog = _backlog(watch)
        drain(watch)
        stored = watch.settled() - before
        cost = {name: (used - spent[name]) / stored * 1000 for name, used in _cpu(watch).items()}
        yield plain(f"{SECONDS:,.0f} s at {rate:,.0f} events/s (60%)", [said["per_second"]], "events/s")
        yield from _latency(said["parts_p50_ms"], said["p99_ms"])
        yield from _memory(samples)
        yield below("entries waiting at the end", [backlog], "", rate)
        yield below("entries waiting after a second of rest", [_backlog(watch)], "", 1)
        yield at_least("ledger, visits and rollups agree", [_agrees(watch)], "", 1)
        yield below("processor time of a stored event", [sum(cost[name] for name in ON_THE_WAY)], "ms", CPU_GOAL_MS)
        for name, used in cost.items():
            yield plain(f"  {name}", [used], "ms")


def _samples(watch: Watch, loading: subprocess.Popen[str]) -> Iterator[dict[str, int]]:
    """Yield what each process has in memory, again and again until the load ends."""
    while loading.poll() is None:
        yield {name: watch.memory_bytes(name) for name in (*ON_THE_WAY, *BESIDE)}
        time.sleep(SAMPLE_SECONDS)


def _cpu(watch: Watch) -> dict[str, float]:
    return {name: watch.cpu_seconds(name) for name in (*ON_THE_WAY, *BESIDE)}


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
    for command in ("check_ledger", "check_sessions", "check_rollups"):
        done = watch.manage(command)
        if done.returncode:
            print(f"{command}: {done.stdout}{done.stderr}")
            return 0.0
    return 1.0
