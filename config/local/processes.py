"""Child processes that can't outlive the runner.

On Linux the kernel signals each child when the runner dies, even by kill -9. Elsewhere the list of started processes
(`Register`) lets the next start clear away what a killed runner left behind.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import psutil

from config.local.folders import write_private

PR_SET_PDEATHSIG = 1  # <linux/prctl.h>
CLOCK_SLACK_SECONDS = 1.0  # psutil's start times are rounded differently from boot to boot
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


@dataclass(frozen=True)
class Identity:
    """An unprivileged user to run a process as."""

    name: str
    uid: int
    gid: int


def die_with(parent: int, death_signal: signal.Signals) -> None:
    """Ask the kernel for a signal to this process when its parent dies. No effect but on Linux."""
    if _libc is None:
        return
    _libc.prctl(PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
    if os.getppid() != parent:  # it died before the request was made
        os.kill(os.getpid(), death_signal)


def spawn(
    argv: Sequence[str | Path],
    *,
    env: Mapping[str, str],
    cwd: Path,
    output: int | IO[bytes],
    death_signal: signal.Signals = signal.SIGKILL,
    identity: Identity | None = None,
) -> subprocess.Popen[bytes]:
    """Start a process in a session of its own, so that a Ctrl-C in the terminal reaches the runner alone.

    Call it from the main thread: the kernel takes the death of the starting thread for that of the parent.
    """
    parent = os.getpid()
    return subprocess.Popen(
        [str(part) for part in argv],
        env=dict(env),
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        user=identity.uid if identity else None,
        group=identity.gid if identity else None,
        extra_groups=[] if identity else None,
        # Runs after the change of user, which would clear the request.
        preexec_fn=_before_exec(parent, death_signal),
    )


def _before_exec(parent: int, death_signal: signal.Signals) -> Callable[[], None] | None:
    if _libc is None:
        return None
    return lambda: die_with(parent, death_signal)


def signal_group(pid: int, number: signal.Signals) -> None:
    """Send a signal to a process and what it started in its group; nobody there is fine."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


class Register:
    """The processes this data folder's runner has started, kept in a file for its successor."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._entries: dict[str, tuple[int, float]] = {}

    def add(self, name: str, pid: int) -> None:
        with suppress(psutil.NoSuchProcess):  # it ended already: nothing to clear away
            self._entries[name] = (pid, psutil.Process(pid).create_time())
            self._save()

    def remove(self, name: str) -> None:
        if self._entries.pop(name, None) is not None:
            self._save()

    def _save(self) -> None:
        write_private(self._path, json.dumps(self._entries))

    def end_leftovers(self, *, grace_seconds: float = 5.0) -> list[str]:
        """End what a killed predecessor left running; return the names. Only for the holder of the folder's lock."""
        left = dict(self._left_behind())
        for process in left.values():
            signal_group(process.pid, signal.SIGTERM)
        _, stubborn = psutil.wait_procs(list(left.values()), timeout=grace_seconds)
        for process in stubborn:
            signal_group(process.pid, signal.SIGKILL)
        psutil.wait_procs(stubborn, timeout=grace_seconds)
        self._path.unlink(missing_ok=True)
        return sorted(left)

    def _left_behind(self) -> list[tuple[str, psutil.Process]]:
        try:
            entries = json.loads(self._path.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return []
        found = []
        for name, (pid, started) in entries.items():
            with suppress(psutil.NoSuchProcess):
                process = psutil.Process(pid)
                # The number alone proves nothing: after a reboot it may be anybody's.
                if abs(process.create_time() - started) < CLOCK_SLACK_SECONDS:
                    found.append((name, process))
        return found
