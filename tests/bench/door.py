"""The ingest door: requests and events a second, how long they take, and what they cost beside the least possible."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import psutil
import redis

from config.local.folders import CHECKOUT
from tests.bench.figures import Figure, at_least, below, plain
from tests.bench.world import World, cpu_seconds

NAME = "door"
CONNECTIONS = 32
EVENTS_IN_BATCH = 100
LOADED_RATIO = 0.7

DOOR, RAW = "config.asgi_track:application", "tests.bench.raw:application"


@dataclass(frozen=True)
class Run:
    """What the generator saw, and what the server's process spent on it."""

    per_second: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    cpu_us: float  # a request


def run(world: World) -> Iterator[Figure]:
    door, raw = _in_turns(world)
    ratios = [one.per_second / other.per_second for one, other in zip(door, raw, strict=True)]
    yield at_least("single events, 32 connections", [one.per_second for one in door], "requests/s", 3_000)
    yield plain("  p50", [one.p50_ms for one in door], "ms")
    yield plain("  p95", [one.p95_ms for one in door], "ms")
    yield plain("  p99", [one.p99_ms for one in door], "ms")
    yield plain("  processor time", [one.cpu_us for one in door], "us/request")
    yield plain("raw ASGI application that only appends", [one.per_second for one in raw], "requests/s")
    yield plain("  processor time", [one.cpu_us for one in raw], "us/request")
    yield at_least("door beside raw", ratios, "of its rate", 0.4)
    # Steadier than the rate where something else uses the machine: it counts the work, not the waiting.
    yield plain("  by processor time", [other.cpu_us / one.cpu_us for one, other in zip(door, raw, strict=True)], "")
    yield from _loaded(world, LOADED_RATIO * sorted(one.per_second for one in door)[len(door) // 2])
    yield from _batches(world)


def _in_turns(world: World) -> tuple[list[Run], list[Run]]:
    """Measure both in every round, so that a noisy moment of the machine meets both."""
    door, raw = [], []
    with world.server(DOOR) as (door_port, door_process), world.server(RAW) as (raw_port, raw_process):
        for _ in world.repeat():
            door.append(_measure(world, door_port, door_process))
            raw.append(_measure(world, raw_port, raw_process))
    return door, raw


def _loaded(world: World, rate: float) -> Iterator[Figure]:
    with world.server(DOOR) as (port, process):
        runs = [_measure(world, port, process, "--rate", str(rate)) for _ in world.repeat()]
    yield plain(f"at {rate:,.0f} requests/s (70%)", [one.per_second for one in runs], "requests/s")
    yield plain("  p50", [one.p50_ms for one in runs], "ms")
    yield plain("  p95", [one.p95_ms for one in runs], "ms")
    yield below("  p99", [one.p99_ms for one in runs], "ms", 100)


def _batches(world: World) -> Iterator[Figure]:
    with world.server(DOOR) as (port, process):
        runs = [_measure(world, port, process, "--kind", "batch", "--connections", "8") for _ in world.repeat()]
    yield at_least("batches of 100", [one.per_second * EVENTS_IN_BATCH for one in runs], "events/s", 20_000)
    yield plain("  p99", [one.p99_ms for one in runs], "ms")
    yield plain("  processor time", [one.cpu_us / EVENTS_IN_BATCH for one in runs], "us/event")


def _measure(world: World, port: int, server: psutil.Process, *options: str) -> Run:
    _empty_streams()
    command = [sys.executable, "-m", "tests.bench.load", "--port", str(port), "--seconds", str(world.seconds)]
    if "--connections" not in options:
        command += ["--connections", str(CONNECTIONS)]
    spent = cpu_seconds(server)
    output = subprocess.run([*command, *options], cwd=CHECKOUT, check=True, capture_output=True, text=True).stdout
    said = json.loads(output)
    if set(said["statuses"]) != {"202"}:
        raise RuntimeError(f"not every request was accepted: {said['statuses']}")
    # The warm-up's requests cost as well: its share is taken off by time.
    share = said["seconds"] / (said["seconds"] + 1.0) if "--rate" not in options else 1.0
    cpu = (cpu_seconds(server) - spent) * share / said["requests"] * 1e6
    return Run(said["per_second"], said["p50_ms"], said["p95_ms"], said["p99_ms"], cpu)


def _empty_streams() -> None:
    redis.Redis.from_url(os.environ["REDIS_URL"]).flushall()
