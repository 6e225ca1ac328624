"""Killed in the middle of the work: what was acknowledged is stored, once."""

import json
import os
import signal
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import psycopg
import pytest

from apps.core.ids import uuid7
from config.local.stack import wait_for_pid

from .conftest import Beacon, eventually

pytestmark = pytest.mark.xdist_group("e2e")

ROUNDS = 4
EACH_ROUND = 24
EVENTS = 25


def send(beacon: Beacon, number: int) -> list[UUID]:
    """Send one batch as a visitor of its own and return the ids that were acknowledged: all or none."""
    ids = [uuid7() for _ in range(EVENTS)]
    at = ids[0].int >> 80
    body = {
        "site_key": beacon.facts["site_key"],
        "sent_at": at,
        "ip": f"192.0.2.{number % 250 + 1}",
        "user_agent": "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0",
        "events": [
            {"id": str(id_), "kind": "pageview", "at": at, "page_id": str(id_), "url": "https://kestrel.example/crash"}
            for id_ in ids
        ],
    }
    request = urllib.request.Request(
        f"{beacon.track_url}/api/track/batch",
        json.dumps(body).encode(),
        {"Content-Type": "application/json", "Authorization": f"Bearer {beacon.facts['ingest_key']}"},
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert json.load(answer)["accepted"] == EVENTS
            return ids
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return []


def stored(beacon: Beacon) -> list[UUID]:
    return [row[0] for row in beacon.rows("SELECT event_id FROM event WHERE path = '/crash'")]


def has_stored(beacon: Beacon, wanted: set[UUID]) -> bool:
    try:
        return wanted <= set(stored(beacon))
    except psycopg.OperationalError:
        return False  # PostgreSQL is on its way back


@pytest.mark.parametrize("victim", ["writer", "valkey-durable", "postgres", "ingest"])
def test_a_killed_process_loses_and_doubles_nothing(beacon: Beacon, victim: str) -> None:
    before = set(stored(beacon))
    killed = beacon.stack.pid(victim)
    assert killed is not None
    acknowledged: set[UUID] = set()
    with ThreadPoolExecutor(8) as pool:
        for number in range(ROUNDS):
            sent = pool.map(lambda n: send(beacon, n), range(number * EACH_ROUND, (number + 1) * EACH_ROUND))
            if number == ROUNDS // 2:
                os.kill(killed, signal.SIGKILL)
            acknowledged.update(id_ for ids in sent for id_ in ids)
    wait_for_pid(beacon.stack, victim, other_than=killed)

    eventually(lambda: has_stored(beacon, acknowledged), seconds=60)
    rows = stored(beacon)
    assert len(rows) == len(set(rows))
    assert acknowledged
    # A batch whose answer got lost may be stored as well; nothing else may.
    assert len(set(rows) - before) <= ROUNDS * EACH_ROUND * EVENTS
