"""The live page: from an event sent over HTTP to the frame that shows it, through all processes, idle and at work."""

import asyncio
import time
from collections.abc import Iterator
from random import choices
from string import ascii_lowercase
from uuid import uuid4

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Origin

from config.local.ports import LOOPBACK
from tests.bench.figures import Figure, below, percentile, plain
from tests.bench.running import Watch, answers, capacity, drain, load, watch_up
from tests.bench.world import DOMAIN, SITE_KEY, World

NAME = "live"
HOST = "bench.localhost"
BROWSER = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"
)
IDLE_GOAL_MS = 300
LOADED_GOAL_MS = 1_000
LOADED_RATIO = 0.6
PROBES_A_SECOND = 4
# A probe that isn't seen by then has failed, and the benchmark with it.
PATIENCE_SECONDS = 30.0
# Before the load's visitors have all been seen once, each event is somebody new.
SETTLE_SECONDS = 4.0


def run(world: World) -> Iterator[Figure]:
    with watch_up() as watch:
        asyncio.run(_probes(watch, 1))  # the first frame of a process loads what the others have
        yield from _figures("idle", [_probed(watch, world.seconds) for _ in world.repeat()], IDLE_GOAL_MS)
        highest = capacity(watch, world.seconds)
        yield plain("all processes together keep up with", [highest], "events/s")
        rate = LOADED_RATIO * highest
        loaded = [_probed_at_work(watch, world.seconds, rate) for _ in world.repeat()]
        yield from _figures(f"at {rate:,.0f} events/s (60%)", loaded, LOADED_GOAL_MS)


def _figures(name: str, runs: list[list[float]], goal_ms: float) -> Iterator[Figure]:
    yield plain(f"event sent to frame received, {name}: p50", [percentile(run, 50) for run in runs], "ms")
    yield below("  p95", [percentile(run, 95) for run in runs], "ms", goal_ms)
    yield plain("  p99", [percentile(run, 99) for run in runs], "ms")


def _probed(watch: Watch, seconds: float) -> list[float]:
    return asyncio.run(_probes(watch, int(seconds * PROBES_A_SECOND)))


def _probed_at_work(watch: Watch, seconds: float, rate: float) -> list[float]:
    """Probe while the load generator sends `rate` events a second."""
    with load(watch, seconds + 2 * SETTLE_SECONDS, "--rate", str(rate)) as loading:
        time.sleep(SETTLE_SECONDS)
        seen = _probed(watch, seconds)
        answers(loading)
    drain(watch)
    return seen


async def _probes(watch: Watch, count: int) -> list[float]:
    """Send `count` page views, each of a visitor of its own, and return the milliseconds until each was shown."""
    port = watch.stack.port
    socket = connect(
        f"ws://{HOST}:{port}/s/bench/live/socket",
        host=LOOPBACK,
        port=port,
        origin=Origin(f"http://{HOST}:{port}"),
        additional_headers={"Cookie": watch.cookie},
        max_size=None,
    )
    async with socket as page, httpx.AsyncClient(base_url=f"http://{LOOPBACK}:{watch.stack.track_port}") as http:
        while "live-feed" not in str(await page.recv()):
            pass
        took = []
        for _ in range(count):
            took.append(await asyncio.wait_for(_probe(page, http), PATIENCE_SECONDS))
            await asyncio.sleep(1 / PROBES_A_SECOND)
        return took


async def _probe(page: ClientConnection, http: httpx.AsyncClient) -> float:
    # Short and without digits, so that no scrubbing takes it for something personal.
    name = "".join(choices(ascii_lowercase, k=12))
    began = time.perf_counter()
    answer = await http.post("/api/track/event", json=_event(name), headers=headers_of(name))
    answer.raise_for_status()
    while name not in str(await page.recv()):
        pass
    return (time.perf_counter() - began) * 1000


def _event(name: str) -> dict[str, object]:
    now = int(time.time() * 1000)
    url = f"https://www.{DOMAIN}/probe/{name}"
    page = {"id": str(uuid4()), "kind": "pageview", "at": now, "url": url, "title": "Probe"}
    return {"site_key": SITE_KEY, "sent_at": now, **page}


def headers_of(name: str) -> dict[str, str]:
    """Return a browser's headers, behind a proxy that says an address that nobody else has."""
    parts = name.encode().hex()
    address = ":".join(["2001:db8", *(parts[at : at + 4] for at in range(0, 24, 4))])
    return {"user-agent": BROWSER, "origin": f"https://www.{DOMAIN}", "x-forwarded-for": address}
