"""The commands before the processes start: the database's tables, the collected files, the address databases."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from config.local.console import Console
from config.local.deadline import Pause
from config.local.folders import CHECKOUT
from config.local.logs import Log
from config.local.problem import Problem
from config.local.processes import Register, signal_group, spawn
from config.local.stamps import Stamp
from config.local.units import how_it_ended

POLL_SECONDS = 0.05


@dataclass(frozen=True)
class Step:
    """A management command, run to its end."""

    name: str
    arguments: list[str]
    is_required: bool = True
    is_audible: bool = False  # its lines are shown, for what takes long
    stamp: Stamp | None = None  # where it is current, the step is left out


@dataclass
class Steps:
    """Runs steps side by side."""

    logs: Path
    environment: Mapping[str, str]
    register: Register
    console: Console
    pause: Pause

    def run(self, *steps: Step) -> None:
        """Run them to their end. Raises a Problem as `are_done` does."""
        with self.started(*steps) as group:
            while not group.are_done():
                self.pause(POLL_SECONDS)

    @contextmanager
    def started(self, *steps: Step) -> Iterator[Group]:
        """Start those that have something to do; what still runs at the end of the block is ended."""
        group = Group(self.console)
        try:
            for step in steps:
                if not (step.stamp and step.stamp.is_current):
                    group.add(self._start(step))
            yield group
        finally:
            for started in group.all:
                if started.process.poll() is None:
                    signal_group(started.process.pid, signal.SIGKILL)
                    started.process.wait()
                self.register.remove(started.step.name)

    def _start(self, step: Step) -> Started:
        log = Log(self.logs / f"{step.name}.log")
        with log.writer() as output:
            argv = [sys.executable, "manage.py", *step.arguments]
            process = spawn(argv, env=self.environment, cwd=CHECKOUT, output=output)
        self.register.add(step.name, process.pid)
        return Started(step, process, log)


@dataclass
class Started:
    """A step on its way."""

    step: Step
    process: subprocess.Popen[bytes]
    log: Log

    @property
    def failure(self) -> str:
        said = (self.log.last_lines(1) or ["it said nothing"])[0]
        how = how_it_ended(self.process.returncode)
        return f"`manage.py {' '.join(self.step.arguments)}` failed ({how}): {said} (see {self.log.path})"


class Group:
    """Steps that run side by side."""

    def __init__(self, console: Console) -> None:
        self.all: list[Started] = []
        self._waiting: list[Started] = []
        self._console = console

    def add(self, started: Started) -> None:
        self.all.append(started)
        self._waiting.append(started)

    def are_done(self) -> bool:
        """Pass on what they say. Raises a Problem where a required one has failed; another one's failure is told."""
        for started in list(self._waiting):
            code = started.process.poll()
            for line in started.log.new_lines():
                if started.step.is_audible:
                    self._console.say(f"  {line}")
            if code is not None:
                self._waiting.remove(started)
                self._conclude(started)
        return not self._waiting

    def _conclude(self, started: Started) -> None:
        if started.process.returncode == 0:
            if started.step.stamp:
                started.step.stamp.keep()
        elif started.step.is_required:
            raise Problem(started.failure)
        else:
            self._console.say(f"  Going on without: {started.failure}")
