"""`GET /health` and `GET /ready`: by the real servers, each part named."""

import time
import tomllib
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.agencies.models import StreamCheckpoint
from apps.tracking import health, inbox, valkey
from apps.tracking.health import Check, Readiness, check_database, check_durable, check_writer
from apps.tracking.tracker_file import tracker_version
from config.env import ROOT
from tests.tracking.doors import DoorClient, Streams, batch, pageview


def test_the_process_says_that_it_lives_and_which_version_it_is(client: Client) -> None:
    response = client.get("/health", headers={"Host": "localhost"})
    assert (response.status_code, response.json()) == (
        200,
        {"status": "ok", "version": health.VERSION, "tracker": tracker_version()},
    )
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"] == health.VERSION


def test_it_is_ready_with_all_servers_up(door: DoorClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "readiness", Readiness(has_routes=lambda: False))
    response = door.client.get("/ready", headers={"Host": "localhost"})
    assert (response.status_code, response.json()["status"]) == (200, "ready")
    assert {name: check["ok"] for name, check in response.json()["checks"].items()} == {
        "durable": True,
        "volatile": True,
        "database": True,
        "writer": True,
    }


def test_it_isnt_ready_without_the_streams(db: None, monkeypatch: pytest.MonkeyPatch, client: Client) -> None:
    away = valkey.client("redis://127.0.0.1:1/0")
    monkeypatch.setattr(valkey, "durable", lambda: away)
    monkeypatch.setattr(health, "readiness", Readiness(has_routes=lambda: True))
    response = client.get("/ready", headers={"Host": "localhost"})
    assert (response.status_code, response.json()["status"]) == (503, "not ready")
    assert "away" in response.json()["checks"]["durable"]["says"]
    assert "127.0.0.1" not in response.content.decode()


def test_it_isnt_ready_with_full_streams(door: DoorClient, settings: LazySettings) -> None:
    settings.STREAM_MAX_BYTES = 1
    check, _ = check_durable({})
    assert not check.ok
    assert "full" in check.says


def test_without_volatile_it_goes_on_and_says_so(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    away = valkey.client("redis://127.0.0.1:1/0")
    monkeypatch.setattr(valkey, "volatile", lambda: away)
    is_ready, checks = Readiness(has_routes=lambda: True).look()
    assert is_ready
    assert not checks["volatile"].ok


def test_the_writer_lags_by_its_oldest_unstored_entry(door: DoorClient, streams: Streams) -> None:
    door.post(batch(pageview()))
    found: list[Any] = [(number, valkey.durable().xrange(name)) for number, name in enumerate(inbox.STREAMS)]
    partition, last = next((number, entries[0][0].decode()) for number, entries in found if entries)
    _, oldest = check_durable({})
    assert oldest == [last]
    StreamCheckpoint.objects.create(partition=partition, last_entry=last)
    _, checkpoints = check_database(is_needed=False)
    assert check_durable(checkpoints)[1] == []


def waiting(seconds: float) -> list[str]:
    return [f"{int((time.time() - seconds) * 1000)}-0"]


@pytest.mark.parametrize(
    ("seconds", "is_known", "is_there", "ok", "is_needed"),
    [
        (None, True, True, True, True),
        (None, True, False, True, True),  # nothing waits for it
        (5, True, False, True, True),  # it is being restarted
        (30, True, True, True, True),
        (30, True, False, False, True),
        (600, True, True, False, True),
        (None, False, False, False, False),
    ],
)
def test_a_writer_far_behind_or_missing_is_red(
    seconds: float | None, is_known: bool, is_there: bool, ok: bool, is_needed: bool
) -> None:
    oldest = [] if seconds is None else waiting(seconds)
    check = check_writer(oldest, is_known=is_known, is_there=is_there)
    assert (check.ok, check.is_needed) == (ok, is_needed)


def test_red_for_a_lag_says_that_events_are_still_kept(
    door: DoorClient, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "readiness", Readiness(has_routes=lambda: True))
    settings.READY_MAX_LAG = 60
    valkey.durable().xadd("events:{p3}", {"e": b"x"}, id=waiting(61)[0])
    response = door.client.get("/ready", headers={"Host": "localhost"})
    said = response.json()
    assert (response.status_code, said["status"], said["accepts"]) == (503, "not ready", True)
    assert "events are still kept" in said["checks"]["writer"]["says"]
    assert said["checks"]["writer"]["lag_seconds"] > 60


def test_the_lag_is_known_without_the_database_too(
    streams: Streams, db: None, monkeypatch: pytest.MonkeyPatch, settings: LazySettings
) -> None:
    monkeypatch.setattr(health, "check_database", lambda *, is_needed: (Check(False, is_needed, "is away"), {}))
    valkey.durable().xadd("events:{p3}", {"e": b"x"}, id=waiting(61)[0])
    is_ready, checks = Readiness(has_routes=lambda: True).look()
    assert not is_ready
    assert health.accepts(checks)
    assert not checks["writer"].ok


def test_it_asks_the_servers_at_most_twice_a_second(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    assert health.REMEMBERED_SECONDS == 0.5
    monkeypatch.setattr(health, "REMEMBERED_SECONDS", 60.0)  # longer than a busy machine takes for five looks
    readiness = Readiness(has_routes=lambda: True)
    with CaptureQueriesContext(connection) as asked:
        for _ in range(5):
            readiness.look()
    assert sum("stream_checkpoint" in query["sql"] for query in asked) == 1
