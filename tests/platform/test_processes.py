"""Clearing away what a killed runner left, where the kernel doesn't do it for us."""

from __future__ import annotations

import json
import subprocess

import psutil

from config.local.folders import DataFolder
from config.local.processes import Register


def sleeper() -> subprocess.Popen[bytes]:
    return subprocess.Popen(["sleep", "1000"], start_new_session=True)


def test_the_next_runner_ends_the_noted_processes(folder: DataFolder) -> None:
    folder.prepare()
    with sleeper() as left:
        Register(folder.processes).add("web", left.pid)
        assert Register(folder.processes).end_leftovers() == ["web"]
        assert not psutil.pid_exists(left.pid)
    assert not folder.processes.exists()


def test_a_process_that_got_an_old_number_is_left_alone(folder: DataFolder) -> None:
    folder.prepare()
    with sleeper() as stranger:
        folder.processes.write_text(json.dumps({"web": [stranger.pid, 1.0]}))
        assert Register(folder.processes).end_leftovers() == []
        assert stranger.poll() is None
        stranger.kill()


def test_a_spoilt_note_is_no_obstacle(folder: DataFolder) -> None:
    folder.prepare()
    folder.processes.write_text("{half")
    assert Register(folder.processes).end_leftovers() == []
