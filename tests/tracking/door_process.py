"""The ingest door as processes of their own, started with the Procfile's very line, on the suite's servers."""

import http.client
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from config.local.deadline import wait_until
from config.local.folders import CHECKOUT
from config.local.ports import LOOPBACK
from config.local.procfile import read_procfile
from tests.ports import free_ports
from tests.tracking.doors import BROWSER, DOMAIN
from tests.tracking.processes import environment

START_SECONDS = 60.0
STOP_SECONDS = 30.0
HEADERS = {"Origin": f"https://{DOMAIN}", "User-Agent": BROWSER, "Content-Type": "text/plain"}


@dataclass
class DoorProcess:
    port: int
    process: psutil.Process

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def memory(self) -> int:
        """Return the bytes that it holds in memory."""
        return int(self.process.memory_info().rss)

    def post(self, body: Any, path: str = "batch", /, **headers: str) -> http.client.HTTPResponse:
        """Send one request on a connection of its own. The answer's body has been read: `answer.said`."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        given = HEADERS | {name.replace("_", "-"): value for name, value in headers.items()}
        connection = http.client.HTTPConnection(LOOPBACK, self.port, timeout=20)
        try:
            connection.request("POST", f"/api/track/{path}", content, given)
            answer = connection.getresponse()
            answer.said = json.loads(answer.read())  # type: ignore[attr-defined]
            return answer
        finally:
            connection.close()

    def is_ready(self) -> bool:
        connection = http.client.HTTPConnection(LOOPBACK, self.port, timeout=30)
        with suppress(OSError):
            connection.request("GET", "/health")
            return connection.getresponse().status == 200
        return False


@contextmanager
def door_process(extra: Mapping[str, str] | None = None) -> Iterator[DoorProcess]:
    (port,) = free_ports(1)
    line = read_procfile(CHECKOUT / "Procfile")["ingest"]
    own = {"TRACK_PORT": str(port), "BEACON_BIND": LOOPBACK}
    env = environment(own | dict(extra or {}))
    env["PATH"] = f"{Path(sys.executable).parent}:{env['PATH']}"
    process = subprocess.Popen(["sh", "-c", f"exec {line}"], cwd=CHECKOUT, env=env)
    door = DoorProcess(port, psutil.Process(process.pid))
    try:
        assert wait_until(door.is_ready, seconds=START_SECONDS), "the door doesn't answer"
        yield door
    finally:
        # Not killed: its connections to the database would outlive it by a moment, in which that can't be dropped.
        process.terminate()
        process.wait(STOP_SECONDS)
