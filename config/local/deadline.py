"""Waiting for a condition, with an end."""

from __future__ import annotations

import time
from collections.abc import Callable

Pause = Callable[[float], None]


def wait_until(
    condition: Callable[[], bool], *, seconds: float, every: float = 0.05, pause: Pause = time.sleep
) -> bool:
    """Return True as soon as the condition holds, False when it still didn't at the end.

    `pause` may raise to give up early (the runner's does, when it is told to stop).
    """
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() >= end:
            return False
        pause(every)
    return True
