"""Being told to stop: Ctrl-C, SIGTERM, a closed terminal."""

from __future__ import annotations

import signal
import time
from types import FrameType


class Stopped(Exception):
    """The runner was told to stop while it was getting ready."""


class StopRequest:
    """Remembers that a signal came; whoever waits asks it. The second signal means: at once."""

    def __init__(self) -> None:
        self.count = 0

    def listen(self) -> None:
        """Take over the signals. A hang-up that was ignored when we started (nohup) stays ignored."""
        signal.signal(signal.SIGINT, self._note)
        signal.signal(signal.SIGTERM, self._note)
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
            signal.signal(signal.SIGHUP, self._note)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.count += 1

    @property
    def has_come(self) -> bool:
        return self.count > 0

    @property
    def is_urgent(self) -> bool:
        return self.count > 1

    def pause(self, seconds: float) -> None:
        """Sleep, unless told to stop: then raise Stopped."""
        if self.has_come:
            raise Stopped
        time.sleep(seconds)
        if self.has_come:
            raise Stopped
