"""Looking at a data folder's processes from outside, and a runner to look at."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from config.local.deadline import wait_until
from config.local.folders import DataFolder
from config.local.stack import is_ready

TINY_RUN = (sys.executable, "-m", "tests.platform.tiny_run")


def processes_of(folder: DataFolder) -> list[psutil.Process]:
    """Return every process that has to do with the folder, by its arguments, working folder or environment."""
    mark = str(folder.root)
    own = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            facts = [*process.cmdline(), process.cwd(), process.environ().get("BEACON_DATA_DIR", "")]
            if process.pid not in own and process.status() != psutil.STATUS_ZOMBIE and any(mark in f for f in facts):
                found.append(process)
    return found


def nothing_is_left(folder: DataFolder, *, seconds: float = 30.0) -> bool:
    return wait_until(lambda: not processes_of(folder), seconds=seconds)


@dataclass
class TinyRun:
    """A runner in a process of its own, with a plan of small shell commands instead of the Procfile."""

    folder: DataFolder
    process: subprocess.Popen[str]
    output: Path

    def said(self, text: str, *, seconds: float = 20.0) -> bool:
        return wait_until(lambda: text in self.output.read_text(), seconds=seconds)

    @property
    def is_ready(self) -> bool:
        pid = self.process.pid
        wait_until(lambda: is_ready(self.folder, pid) or self.process.poll() is not None, seconds=30)
        return is_ready(self.folder, pid)

    def pid(self, name: str) -> int:
        return int(json.loads(self.folder.processes.read_text())[name][0])

    def came_back(self, name: str, *, other_than: int) -> bool:
        def is_new() -> bool:
            entries = json.loads(self.folder.processes.read_text())
            return name in entries and entries[name][0] != other_than and psutil.pid_exists(entries[name][0])

        return wait_until(is_new, seconds=20)

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(30)


Start = Callable[..., TinyRun]
