"""The processes of the Procfile, each kept running."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from config.local.folders import CHECKOUT
from config.local.logs import Log
from config.local.processes import Register, signal_group, spawn
from config.local.restarts import Restarts

RECENT_LINES = 200


def application_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment in which `python`, `celery` and the like are those of our own."""
    programs = str(Path(sys.executable).parent)
    return dict(environment) | {"PATH": f"{programs}{os.pathsep}{environment.get('PATH', os.defpath)}"}


def how_it_ended(code: int) -> str:
    """Put an exit code in words."""
    if code < 0:
        return f"killed by {signal.Signals(-code).name}"
    return f"exit code {code}"


@dataclass(eq=False)
class Unit:
    """One line of the Procfile and its process of now."""

    name: str
    command: str
    environment: Mapping[str, str]
    log: Log
    register: Register
    restarts: Restarts = field(default_factory=Restarts)
    process: subprocess.Popen[bytes] | None = None
    recent: list[str] = field(default_factory=list)  # what it has said since its start, for the readiness checks

    def start(self) -> None:
        self.recent.clear()
        with self.log.writer() as output:
            # `exec`, so that signals reach the program and no shell in between.
            argv = ["/bin/sh", "-c", f"exec {self.command}"]
            self.process = spawn(argv, env=self.environment, cwd=CHECKOUT, output=output)
        self.restarts.note_start()
        self.register.add(self.name, self.process.pid)

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def look_after(self) -> str | None:
        """Note an end or start again when it is time; return a line for the person at the terminal, if any."""
        if self.is_running:
            return None
        if self.process is not None:
            return self._note_end(self.process)
        if self.restarts.is_due:
            self.start()
        return None

    def _note_end(self, process: subprocess.Popen[bytes]) -> str:
        # What it left in its group (none, as a rule) would hold the port against the successor.
        signal_group(process.pid, signal.SIGKILL)
        pause = self.restarts.note_end()
        self.process = None
        self.register.remove(self.name)
        return f"{self.name} ended ({how_it_ended(process.returncode)}) and starts again in {pause:g} s."

    def new_lines(self) -> list[str]:
        lines = self.log.new_lines()
        self.recent = [*self.recent, *lines][-RECENT_LINES:]
        return lines


def stop_units(units: Iterable[Unit], *, grace_seconds: float, is_urgent: Callable[[], bool]) -> None:
    """Stop them together: asked first, and made to after the grace or on an urgent request."""
    running = {unit: unit.process for unit in units if unit.process is not None}
    for process in running.values():
        signal_group(process.pid, signal.SIGTERM)
    end = time.monotonic() + grace_seconds
    while any(process.poll() is None for process in running.values()):
        if time.monotonic() > end or is_urgent():
            break
        time.sleep(0.05)
    for unit, process in running.items():
        signal_group(process.pid, signal.SIGKILL)
        process.wait()
        unit.register.remove(unit.name)
