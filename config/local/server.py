"""What both embedded servers are to the runner: something to start, to wait for and to stop."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from typing import Protocol

from config.local.deadline import Pause, wait_until
from config.local.problem import Problem

LOG_LIMIT_BYTES = 5_000_000  # at the start of a run a longer log moves aside, once
START_SECONDS = 60.0  # PostgreSQL replays what a kill -9 left; a large durable file is read in


class Server(Protocol):
    """A server with its data folder and port. `start` returns at once, `is_ready` says when it serves."""

    name: str
    title: str
    log: Path
    url: str

    def start(self) -> subprocess.Popen[bytes]: ...

    def is_ready(self) -> bool: ...

    def stop(self, process: subprocess.Popen[bytes]) -> None: ...


def wait_ready(server: Server, process: subprocess.Popen[bytes], *, pause: Pause = time.sleep) -> None:
    """Wait until the server serves; raise a Problem with its own last words when it doesn't."""
    served = wait_until(
        lambda: process.poll() is not None or server.is_ready(), seconds=START_SECONDS, every=0.02, pause=pause
    )
    if process.poll() is not None:
        raise Problem(f"{server.title} didn't start: {last_words(server.log)} (all of it: {server.log}).")
    if not served:
        raise Problem(f"{server.title} isn't ready after {START_SECONDS:.0f} seconds: see {server.log}.")


def last_words(log: Path) -> str:
    """Return the line of a server's log that most likely says why it ended."""
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-30:]
    except OSError:
        return "it left no log"
    telling = [line for line in lines if any(word in line for word in ("FATAL", "PANIC", "Fatal", "Bad file format"))]
    chosen = (telling or [line for line in lines if line.strip()] or ["it said nothing"])[-1]
    return chosen.strip().rstrip(".")


def turn_over(log: Path) -> None:
    """Move an overlong log aside, so that two generations are the most there is."""
    if log.exists() and log.stat().st_size > LOG_LIMIT_BYTES:
        log.replace(log.with_suffix(".log.1"))
