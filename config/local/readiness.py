"""How the runner tells that a process does its work, seen from outside as a user or an operator would see it."""

from __future__ import annotations

import http.client
import re
from collections.abc import Callable

from config.local.ports import LOOPBACK
from config.local.units import Unit

Check = Callable[[Unit], bool]
ANSWER_SECONDS = 5.0
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


def has_said(pattern: str) -> Check:
    """Make a check that the process has written a line with this pattern since its start."""
    compiled = re.compile(pattern)
    return lambda unit: any(compiled.search(line) for line in unit.recent)


def lives(unit: Unit) -> bool:
    """Check a process of which nothing better is known: it hasn't ended right after its start."""
    return unit.is_running and unit.restarts.age_seconds > SIGN_OF_LIFE_SECONDS
