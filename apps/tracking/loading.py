"""Values kept in process that come from elsewhere: reading one never waits; what isn't there says how to load it.

The door runs on an event loop, so a missing value is raised as `NotLoaded`; the loop loads it in a thread and asks
again. Synchronous code loads it on the spot.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

from django.db import close_old_connections

Value = TypeVar("Value")


def in_thread(call: Callable[[], Value]) -> Value:
    """Make a call that uses the database in a thread of ours, where no end of a request closes connections."""
    close_old_connections()
    try:
        return call()
    finally:
        close_old_connections()


class NotLoaded(Exception):
    """The value must be loaded first: call `load` (it blocks) and ask again.

    `name`: what is loaded, where one load will do for all who ask for it at the same time.
    """

    def __init__(self, load: Callable[[], object], name: str = "") -> None:
        super().__init__("not loaded yet")
        self.load = load
        self.name = name


class Unavailable(Exception):
    """A server that is needed is away; the text names it, `retry_after` is in seconds."""

    def __init__(self, what: str, retry_after: int = 2) -> None:
        super().__init__(what)
        self.what = what
        self.retry_after = retry_after


class Kept(Generic[Value]):
    """Bounded table of values, fresh for a while. Where `is_lenient` (somebody refreshes), stale ones answer on."""

    def __init__(
        self, read: Callable[[str], Value | None], *, fresh_seconds: float, absent_seconds: float, most: int
    ) -> None:
        self._read = read
        self._fresh_seconds = fresh_seconds
        self._absent_seconds = absent_seconds
        self._most = most
        self._values: OrderedDict[str, tuple[float, Value | None]] = OrderedDict()
        self._lock = threading.Lock()
        self.is_lenient = False
        self.stale: set[str] = set()

    def __len__(self) -> int:
        return len(self._values)

    def get(self, key: str) -> Value | None:
        """Return the value, None where it is known not to exist. Raises NotLoaded."""
        found = self._values.get(key)
        if found is None:
            raise NotLoaded(lambda: self.load(key))
        until, value = found
        if time.monotonic() > until:
            if not self.is_lenient or value is None:
                raise NotLoaded(lambda: self.load(key))
            self.stale.add(key)
        return value

    def load(self, key: str) -> None:
        """Read the value now. Raises what reading raises; the value known so far then stays."""
        value = self._read(key)
        until = time.monotonic() + (self._absent_seconds if value is None else self._fresh_seconds)
        with self._lock:
            self._values[key] = (until, value)
            self._values.move_to_end(key)
            while len(self._values) > self._most:
                self._values.popitem(last=False)
        self.stale.discard(key)

    def forget(self, key: str) -> None:
        """Read the value anew before it is used again, or soon where stale ones may answer."""
        with self._lock:
            found = self._values.get(key)
            if found is None:
                return
            if self.is_lenient and found[1] is not None:
                self._values[key] = (0.0, found[1])
                self.stale.add(key)
            else:
                del self._values[key]

    def forget_all(self) -> None:
        for key in list(self._values):
            self.forget(key)

    def refresh(self) -> None:
        """Read again what was asked for while it was stale."""
        for key in list(self.stale):
            self.load(key)
