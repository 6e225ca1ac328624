"""The runner, with small commands in place of the Procfile's: it starts, heals, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys

import psutil
import psycopg
import pytest
import redis

from config.local.deadline import wait_until
from config.local.folders import CHECKOUT, DataFolder
from tests.platform.observing import TINY_RUN, Start, nothing_is_left
from tests.ports import free_ports

pytestmark = pytest.mark.usefixtures("cluster")
TICKER = "sh -c 'echo ticking; exec sleep 1000'"


def test_it_says_when_all_are_ready_and_stops_in_order(start: Start, folder: DataFolder) -> None:
    trace = folder.root / "trace"
    noting = f"""sh -c 'trap "echo $0 >>{trace}; exit 0" TERM; echo up; while :; do sleep 0.05; done'"""
    run = start({name: f"{noting} {name}" for name in ("worker", "web", "writer")}, ready={"web": "up"})
    assert run.is_ready
    text = run.output.read_text()
    assert "Beacon is ready" in text
    assert str(folder.root) in text
    assert run.end() == 0
    assert trace.read_text().split() == ["web", "writer", "worker"]
    assert "Stopped." in run.output.read_text()
    assert nothing_is_left(folder)


def test_ctrl_c_while_it_gets_ready_is_an_orderly_stop(start: Start, folder: DataFolder) -> None:
    run = start({"web": TICKER}, ready={"web": "never said"})
    assert run.said("Starting the processes")
    assert run.end(signal.SIGINT) == 0
    assert nothing_is_left(folder)


def test_a_stubborn_process_is_ended_at_once_by_a_second_signal(start: Start, folder: DataFolder) -> None:
    run = start({"web": """sh -c 'trap "" TERM; echo up; while :; do sleep 0.05; done'"""}, ready={"web": "up"})
    assert run.is_ready
    run.process.send_signal(signal.SIGTERM)
    assert run.said("Stopping")
    run.process.send_signal(signal.SIGTERM)
    assert run.process.wait(30) == 0
    assert nothing_is_left(folder)


def test_kill_9_of_the_runner_leaves_no_process(start: Start, folder: DataFolder) -> None:
    run = start({"web": TICKER})
    assert run.is_ready
    run.end(signal.SIGKILL)
    assert nothing_is_left(folder)


def test_the_run_after_a_kill_9_is_ready_with_the_data(start: Start, folder: DataFolder) -> None:
    first = start({"web": TICKER})
    assert first.is_ready
    keep_something(folder)
    first.end(signal.SIGKILL)
    second = start({"web": TICKER})
    assert second.is_ready
    assert_it_is_kept(folder)
    assert second.end() == 0


def test_a_killed_process_starts_again_by_itself(start: Start) -> None:
    run = start({"writer": TICKER})
    assert run.is_ready
    pid = run.pid("writer")
    os.kill(pid, signal.SIGKILL)
    assert run.came_back("writer", other_than=pid)
    assert run.said("writer ended (killed by SIGKILL) and starts again in 0.5 s.")
    assert run.end() == 0


def test_killed_servers_come_back_on_their_ports_with_the_data(start: Start, folder: DataFolder) -> None:
    run = start({"web": TICKER})
    assert run.is_ready
    keep_something(folder)
    for name in ("postgres", "valkey-durable"):
        pid = run.pid(name)
        os.kill(pid, signal.SIGKILL)
        assert run.came_back(name, other_than=pid)
    assert wait_until(lambda: is_kept(folder), seconds=20)
    assert run.end() == 0


MAKEFILE = 'run:\n\t@exec "$$PYTHON" -m tests.platform.tiny_run "$$PLAN"\n'


@pytest.mark.parametrize("leader", [(*TINY_RUN, "{plan}"), ("make", "-f", "{makefile}")], ids=["runner", "make"])
def test_a_closed_terminal_leaves_no_process(folder: DataFolder, leader: tuple[str, ...]) -> None:
    """The hang-up reaches the session's leader alone: the runner itself, or `make`, which waits and tells nobody."""
    port, track_port = free_ports(2)
    plan = json.dumps({"commands": {"web": TICKER}, "ready": {}})
    makefile = folder.root / "Makefile"
    makefile.write_text(MAKEFILE)
    command = [part.replace("{plan}", plan).replace("{makefile}", str(makefile)) for part in leader]
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ |= {"BEACON_DATA_DIR": str(folder.root), "PORT": str(port), "TRACK_PORT": str(track_port)}
        os.environ |= {"PYTHON": sys.executable, "PLAN": plan}
        os.chdir(CHECKOUT)
        # Who runs the tests may ignore hang-ups (nohup), and would hand that on.
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        os.execvp(command[0], command)
    assert wait_until(folder.ready.exists, seconds=30)
    os.close(terminal)
    os.waitpid(pid, 0)
    assert nothing_is_left(folder)


def test_a_second_run_with_the_same_data_is_refused(start: Start, folder: DataFolder) -> None:
    first = start({"web": TICKER})
    assert first.is_ready
    second = start({"web": TICKER})
    assert second.process.wait(20) == 1
    assert f"beacon: Beacon already runs with {folder.root}" in second.output.read_text()
    assert first.process.poll() is None
    assert first.end() == 0


def test_a_taken_port_is_said_in_one_line(start: Start, folder: DataFolder, taken_port: int) -> None:
    run = start({"web": TICKER}, PORT=str(taken_port))
    assert run.process.wait(20) == 1
    assert run.output.read_text().splitlines() == [
        f"beacon: Port {taken_port} is taken by another program: "
        f"stop that one or choose another, e.g. PORT={taken_port + 10}."
    ]


def test_a_process_that_does_not_come_up_is_named(start: Start, folder: DataFolder) -> None:
    run = start({"web": TICKER, "writer": "sh -c 'echo no such table; exit 3'"})
    assert run.process.wait(30) == 1
    assert "beacon: `writer` doesn't start: no such table" in run.output.read_text()
    assert nothing_is_left(folder)


def test_make_run_ends_with_make(folder: DataFolder) -> None:
    """A kill -9 of `make` reaches nobody else; the runner notices that its parent has gone."""
    port, track_port = free_ports(2)
    env = os.environ | {"BEACON_DATA_DIR": str(folder.root), "PORT": str(port), "TRACK_PORT": str(track_port)}
    shell = f"{sys.executable} -m config.local up --no-demo --with-parent; true"
    with subprocess.Popen(["sh", "-c", shell], cwd=CHECKOUT, env=env, stdout=subprocess.DEVNULL) as parent:
        assert wait_until(lambda: bool(psutil.Process(parent.pid).children(recursive=True)), seconds=20)
        assert wait_until(folder.services.exists, seconds=30)
        parent.kill()
    assert nothing_is_left(folder, seconds=30)


def keep_something(folder: DataFolder) -> None:
    noted = json.loads(folder.services.read_text())
    with psycopg.connect(noted["database_url"], autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS value")
    redis.Redis.from_url(noted["redis_url"]).xadd("kept", {"value": "42"})


def is_kept(folder: DataFolder) -> bool:
    try:
        assert_it_is_kept(folder)
    except (psycopg.OperationalError, redis.ConnectionError):
        return False
    return True


def assert_it_is_kept(folder: DataFolder) -> None:
    noted = json.loads(folder.services.read_text())
    with psycopg.connect(noted["database_url"], connect_timeout=5) as connection:
        assert connection.execute("SELECT value FROM kept").fetchone() == (42,)
    assert redis.Redis.from_url(noted["redis_url"]).xlen("kept") == 1
