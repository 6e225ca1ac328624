"""Asking the running Beacon, by its ports."""

import http.client
import json
from typing import Any

from config.local.ports import LOOPBACK
from config.local.stack import Stack

ANSWER_SECONDS = 20.0


def get(port: int, path: str, host: str = "localhost") -> tuple[int, dict[str, str], str]:
    """Return status, headers by small names, and text of what is answered to a GET."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=ANSWER_SECONDS)
    try:
        connection.request("GET", path, headers={"Host": host})
        answer = connection.getresponse()
        headers = {name.lower(): value for name, value in answer.getheaders()}
        return answer.status, headers, answer.read().decode(errors="replace")
    finally:
        connection.close()


def ready(stack: Stack) -> tuple[int, dict[str, Any]]:
    status, _, text = get(stack.track_port, "/ready")
    return status, json.loads(text)


def is_ready(stack: Stack) -> bool:
    """Say whether all parts are well, those among them that it could do without for a while."""
    try:
        status, said = ready(stack)
    except (OSError, http.client.HTTPException):
        return False
    return status == 200 and all(check["ok"] for check in said["checks"].values())
