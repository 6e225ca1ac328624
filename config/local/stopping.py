"""Being told to stop: Ctrl-C, SIGTERM, a closed terminal."""

from __future__ import annotations

import os
import signal
import sys
import time
from contextlib import suppress
from types import FrameType


class Stopped(Exception):
    """The runner was told to stop while it was getting ready."""


class StopRequest:
    """Remembers that a signal came; whoever waits asks it. The second signal means: at once."""

    def __init__(self) -> None:
        self._signals = 0
        self._terminal: int | None = None

    def listen(self) -> None:
        """Take over the signals. A hang-up that was ignored when we started (nohup) stays ignored."""
        signal.signal(signal.SIGINT, self._note)
        signal.signal(signal.SIGTERM, self._note)
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
            signal.signal(signal.SIGHUP, self._note)
            self._terminal = own_terminal()

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._signals += 1

    @property
    def has_come(self) -> bool:
        # A closed terminal signals its session's leader alone. Where that is `make`, it waits for us and tells nobody.
        return self._signals > 0 or (self._terminal is not None and not os.isatty(self._terminal))

    @property
    def is_urgent(self) -> bool:
        return self._signals > 1

    def pause(self, seconds: float) -> None:
        """Sleep, unless told to stop: then raise Stopped."""
        if self.has_come:
            raise Stopped
        time.sleep(seconds)
        if self.has_come:
            raise Stopped


def own_terminal() -> int | None:
    """Return the standard stream that is the terminal we were started from, None when in the background or without."""
    for stream in (sys.__stdin__, sys.__stdout__, sys.__stderr__):
        with suppress(OSError):  # a terminal, but not that of our session
            if stream is not None and stream.isatty() and os.tcgetpgrp(stream.fileno()) == os.getpgrp():
                return stream.fileno()
    return None
