"""The way in: `python -m config.local up` is `make run`, `python -m config.local services -- COMMAND` for tools."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from types import FrameType

from config.local import plan
from config.local.console import Console
from config.local.lock import Busy
from config.local.options import Options, data_folder
from config.local.problem import Problem
from config.local.processes import die_with
from config.local.services import services_up
from config.local.stopping import StopRequest
from config.local.up import Run

INTERRUPTED = 130


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m config.local", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    up = commands.add_parser("up", help="start everything and stay until told to stop")
    up.add_argument("--no-demo", action="store_true", help="without the demo agency and its trickle of visits")
    up.add_argument("--with-parent", action="store_true", help="stop when the parent process dies (Linux)")
    services = commands.add_parser("services", help="run a command while PostgreSQL and Valkey are up")
    services.add_argument("argv", nargs=argparse.REMAINDER, metavar="-- COMMAND")
    return parser.parse_args()


def up(*, has_demo: bool) -> int:
    request = StopRequest()
    request.listen()
    options = Options.read(has_demo=has_demo)
    Run(options, plan.beacon(options), console=Console(), request=request).go()
    return 0


def with_services(command: list[str]) -> int:
    """Run the command with the servers of the data folder up: those of a run that goes on, or its own."""
    folder = data_folder()
    env = os.environ | {"BEACON_DATA_DIR": str(folder.root)}
    _exit_on_signals()
    try:
        with services_up(folder) as services:
            return _run(command, env | services.environment())
    except Busy:
        return _run(command, env)
    except KeyboardInterrupt:
        return INTERRUPTED


def _run(command: list[str], env: Mapping[str, str]) -> int:
    """Run the command in the terminal's own group, so that Ctrl-C reaches it; it ends with us."""
    parent = os.getpid()
    return subprocess.run(command, env=env, check=False, preexec_fn=lambda: die_with(parent, signal.SIGTERM)).returncode


def _exit_on_signals() -> None:
    def leave(number: int, frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    signal.signal(signal.SIGTERM, leave)
    signal.signal(signal.SIGHUP, leave)


def main() -> int:
    chosen = arguments()
    try:
        if chosen.command == "services":
            command = chosen.argv[1:] if chosen.argv[:1] == ["--"] else chosen.argv
            if not command:
                raise Problem("No command was given: python -m config.local services -- COMMAND.")
            return with_services(command)
        if chosen.with_parent:
            die_with(os.getppid(), signal.SIGTERM)
        return up(has_demo=not chosen.no_demo)
    except Problem as problem:
        print(f"beacon: {problem}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
