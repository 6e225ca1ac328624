"""Data folders and tiny runs for the tests of the platform. They use real servers, and none of the application."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing

import pytest

from config.local.folders import CHECKOUT, DataFolder
from config.local.ports import LOOPBACK
from config.local.postgres import Postgres
from config.local.services import VARIABLES
from config.local.stack import temporary_root
from tests.platform.observing import TINY_RUN, Start, TinyRun, nothing_is_left
from tests.ports import free_ports


@pytest.fixture
def folder() -> Iterator[DataFolder]:
    """A new data folder which the database's unprivileged user can reach (pytest's own tmp_path is closed to it)."""
    with temporary_root() as root:
        yield DataFolder(root)


@pytest.fixture(scope="session")
def made_once() -> Iterator[DataFolder | None]:
    """A data folder with a cluster that has never run; None where clusters have to lie elsewhere."""
    with temporary_root() as root:
        made = DataFolder(root)
        made.prepare()
        yield None if Postgres(made, port=None).is_elsewhere else made


@pytest.fixture
def cluster(folder: DataFolder, made_once: DataFolder | None) -> None:
    """Lay a copy of a new cluster into `folder`: making one takes seconds, and is looked at where it matters."""
    if made_once:
        subprocess.run(["cp", "-a", made_once.postgres, folder.postgres], check=True)


@pytest.fixture(autouse=True)
def own_servers_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    """The suite's own servers are no servers of these tests."""
    for variable in VARIABLES.values():
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture
def taken_port() -> Iterator[int]:
    with closing(socket.socket()) as listener:
        listener.bind((LOOPBACK, 0))
        listener.listen()
        yield listener.getsockname()[1]


@pytest.fixture
def start(folder: DataFolder) -> Iterator[Start]:
    """Start a runner with this plan: commands and, by name, the words that say that one is ready."""
    started: list[TinyRun] = []

    def begin(commands: dict[str, str], *, ready: dict[str, str] | None = None, **environment: str) -> TinyRun:
        port, track_port = free_ports(2)
        env = os.environ | {"BEACON_DATA_DIR": str(folder.root), "PORT": str(port), "TRACK_PORT": str(track_port)}
        output = folder.root / f"runner-{len(started)}.txt"
        with output.open("w") as file:
            process = subprocess.Popen(
                [*TINY_RUN, json.dumps({"commands": commands, "ready": ready or {}})],
                cwd=CHECKOUT,
                env=env | environment,
                stdout=file,
                stderr=subprocess.STDOUT,
                text=True,
            )
        started.append(TinyRun(folder, process, output))
        return started[-1]

    yield begin
    for run in started:
        run.process.kill()
        run.process.wait()
    assert nothing_is_left(folder)
