"""Beacon as a whole, or its servers alone, for the length of a `with` block: for tests, benchmarks and pictures."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from config.local.deadline import wait_until
from config.local.folders import CHECKOUT, DataFolder
from config.local.ports import free_ports
from config.local.postgres import ELSEWHERE_NOTE
from config.local.problem import Problem
from config.local.processes import die_with
from config.local.services import VARIABLES, Services, services_up

START_SECONDS = 300.0  # the first start may fetch the address databases
STOP_SECONDS = 60.0

__all__ = ["Services", "Stack", "remove", "services_up", "stack_up", "temporary_root"]


@contextmanager
def temporary_root() -> Iterator[Path]:
    """Make a data folder that is gone after the block, with its cluster, wherever that had to go.

    Unlike a folder below pytest's, which is closed to others, it can be reached by the database's unprivileged user.
    """
    root = Path(tempfile.mkdtemp(prefix="beacon-test-")).resolve()
    root.chmod(0o711)
    try:
        yield root
    finally:
        remove(DataFolder(root))


def remove(folder: DataFolder) -> None:
    """Remove a data folder and its cluster."""
    with suppress(FileNotFoundError):
        shutil.rmtree(json.loads((folder.postgres / ELSEWHERE_NOTE).read_text(encoding="utf-8"))["home"])
    shutil.rmtree(folder.root)


@dataclass(frozen=True)
class Stack:
    """A running Beacon. `output` is what its runner says."""

    folder: DataFolder
    port: int
    track_port: int
    process: subprocess.Popen[bytes]
    output: Path

    @property
    def environment(self) -> dict[str, str]:
        """Return the environment in which manage.py finds this Beacon."""
        return _environment(self.folder, self.port, self.track_port)

    def pid(self, name: str) -> int | None:
        """Return the process id of now of `web`, `writer`, `postgres`..., None while there is none."""
        with suppress(FileNotFoundError):
            entry = json.loads(self.folder.processes.read_text(encoding="utf-8")).get(name)
            if entry and psutil.pid_exists(entry[0]):
                return int(entry[0])
        return None

    def url(self, key: str) -> str:
        """Return `database_url`, `redis_url` or `volatile_url`."""
        return str(json.loads(self.folder.services.read_text(encoding="utf-8"))[key])


@contextmanager
def stack_up(
    root: Path,
    *,
    has_demo: bool = False,
    databases: Path | None = None,
    extra: Mapping[str, str] | None = None,
    ports: Sequence[int] = (),
) -> Iterator[Stack]:
    """Run Beacon with the data folder `root` while the block runs, on these two ports or else on free ones.

    `databases` is a folder of address databases to share, so that they are fetched (64 MB) once; it is linked to.
    Raises Problem with the runner's output when it doesn't get ready. Call it from the main thread (see `spawn`).
    """
    folder = DataFolder(root.resolve())
    folder.prepare()
    if databases is not None and not (folder.root / "databases").exists():
        databases.mkdir(parents=True, exist_ok=True)
        (folder.root / "databases").symlink_to(databases.resolve())
    port, track_port = ports or free_ports(2)
    output = folder.logs / "runner.log"
    parent = os.getpid()
    with output.open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "config.local", "up", *([] if has_demo else ["--no-demo"])],
            cwd=CHECKOUT,
            env=_environment(folder, port, track_port) | dict(extra or {}),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            preexec_fn=lambda: die_with(parent, signal.SIGTERM),
        )
    try:
        wait_until(lambda: is_ready(folder, process.pid) or process.poll() is not None, seconds=START_SECONDS)
        if not is_ready(folder, process.pid):
            raise Problem(f"Beacon didn't get ready:\n{output.read_text(encoding='utf-8', errors='replace')}")
        yield Stack(folder, port, track_port, process, output)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def is_ready(folder: DataFolder, runner: int) -> bool:
    """Say whether the run of that process id is ready."""
    try:
        facts = json.loads(folder.ready.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return False
    return bool(facts["pid"] == runner)


def _environment(folder: DataFolder, port: int, track_port: int) -> dict[str, str]:
    """Return our environment for another data folder: without the servers that this process was told to use."""
    given = {name: value for name, value in os.environ.items() if name not in VARIABLES.values()}
    own = {"BEACON_DATA_DIR": str(folder.root), "PORT": str(port), "TRACK_PORT": str(track_port)}
    # Named, since under pytest the process itself has the tests' settings.
    return given | own | {"DJANGO_SETTINGS_MODULE": "config.settings.dev"}


def wait_for_pid(stack: Stack, name: str, *, other_than: int, seconds: float = 30.0) -> int:
    """Wait until a process that has ended runs again; return its new id."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pid = stack.pid(name)
        if pid is not None and pid != other_than:
            return pid
        time.sleep(0.05)
    raise TimeoutError(f"{name} hasn't come back within {seconds:.0f} seconds")
