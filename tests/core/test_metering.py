"""Metrics of several processes: summed, kept over a process' death, and no files left behind."""

import errno
import fcntl
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from apps.core import metering
from config.local.folders import CHECKOUT
from tests.tracking.processes import environment

COUNT = """
import os, sys, django
django.setup()
from apps.tracking import measures
measures.UNTOLD.inc(3)
measures.LAG_SECONDS.add([0, 2] + [0] * (len(measures.LAG_SECONDS.bounds) - 2), 0.004)
print(os.getpid(), flush=True)
if sys.argv[1] == "killed":
    os.kill(os.getpid(), 9)
"""

# A process of another container that shares the folder: its number says nothing here, and may be its neighbour's too.
COUNT_ELSEWHERE = """
import os, sys, django
os.getpid = lambda: 999999999
django.setup()
from apps.tracking import measures
for line in sys.stdin:
    measures.UNTOLD.inc(int(line))
    print("counted", flush=True)
"""
# RLIMIT_FSIZE stands for the full disk, which not every machine lets a test have: allocating fails all the same.
COUNT_WITHOUT_ROOM = """
import os, resource, signal, sys, django
def room(size):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
if sys.argv[1] == "at the start":
    room(0)
django.setup()
from apps.core import metering_files
from apps.tracking import measures
measures.UNTOLD.inc(3)
room(0 if sys.argv[1] == "at the start" else 1 << 16)
for number in range(2_000):
    measures.SET_ASIDE.labels(f"reason {number}").inc()
measures.UNTOLD.inc(4)
print("survived", flush=True)
sys.stdin.readline()
room(resource.RLIM_INFINITY)
metering_files.AGAIN_SECONDS = 0
measures.UNTOLD._value._file._again_at = 0
for number in range(2_000):
    measures.SET_ASIDE.labels(f"reason {number}").inc()
measures.UNTOLD.inc(5)
"""


def value(name: str) -> float:
    found = re.search(rf"^{re.escape(name)} (\S+)$", metering.exposition().decode(), re.M)
    return float(found[1]) if found else 0.0


def count(how: str) -> int:
    """Count in a process of its own that ends as said; return its id."""
    command = [sys.executable, "-c", COUNT, how]
    done = subprocess.run(command, cwd=CHECKOUT, env=environment(), stdout=subprocess.PIPE, text=True, check=False)
    return int(done.stdout)


@pytest.mark.parametrize("how", ["ended", "killed"])
def test_what_a_process_counted_outlives_it_and_its_files_dont(how: str) -> None:
    before = value("beacon_writer_facts_untold_total")
    lag = value('beacon_writer_lag_seconds_bucket{le="0.002"}')
    for _ in range(3):
        pid = count(how)
    assert value("beacon_writer_facts_untold_total") == before + 9
    assert value('beacon_writer_lag_seconds_bucket{le="0.002"}') == lag + 6
    assert value("beacon_writer_facts_untold_total") == before + 9
    assert not list(metering.FOLDER.glob(f"*_{pid}-*.db"))


def test_a_process_that_goes_on_is_read_in_its_own_files() -> None:
    from apps.tracking import measures

    before = value("beacon_writer_facts_untold_total")
    measures.UNTOLD.inc(2)
    assert value("beacon_writer_facts_untold_total") == before + 2
    assert list(metering.FOLDER.glob(f"*_{os.getpid()}-*.db"))


def test_a_file_of_which_nothing_was_written_yet_does_no_harm() -> None:
    empty = metering.FOLDER / "counter_999999999.db"
    empty.write_bytes(b"")
    assert metering.exposition()
    assert not empty.exists()


def test_the_folder_is_closed_to_others() -> None:
    assert metering.FOLDER.stat().st_mode & 0o077 == 0


@contextmanager
def running(code: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", code, *arguments]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, cwd=CHECKOUT, env=environment(), stdin=pipe, stdout=pipe, stderr=pipe, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def told(process: subprocess.Popen[str], number: int) -> str:
    """Let a process elsewhere count so many."""
    assert process.stdin
    assert process.stdout
    process.stdin.write(f"{number}\n")
    process.stdin.flush()
    return process.stdout.readline()


def test_processes_of_other_containers_are_let_live() -> None:
    before = value("beacon_writer_facts_untold_total")
    with running(COUNT_ELSEWHERE) as one, running(COUNT_ELSEWHERE) as other:
        assert (told(one, 1), told(other, 10)) == ("counted\n", "counted\n")
        assert value("beacon_writer_facts_untold_total") == before + 11
        assert (told(one, 100), told(other, 1000)) == ("counted\n", "counted\n")
        assert value("beacon_writer_facts_untold_total") == before + 1111
        assert len(list(metering.FOLDER.glob("counter_999999999*.db"))) == 2
    assert value("beacon_writer_facts_untold_total") == before + 1111
    assert not list(metering.FOLDER.glob("counter_999999999*.db"))


def test_no_page_is_without_its_place_on_the_disk() -> None:
    from apps.tracking import measures

    measures.UNTOLD.inc()
    found = [path.stat() for path in metering.FOLDER.glob(f"*_{os.getpid()}*.db")]
    assert found
    assert all(file.st_blocks * 512 >= file.st_size > 0 for file in found)


@pytest.mark.parametrize("when", ["at the start", "while it grows"])
def test_without_room_a_process_counts_on_and_writes_it_all_when_there_is_some(when: str) -> None:
    before = value("beacon_writer_facts_untold_total")
    name = 'beacon_events_set_aside_total{reason="reason 1999"}'
    reason = value(name)
    with running(COUNT_WITHOUT_ROOM, when) as process:
        assert process.stdout
        assert process.stderr
        assert process.stdout.readline() == "survived\n"
        assert value("beacon_writer_facts_untold_total") == before + (0 if when == "at the start" else 7)
        assert value(name) == reason
        _, said = process.communicate("go on\n", timeout=30)
    assert process.returncode == 0
    assert said.count("No room for metrics") == 1
    assert value("beacon_writer_facts_untold_total") == before + 12
    assert value(name) == reason + 2


def test_without_room_for_the_past_what_was_left_is_read_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    before = value("beacon_writer_facts_untold_total")
    pid = count("killed")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(os, "posix_fallocate", full)
        assert value("beacon_writer_facts_untold_total") == before + 3
        assert list(metering.FOLDER.glob(f"counter_{pid}-*.db"))
    assert value("beacon_writer_facts_untold_total") == before + 3
    assert not list(metering.FOLDER.glob(f"counter_{pid}-*.db"))


def test_it_waits_for_nobody_who_holds_the_metrics_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metering, "HOLD_SECONDS", 0.1)
    with (metering.FOLDER / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(metering.Busy):
            metering.exposition()
    assert metering.exposition()
