"""A whole Beacon under load, for benchmarks of more than one process: started, furnished, loaded, drained, measured."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import psutil
import psycopg

from config.local.deadline import wait_until
from config.local.folders import CHECKOUT
from config.local.stack import Stack, stack_up, temporary_root
from tests.bench.world import cpu_seconds

# Where address databases lie between runs, so that they aren't fetched anew.
DATABASES = Path(os.environ.get("BEACON_TEST_DATABASES") or CHECKOUT / ".data" / "databases")
PATIENCE_SECONDS = 30.0
# What an event passes through; the others are measured beside them.
ON_THE_WAY = ("ingest", "writer", "valkey-durable", "valkey-volatile", "postgres")
BESIDE = ("web", "worker", "sender")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Watch:
    """A running Beacon with the benchmarks' site, and the login of somebody who may watch it."""

    stack: Stack
    schema: str
    cookie: str

    def settled(self) -> int:
        """Return how many events have gone the whole way; what was sent twice has, too."""
        ledger = psycopg.sql.Identifier(self.schema, "ledger")
        with psycopg.connect(self.stack.url("database_url")) as connection:
            fates = psycopg.sql.SQL("SELECT sum(count) FROM {} WHERE state NOT IN ('accepted', 'adjusted')").format(
                ledger
            )
            row = connection.execute(fates).fetchone()
            return int(row[0] or 0) if row else 0

    def processes(self, name: str) -> list[psutil.Process]:
        """Return the process `name` with all that it has started."""
        pid = self.stack.pid(name)
        if pid is None:
            raise RuntimeError(f"{name} isn't running")
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=CHECKOUT,
            env=self.stack.environment,
            capture_output=True,
            text=True,
        )

    def cpu_seconds(self, name: str) -> float:
        """Return the processor time of a process and its children so far, those included that have ended."""
        main, *children = self.processes(name)
        ended = main.cpu_times()
        total = cpu_seconds(main) + float(ended.children_user + ended.children_system)
        for child in children:
            with suppress(psutil.NoSuchProcess):
                total += cpu_seconds(child)
        return total

    def memory_bytes(self, name: str) -> int:
        """Return what a process and its children have for themselves alone: shared buffers count nowhere."""
        total = 0
        for process in self.processes(name):
            with suppress(psutil.NoSuchProcess):  # a passing one, such as a vacuum
                total += process.memory_full_info().uss
        return total


@contextmanager
def watch_up() -> Iterator[Watch]:
    """Run a Beacon with the benchmarks' agency and site while the block runs."""
    with temporary_root() as root, stack_up(root, databases=DATABASES if DATABASES.exists() else None) as stack:
        for module in ("tests.bench.furnish", "tests.bench.login"):
            command = [sys.executable, "-m", module]
            done = subprocess.run(
                command, cwd=CHECKOUT, check=True, env=stack.environment, capture_output=True, text=True
            )
        schema, _ = (stack.folder.root / "bench-site").read_text().split()
        yield Watch(stack, schema, done.stdout.strip())


def load(watch: Watch, seconds: float, *options: str) -> subprocess.Popen[str]:
    """Start the load generator against the door: single events unless told else, each with an id of its own."""
    port = str(watch.stack.track_port)
    command = [
        sys.executable,
        "-m",
        "tests.bench.load",
        "--port",
        port,
        "--seconds",
        str(seconds),
        "--unique",
        *options,
    ]
    return subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True)


def answers(loading: subprocess.Popen[str]) -> dict[str, Any]:
    """Return what the load generator says at its end. Raises RuntimeError where a request wasn't accepted."""
    output, _ = loading.communicate()
    said: dict[str, Any] = json.loads(output)
    if set(said["statuses"]) != {"202"}:
        raise RuntimeError(f"not every request was accepted: {said['statuses']}")
    return said


def capacity(watch: Watch, seconds: float, *options: str) -> float:
    """Return how many events a second are taken in and stored, with the load generator on the same machine."""
    before = watch.settled()
    with load(watch, seconds, *options) as loading:
        wait_until(lambda: watch.settled() > before, seconds=PATIENCE_SECONDS)
        began, already = time.monotonic(), watch.settled()
        answers(loading)
        ended = drain(watch)
    return (watch.settled() - already) / (ended - began)


@dataclass(frozen=True)
class Cost:
    """The processor time of one stored event in ms, by process."""

    by_process: dict[str, float]

    @property
    def on_the_way(self) -> float:
        """Of what every event passes through: ingest, streams, writer and PostgreSQL."""
        return sum(self.by_process[name] for name in ON_THE_WAY)


def cost_of(watch: Watch, work: Callable[[], Result]) -> tuple[Result, Cost]:
    """Do `work`, which puts load on, and wait until all is stored; return what it returns and what an event cost."""
    before, spent = watch.settled(), _spent(watch)
    result = work()
    drain(watch)
    stored = watch.settled() - before
    return result, Cost({name: (used - spent[name]) / stored * 1000 for name, used in _spent(watch).items()})


def _spent(watch: Watch) -> dict[str, float]:
    return {name: watch.cpu_seconds(name) for name in (*ON_THE_WAY, *BESIDE)}


def drain(watch: Watch) -> float:
    """Wait until nothing more has come for a second; return when the last came."""
    counted, since = watch.settled(), time.monotonic()

    def is_done() -> bool:
        nonlocal counted, since
        before, counted = counted, watch.settled()
        if before != counted:
            since = time.monotonic()
        return time.monotonic() - since > 1

    if not wait_until(is_done, seconds=120, every=0.1):
        raise RuntimeError("the writer doesn't come to an end")
    return since
