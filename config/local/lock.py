"""One runner for each data folder. The lock ends with the process that holds it, however it ends."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Busy(Exception):
    """Another runner holds the data folder; the message is what it said about itself."""


@contextmanager
def hold(path: Path, *, said: str) -> Iterator[None]:
    """Hold the lock while the block runs. `said` is what others are told meanwhile. Raises Busy."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Busy(os.read(handle, 1000).decode(errors="replace").strip()) from error
        os.ftruncate(handle, 0)
        os.write(handle, said.encode())
        yield
    finally:
        os.close(handle)
