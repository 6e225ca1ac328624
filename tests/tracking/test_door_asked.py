"""Whoever asks the door how it is takes nothing from the events, though a server hangs."""

import asyncio
import fcntl
import threading
from collections.abc import AsyncIterator

import httpx
import pytest

from apps.agencies.models import SiteRoute
from apps.core import metering
from apps.tracking import health, salts, sealing
from apps.tracking.door import LOADING_THREADS, Door
from apps.tracking.health import Check
from tests.tracking.doors import BROWSER, ORIGIN, Streams, batch, pageview

PATIENCE_SECONDS = 30.0


@pytest.fixture
def kept(route: SiteRoute, streams: Streams) -> None:
    salts.keep()
    sealing.keep()


@pytest.fixture
async def http(kept: None) -> AsyncIterator[httpx.AsyncClient]:
    door = Door(is_kept_fresh=False)
    transport = httpx.ASGITransport(app=door, client=("127.0.0.1", 4711))
    async with httpx.AsyncClient(
        transport=transport, base_url="http://any.host", headers={"Origin": ORIGIN, "User-Agent": BROWSER}
    ) as client:
        yield client
    await door.close()


async def test_events_are_answered_while_those_who_ask_wait(
    http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    hangs, goes_on = threading.Event(), threading.Event()

    def check_volatile() -> Check:
        hangs.set()
        assert goes_on.wait(PATIENCE_SECONDS * 2)
        return Check(True, False, "answers")

    monkeypatch.setattr(health, "check_volatile", check_volatile)
    asking = [
        asyncio.ensure_future(http.get(path)) for _ in range(LOADING_THREADS + 1) for path in ("/ready", "/metrics")
    ]
    try:
        assert await asyncio.to_thread(hangs.wait, PATIENCE_SECONDS)
        async with asyncio.timeout(PATIENCE_SECONDS):  # its route must be read first
            answer = await http.post("/api/track/batch", json=batch(pageview()) | {"site_key": "nobody-yet"})
        assert answer.status_code == 404
        assert not any(one.done() for one in asking)
        asking.pop().cancel()  # one who hangs up takes it from nobody
    finally:
        goes_on.set()
        answers = await asyncio.gather(*asking)
    assert {answer.status_code for answer in answers} == {200}


async def test_metrics_that_somebody_holds_are_503(http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metering, "HOLD_SECONDS", 0.1)
    with (metering.FOLDER / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        async with asyncio.timeout(PATIENCE_SECONDS):
            held = await http.get("/metrics")
    assert (held.status_code, held.headers["Retry-After"]) == (503, "5")
    assert (await http.get("/metrics")).status_code == 200
