"""How the runner tells that a process does its work, seen from outside as a user or an operator would see it."""

from __future__ import annotations

import http.client
import json
import os
import re
from collections.abc import Callable

import redis

from config.local.folders import DataFolder
from config.local.ports import LOOPBACK
from config.local.units import Unit

Check = Callable[[Unit], bool]
ANSWER_SECONDS = 5.0
WRITER_KEY = "beacon:writer"  # apps/tracking/writer/heartbeat.py
SIGN_OF_LIFE_SECONDS = 0.5


def answers(port: int, path: str) -> Check:
    """Make a check that a GET is answered with 200."""

    def check(unit: Unit) -> bool:
        connection = http.client.HTTPConnection(LOOPBACK, port, timeout=ANSWER_SECONDS)
        try:
            connection.request("GET", path, headers={"Host": f"localhost:{port}"})
            return connection.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    return check


def takes_events(port: int) -> Check:
    """Make a check that the door takes events: by what /ready says of it, not by its colour.

    What an earlier run has left in the streams may be old, and is stored once the writer is up: nothing to wait for.
    """

    def check(unit: Unit) -> bool:
        connection = http.client.HTTPConnection(LOOPBACK, port, timeout=ANSWER_SECONDS)
        try:
            connection.request("GET", "/ready", headers={"Host": f"localhost:{port}"})
            return bool(json.loads(connection.getresponse().read())["accepts"])
        except (OSError, http.client.HTTPException, ValueError):
            return False
        finally:
            connection.close()

    return check


def has_said(pattern: str) -> Check:
    """Make a check that the process has written a line with this pattern since its start."""
    compiled = re.compile(pattern)
    return lambda unit: any(compiled.search(line) for line in unit.recent)


def writes(folder: DataFolder) -> Check:
    """Make a check that the writer holds its partitions and nothing is in its way, by its own sign of life."""

    def check(unit: Unit) -> bool:
        client = redis.Redis.from_url(_volatile_url(folder), socket_timeout=ANSWER_SECONDS)
        try:
            told = client.get(WRITER_KEY)
        except redis.RedisError:
            return False
        finally:
            client.close()
        state = json.loads(told) if isinstance(told, bytes) else {}
        # A predecessor's word outlives it by some seconds.
        is_this_one = unit.process is not None and state.get("pid") == unit.process.pid
        return is_this_one and bool(state["positions"]) and not state["trouble"]

    return check


def _volatile_url(folder: DataFolder) -> str:
    noted = json.loads(folder.services.read_text(encoding="utf-8"))["volatile_url"]
    return str(os.environ.get("REDIS_CACHE_URL") or noted)


def lives(unit: Unit) -> bool:
    """Check a process of which nothing better is known: it hasn't ended right after its start."""
    return unit.is_running and unit.restarts.age_seconds > SIGN_OF_LIFE_SECONDS
