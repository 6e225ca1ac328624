"""The processes' output: straight into a file each, which the runner reads along.

No pipe lies between, so neither a paused terminal nor a killed runner can hold a process up.
"""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

LIMIT_BYTES = 5_000_000  # then the log moves to .1, so that a process keeps two generations at most
READ_BYTES = 256_000


class Log:
    """One process' log file: `writer` gives the end to write to, `new_lines` what came since the last call."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._offset = path.stat().st_size if path.exists() else 0
        self._rest = b""

    def writer(self) -> BinaryIO:
        return self.path.open("ab")

    def new_lines(self) -> list[str]:
        try:
            with self.path.open("rb") as file:
                file.seek(self._offset)
                fresh = file.read(READ_BYTES)
        except FileNotFoundError:
            return []
        self._offset += len(fresh)
        *lines, self._rest = (self._rest + fresh).split(b"\n")
        if self._offset > LIMIT_BYTES:
            self._turn_over()
        return [as_shown(line.decode("utf-8", errors="replace")) for line in lines]

    def last_lines(self, count: int) -> list[str]:
        """Return the last lines that say anything."""
        with self.path.open("rb") as file:
            file.seek(max(0, self.path.stat().st_size - READ_BYTES))
            lines = file.read().decode("utf-8", errors="replace").splitlines()
        return [line for line in lines if line.strip()][-count:]

    def _turn_over(self) -> None:
        """Copy and empty: the process keeps appending to the file it has open."""
        self.path.with_suffix(".log.1").write_bytes(self.path.read_bytes())
        with self.path.open("r+b") as file:
            file.truncate(0)
        self._offset = 0


def as_shown(line: str) -> str:
    """Return what a terminal would show of a line in the end: progress bars overwrite themselves."""
    return line.rstrip("\r").rsplit("\r", 1)[-1]
