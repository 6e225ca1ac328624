"""The run: servers, preparation, the processes, the ready block; then look after them until told to stop."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from contextlib import ExitStack, suppress

from config.local.banner import banner
from config.local.console import Console
from config.local.folders import write_private
from config.local.lock import Busy, hold
from config.local.logs import Log
from config.local.options import Options
from config.local.plan import Plan
from config.local.ports import require_free
from config.local.postgres import Postgres
from config.local.problem import Problem
from config.local.processes import Register
from config.local.readiness import lives
from config.local.services import Services
from config.local.steps import Steps
from config.local.stopping import Stopped, StopRequest
from config.local.units import Unit, application_environment, stop_units

TICK_SECONDS = 0.1
READY_SECONDS = 120.0
TRIES_TO_START = 3
LAST_GRACE_SECONDS = 10.0


class Run:
    """One run of a plan. `go` returns when it was told to stop and everything has stopped."""

    def __init__(self, options: Options, plan: Plan, *, console: Console, request: StopRequest) -> None:
        self.options = options
        self.plan = plan
        self.console = console
        self.request = request
        self.register = Register(options.folder.processes)
        self.services = Services(options.folder, self.register)
        self.environment = application_environment(options.environment())
        self.units: list[Unit] = []
        self.is_announced = False

    def go(self) -> None:
        started = time.monotonic()
        folder = self.options.folder
        folder.prepare()
        with ExitStack() as stack:
            try:
                stack.enter_context(hold(folder.lock, said=f"http://localhost:{self.options.port}/"))
            except Busy as busy:
                raise Problem(f"Beacon already runs with {folder.root}, see {busy}: stop that one first.") from busy
            stack.callback(self._stop)
            with suppress(Stopped):  # told to while it was getting ready: the same orderly way out
                self._get_ready()
                self._announce(time.monotonic() - started)
                if line := self.plan.at_leisure():
                    self.console.say(line)
                while not self.request.has_come:
                    self._look_after()
                    time.sleep(TICK_SECONDS)
            self.console.say("\nStopping ...")
        self.console.say(f"Stopped. The data is kept in {folder.root}")

    # --- getting ready ------------------------------------------------------------------------------------------------

    def _get_ready(self) -> None:
        self.options.folder.ready.unlink(missing_ok=True)
        cleared = self.register.end_leftovers()
        if cleared:
            self.console.say(f"Cleared away what an earlier run had left: {', '.join(cleared)}.")
        require_free("PORT", self.options.port)
        require_free("TRACK_PORT", self.options.track_port)
        self.console.say("Starting PostgreSQL and Valkey ...")
        self.services.start(pause=self.request.pause)
        steps = Steps(self.options.folder.logs, self.environment, self.register, self.console, pause=self.request.pause)
        self.console.say("Preparing the database and the files ...")
        steps.run(*self.plan.before)
        self.console.say("Starting the processes ...")
        self._start_units(self.plan.commands)
        with steps.started(*self.plan.beside) as group:
            self._wait_ready()
            while not group.are_done():
                self._look_after()
                self.request.pause(TICK_SECONDS)
        self._start_units(self.plan.then)

    def _start_units(self, commands: Mapping[str, str]) -> None:
        for name, command in commands.items():
            unit = Unit(name, command, self.environment, Log(self.options.folder.log(name)), self.register)
            unit.start()
            self.units.append(unit)

    def _wait_ready(self) -> None:
        """Wait until every process does its work; a Problem names the one that doesn't come up."""
        waiting = list(self.units)
        end = time.monotonic() + READY_SECONDS
        while waiting:
            self._look_after()
            self._give_up_on_the_broken(waiting)
            waiting = [unit for unit in waiting if not self._is_ready(unit)]
            if waiting and time.monotonic() > end:
                late = waiting[0]
                raise Problem(f"`{late.name}` isn't ready after {READY_SECONDS:.0f} seconds: see {late.log.path}.")
            self.request.pause(TICK_SECONDS)

    def _is_ready(self, unit: Unit) -> bool:
        return unit.is_running and self.plan.checks.get(unit.name, lives)(unit)

    def _give_up_on_the_broken(self, units: list[Unit]) -> None:
        for unit in units:
            if unit.restarts.failures >= TRIES_TO_START:
                said = (unit.log.last_lines(1) or ["it said nothing"])[0]
                raise Problem(f"`{unit.name}` doesn't start: {said} (see {unit.log.path})")

    def _announce(self, seconds: float) -> None:
        """Print the block; leave a note for scripts that wait for it."""
        homes = [
            str(item.server.home)
            for item in self.services.running.values()
            if isinstance(item.server, Postgres) and item.server.is_elsewhere
        ]
        self.console.say(banner(self.options, database_home=homes[0] if homes else None, seconds=seconds))
        ports = {"port": self.options.port, "track_port": self.options.track_port}
        facts = {"pid": os.getpid(), "seconds": round(seconds, 2)} | ports
        write_private(self.options.folder.ready, json.dumps(facts))
        self.is_announced = True

    # --- while it runs ------------------------------------------------------------------------------------------------

    def _look_after(self) -> None:
        for unit in self.units:
            for line in unit.new_lines():
                # Before that they speak of their start; it is in their logs, and a failed one is told in one sentence.
                if self.is_announced:
                    self.console.relay(unit.name, line)
            note = unit.look_after()
            if note:
                self.console.say(note)
        for key, item in self.services.running.items():
            if item.process.poll() is not None:
                self._look_after_server(key)

    def _look_after_server(self, key: str) -> None:
        """Start a server that died: on its old port, with its data."""
        restarts = self.services.running[key].restarts
        if not restarts.is_waiting:
            pause = restarts.note_end()
            self.console.say(f"{self.services.running[key].server.title} ended and starts again in {pause:g} s.")
        elif restarts.is_due:
            self.services.revive(key)

    # --- the way out --------------------------------------------------------------------------------------------------

    def _stop(self) -> None:
        self.options.folder.ready.unlink(missing_ok=True)
        left = list(self.units)
        for stage in self.plan.stop_order:
            self._stop_units([unit for unit in left if unit.name in stage.names], stage.grace_seconds)
            left = [unit for unit in left if unit.name not in stage.names]
        self._stop_units(left, LAST_GRACE_SECONDS)
        self.services.stop()

    def _stop_units(self, units: list[Unit], grace_seconds: float) -> None:
        stop_units(units, grace_seconds=grace_seconds, is_urgent=lambda: self.request.is_urgent)
