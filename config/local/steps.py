"""The commands before the processes start: the database's tables, the collected files, the address databases."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
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


@dataclass
class Step:
    """A management command, run to its end."""

    name: str
    arguments: list[str]
    is_required: bool = True
    is_audible: bool = False  # its lines are shown, for what takes long
    stamp: Stamp | None = None  # where it is current, the step is left out
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)


@dataclass
class Steps:
    """Runs steps side by side and waits for all."""

    logs: Path
    environment: Mapping[str, str]
    register: Register
    console: Console
    pause: Pause

    def run(self, *steps: Step) -> None:
        """Raise a Problem where a required one fails and end the others; report where another one does."""
        steps = tuple(step for step in steps if not (step.stamp and step.stamp.is_current))
        logs = {step.name: Log(self.logs / f"{step.name}.log") for step in steps}
        try:
            for step in steps:
                self._start(step, logs[step.name])
            while waiting := [step for step in steps if step.process and step.process.poll() is None]:
                self._relay(waiting, logs)
                self._require_success(steps, logs)
                self.pause(POLL_SECONDS)
            self._relay(steps, logs)
            self._require_success(steps, logs)
            for step in steps:
                if step.stamp:
                    step.stamp.keep()
        finally:
            self._end(steps)

    def _start(self, step: Step, log: Log) -> None:
        with log.writer() as output:
            argv = [sys.executable, "manage.py", *step.arguments]
            step.process = spawn(argv, env=self.environment, cwd=CHECKOUT, output=output)
        self.register.add(step.name, step.process.pid)

    def _relay(self, steps: tuple[Step, ...] | list[Step], logs: Mapping[str, Log]) -> None:
        for step in steps:
            for line in logs[step.name].new_lines():
                if step.is_audible:
                    self.console.say(f"  {line}")

    def _require_success(self, steps: tuple[Step, ...], logs: Mapping[str, Log]) -> None:
        for step in steps:
            code = step.process.poll() if step.process else None
            if code is None or code == 0:
                continue
            log = logs[step.name]
            said = (log.last_lines(1) or ["it said nothing"])[0]
            message = f"`manage.py {' '.join(step.arguments)}` failed ({how_it_ended(code)}): {said} (see {log.path})"
            if step.is_required:
                raise Problem(message)
            self.console.say(f"  Going on without: {message}")
            step.process = None

    def _end(self, steps: tuple[Step, ...]) -> None:
        for step in steps:
            if step.process is not None:
                if step.process.poll() is None:
                    signal_group(step.process.pid, signal.SIGKILL)
                    step.process.wait()
                self.register.remove(step.name)
