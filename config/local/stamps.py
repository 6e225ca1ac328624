"""Skipping work whose input hasn't changed since the last run."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from config.local.folders import write_private


@dataclass(frozen=True)
class Stamp:
    """A file that holds what something was last made from."""

    path: Path
    value: str

    @property
    def is_current(self) -> bool:
        try:
            return self.path.read_text(encoding="utf-8") == self.value
        except FileNotFoundError:
            return False

    def keep(self) -> None:
        write_private(self.path, self.value)


def fingerprint(roots: Iterable[Path]) -> str:
    """Return a text that changes when a file below the roots does, by name, size and time."""
    found = hashlib.sha256()
    for root in roots:
        files = [root] if root.is_file() else sorted(path for path in root.rglob("*") if path.is_file())
        for path in files:
            facts = path.stat()
            found.update(f"{path}\0{facts.st_size}\0{facts.st_mtime_ns}\n".encode())
    return found.hexdigest()
