"""What a benchmark runs in: servers of its own in a passing folder, an agency, a site, and processes."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from config.local.deadline import wait_until
from config.local.folders import CHECKOUT, DataFolder
from config.local.ports import LOOPBACK, free_ports
from config.local.services import services_up
from config.local.stack import temporary_root

SITE_KEY = "benchsite"
DOMAIN = "bench.example"
# No limits: what is measured is the work, not the refusing.
ENVIRONMENT = {
    "DJANGO_SETTINGS_MODULE": "config.settings.dev",
    "BEACON_RATE_PER_IP": "10000000",
    "BEACON_RATE_PER_SITE": "10000000",
    "BEACON_TRUSTED_PROXIES": LOOPBACK,
}


@dataclass(frozen=True)
class World:
    """`runs`: how often each figure is measured; the median counts. `seconds`: how long a run takes."""

    root: Path
    schema: str
    site_id: int
    runs: int
    seconds: float

    @contextmanager
    def process(self, *command: str, extra: Mapping[str, str] | None = None) -> Iterator[psutil.Process]:
        """Run a Python module or script of ours while the block runs."""
        with (self.root / "bench-process.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, *command], cwd=CHECKOUT, env=os.environ | dict(extra or {}), stdout=log, stderr=log
            )
        try:
            yield psutil.Process(process.pid)
        finally:
            process.terminate()
            process.wait(20)

    @contextmanager
    def server(self, application: str) -> Iterator[tuple[int, psutil.Process]]:
        """Serve an ASGI application as the Procfile's `ingest` line does; give its port and process."""
        (port,) = free_ports(1)
        options = (
            "--loop uvloop --http config.http_protocol:BoundedProtocol --log-level warning --no-access-log"
            " --no-proxy-headers --no-server-header"
        )
        command = ("-m", "uvicorn", "--host", LOOPBACK, "--port", str(port), *options.split(), application)
        with self.process(*command) as process:
            wait_until(lambda: _answers(port), seconds=30)
            yield port, process

    def repeat(self, count: int | None = None) -> range:
        return range(count or self.runs)


def _answers(port: int) -> bool:
    with suppress(OSError), socket.create_connection((LOOPBACK, port), timeout=1):
        return True
    return False


def cpu_seconds(process: psutil.Process) -> float:
    """Return the processor time that a process has used so far."""
    times = process.cpu_times()
    return float(times.user + times.system)


@contextmanager
def world_up(*, runs: int, seconds: float) -> Iterator[World]:
    with temporary_root() as root:
        os.environ.update(ENVIRONMENT)
        os.environ["BEACON_DATA_DIR"] = str(root)
        with services_up(DataFolder(root)) as services:
            os.environ.update(services.environment())
            subprocess.run(
                [sys.executable, "manage.py", "prepare"], cwd=CHECKOUT, check=True, stdout=subprocess.DEVNULL
            )
            subprocess.run([sys.executable, "-m", "tests.bench.furnish"], cwd=CHECKOUT, check=True)
            schema, site_id = (root / "bench-site").read_text().split()
            yield World(root, schema, int(site_id), runs, seconds)
