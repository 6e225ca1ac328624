"""The file that a process counts into: room on the disk for real, and a lock that tells whether its process lives.

The client library maps sparse files: where the disk is full, the first touch of a page without a block is a SIGBUS,
which kills the process. Here a file gets all its blocks before it is mapped. Where there are none, a value isn't
written for now; its process knows it all the same (values are written whole) and tries again after a while.
"""

import fcntl
import logging
import mmap
import os
import struct
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from prometheus_client import mmap_dict

logger = logging.getLogger(__name__)

FIRST_BYTES = 1 << 16
HEAD_BYTES = 8
# Of an entry: its key's length, then the value and its moment; the key is padded to 8 bytes at most.
ENTRY_BYTES = 4 + 8 + 16
AGAIN_SECONDS = 60.0
NEW = ".new"

_warned: set[str] = set()


def warn_once(what: str, error: OSError) -> None:
    """Say it once in a process: what fails here fails many times a second."""
    if what not in _warned:
        _warned.add(what)
        logger.warning("%s (%s)", what, error)


class CountsFile(mmap_dict.MmapedDict):
    """The library's file of values by key, which never touches a page that has no block. Not for several threads."""

    def __init__(self, filename: str) -> None:
        self._fname = filename
        # None until there is room. The library, which always has both, gives them narrower types.
        self._f: Any = None
        self._m: Any = None
        self._capacity = self._used = 0
        self._positions = {}
        self._again_at = 0.0
        self.makes_room(())

    def read_value(self, key: str) -> tuple[float, float]:
        if key in self._positions or self.makes_room((key,)):
            value: tuple[float, float] = super().read_value(key)  # type: ignore[no-untyped-call]
            return value
        return 0.0, 0.0

    def write_value(self, key: str, value: float, timestamp: float) -> None:
        if key in self._positions or self.makes_room((key,)):
            super().write_value(key, value, timestamp)  # type: ignore[no-untyped-call]

    def makes_room(self, keys: Iterable[str]) -> bool:
        """Return whether the file can take these keys, after allocating what they need."""
        if time.monotonic() < self._again_at:
            return False
        try:
            if self._f is None:
                self._begin()
            self._grow(sum(len(key.encode()) + ENTRY_BYTES for key in keys if key not in self._positions))
        except OSError as error:
            self._again_at = time.monotonic() + AGAIN_SECONDS
            warn_once("No room for metrics: they are counted in memory, and lost if the process ends first", error)
            return False
        return True

    def _begin(self) -> None:
        """Open the file; a new one appears under its name when it is whole and locked."""
        path = Path(self._fname)
        is_new = not path.exists()
        at = path.with_suffix(NEW) if is_new else path
        file = at.open("w+b" if is_new else "r+b")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            capacity = max(FIRST_BYTES, os.fstat(file.fileno()).st_size)
            os.posix_fallocate(file.fileno(), 0, capacity)
            mapped = mmap.mmap(file.fileno(), capacity)
            used = max(HEAD_BYTES, struct.unpack_from("i", mapped)[0])
            mapped[:4] = struct.pack("i", used)
            if is_new:
                at.rename(path)
        except OSError:
            file.close()
            if is_new:
                with suppress(OSError):
                    at.unlink()
            raise
        self._f, self._m, self._capacity, self._used = file, mapped, capacity, used
        for key, _, _, position in self._read_all_values():  # type: ignore[no-untyped-call]
            self._positions[key] = position

    def _grow(self, size: int) -> None:
        capacity = self._capacity
        while self._used + size > capacity:
            capacity *= 2
        if capacity == self._capacity:
            return
        try:
            os.posix_fallocate(self._f.fileno(), 0, capacity)
            mapped = mmap.mmap(self._f.fileno(), capacity)
        except OSError:
            with suppress(OSError):  # what it got of a disk that has no more
                self._f.truncate(self._capacity)
            raise
        self._m, self._capacity = mapped, capacity


def is_owned(path: Path) -> bool:
    """Return whether the process that counts into this file lives, in whichever container."""
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
