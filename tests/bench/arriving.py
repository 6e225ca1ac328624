"""From an event sent over HTTP to the signed message that its destination has answered, through all processes."""

import subprocess
import sys
import time
from random import choices
from string import ascii_lowercase

import httpx

from apps.core.ids import uuid7
from apps.demo.standing_in.frame import Ask, Reply, serving
from apps.demo.webhook_stand_in.receiver import Receiver
from config.local.deadline import wait_until
from config.local.folders import CHECKOUT
from config.local.ports import LOOPBACK
from tests.bench.live import headers_of
from tests.bench.running import Watch
from tests.bench.world import DOMAIN, SITE_KEY

PATIENCE_SECONDS = 60.0
PAUSE_SECONDS = 0.5


class Noting(Receiver):
    """A receiver that knows when it took which event. `at`: moments of time.perf_counter()."""

    def __init__(self) -> None:
        super().__init__()
        self.at: dict[str, float] = {}

    def answer(self, ask: Ask) -> Reply:
        reply = super().answer(ask)
        if reply.status < 300:
            event_id = str(ask.json()["data"]["event_id"])
            self.at.setdefault(event_id, time.perf_counter())
        return reply


def arrivals(watch: Watch, count: int) -> list[float]:
    """Send `count` events that are conversions, each of a visitor of its own; return the seconds until each was taken.

    Raises TimeoutError for one that isn't.
    """
    receiver = Noting()
    with serving(receiver) as url, httpx.Client(base_url=f"http://{LOOPBACK}:{watch.stack.track_port}") as http:
        command = [sys.executable, "-m", "tests.bench.arranging", watch.schema, url]
        subprocess.run(command, cwd=CHECKOUT, check=True, env=watch.stack.environment)
        _arrival(receiver, http)  # the first one of a process loads what the others have
        took = []
        for _ in range(count):
            took.append(_arrival(receiver, http))
            time.sleep(PAUSE_SECONDS)
        return took


def _arrival(receiver: Noting, http: httpx.Client) -> float:
    event_id, visitor = str(uuid7()), "".join(choices(ascii_lowercase, k=12))
    began = time.perf_counter()
    http.post("/api/track/event", json=_event(event_id), headers=headers_of(visitor)).raise_for_status()
    if not wait_until(lambda: event_id in receiver.at, seconds=PATIENCE_SECONDS, every=0.005):
        raise TimeoutError("an event didn't get to its destination")
    return receiver.at[event_id] - began


def _event(event_id: str) -> dict[str, object]:
    now = int(time.time() * 1000)
    said = {"marketing": "granted", "analytics": "granted", "source": "api", "at": now}
    event = {"id": event_id, "kind": "event", "name": "demo", "at": now, "url": f"https://www.{DOMAIN}/demo"}
    return {"site_key": SITE_KEY, "sent_at": now, "consent": said, "value": 40, "currency": "EUR", **event}
