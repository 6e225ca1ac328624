"""The run: servers, preparation, the Procfile's processes, the ready block; then look after them until told to stop."""

from __future__ import annotations

import time
from contextlib import ExitStack

from config.local.banner import banner
from config.local.console import Console
from config.local.folders import CHECKOUT
from config.local.lock import Busy, hold
from config.local.logs import Log
from config.local.options import Options
from config.local.ports import require_free
from config.local.postgres import Postgres
from config.local.problem import Problem
from config.local.processes import Register
from config.local.procfile import read_procfile
from config.local.readiness import checks, runs
from config.local.services import Services
from config.local.steps import Step, Steps
from config.local.stopping import Stopped, StopRequest
from config.local.units import Unit, application_environment, stop_units

PROCFILE = CHECKOUT / "Procfile"
TICK_SECONDS = 0.1
READY_SECONDS = 120.0
TRIES_TO_START = 3
# Who goes first, and how long each may take: no new events, then the stream is drained, then the work behind it.
STOP_ORDER = (({"web", "ingest", "demo"}, 12.0), ({"writer"}, 15.0), ({"worker", "beat"}, 12.0))


class Run:
    """One `make run`. `go` returns when it was told to stop and everything has stopped."""

    def __init__(self, options: Options, *, console: Console, request: StopRequest) -> None:
        self.options = options
        self.console = console
        self.request = request
        self.register = Register(options.folder.processes)
        self.services = Services(options.folder, self.register)
        self.environment = application_environment(options.environment())
        self.units: list[Unit] = []

    def go(self) -> None:
        started = time.monotonic()
        folder = self.options.folder
        folder.prepare()
        with ExitStack() as stack:
            try:
                stack.enter_context(hold(folder.lock, said=f"http://localhost:{self.options.port}/"))
            except Busy as busy:
                raise Problem(
                    f"Beacon runs already with the data in {folder.root}: {busy} (stop that one first)."
                ) from busy
            stack.callback(self._stop)
            try:
                self._get_ready()
                self.console.say(self._banner(time.monotonic() - started))
                while not self.request.has_come:
                    self._look_after()
                    time.sleep(TICK_SECONDS)
            except Stopped:
                pass  # told to while it was getting ready: the same orderly way out
            self.console.say("\nStopping ...")
        self.console.say(f"Stopped. The data is kept in {folder.root}")

    # --- getting ready ------------------------------------------------------------------------------------------------

    def _get_ready(self) -> None:
        cleared = self.register.end_leftovers()
        if cleared:
            self.console.say(f"Cleared away what an earlier run had left: {', '.join(cleared)}.")
        require_free("PORT", self.options.port)
        require_free("TRACK_PORT", self.options.track_port)
        self.console.say("Starting PostgreSQL and Valkey ...")
        self.services.start(pause=self.request.pause)
        self.console.say("Preparing the database and the files ...")
        steps = Steps(self.options.folder.logs, self.environment, self.register, self.console, pause=self.request.pause)
        steps.run(
            Step("prepare", ["prepare"]),
            Step("collectstatic", ["collectstatic", "--noinput", "--verbosity", "0"]),
            Step("networks", ["networks_refresh", "--if-missing"], is_required=False, is_audible=True),
        )
        self.console.say("Starting the processes ...")
        for name, command in read_procfile(PROCFILE).items():
            self._add_unit(name, command)
        if self.options.has_demo:
            steps.run(Step("create_demo", ["create_demo"], is_audible=True))
            self._add_unit("demo", "python manage.py simulate --trickle")
        self._wait_ready()

    def _add_unit(self, name: str, command: str) -> None:
        unit = Unit(name, command, self.environment, Log(self.options.folder.log(name)), self.register)
        unit.start()
        self.units.append(unit)

    def _wait_ready(self) -> None:
        """Wait until every process does its work; a Problem names the one that doesn't come up."""
        waiting = list(self.units)
        by_name = checks(self.options)
        end = time.monotonic() + READY_SECONDS
        while waiting:
            self._look_after()
            for unit in waiting:
                if unit.restarts.failures >= TRIES_TO_START:
                    said = (unit.log.last_lines(1) or ["it said nothing"])[0]
                    raise Problem(f"`{unit.name}` doesn't start: {said} (see {unit.log.path})")
            waiting = [unit for unit in waiting if not (unit.is_running and by_name.get(unit.name, runs)(unit))]
            if waiting and time.monotonic() > end:
                late = waiting[0]
                raise Problem(f"`{late.name}` isn't ready after {READY_SECONDS:.0f} seconds: see {late.log.path}.")
            self.request.pause(TICK_SECONDS)

    def _banner(self, seconds: float) -> str:
        homes = [
            str(item.server.home)
            for item in self.services.running.values()
            if isinstance(item.server, Postgres) and item.server.is_elsewhere
        ]
        return banner(self.options, database_home=homes[0] if homes else None, seconds=seconds)

    # --- while it runs ------------------------------------------------------------------------------------------------

    def _look_after(self) -> None:
        for unit in self.units:
            for line in unit.new_lines():
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
        left = list(self.units)
        for names, grace_seconds in STOP_ORDER:
            group = [unit for unit in left if unit.name in names]
            left = [unit for unit in left if unit not in group]
            stop_units(group, grace_seconds=grace_seconds, is_urgent=lambda: self.request.is_urgent)
        stop_units(left, grace_seconds=STOP_ORDER[-1][1], is_urgent=lambda: self.request.is_urgent)
        self.services.stop()
