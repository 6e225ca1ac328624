"""When to start again what has ended by itself: soon the first time, later while it keeps ending."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0
STEADY_SECONDS = 30.0  # after so long a life the next end counts as the first


@dataclass
class Restarts:
    """The ends in a row of one process, and when it is due to start again."""

    clock: Callable[[], float] = time.monotonic
    failures: int = 0
    _started_at: float = 0.0
    _due_at: float | None = None

    def note_start(self) -> None:
        self._started_at = self.clock()
        self._due_at = None

    @property
    def age_seconds(self) -> float:
        return self.clock() - self._started_at

    @property
    def is_waiting(self) -> bool:
        """Whether an end was noted and no start since."""
        return self._due_at is not None

    @property
    def is_due(self) -> bool:
        return self._due_at is not None and self.clock() >= self._due_at

    def note_end(self) -> float:
        """Note an end and return the pause in seconds before the next start."""
        self.failures = 1 if self.age_seconds > STEADY_SECONDS else self.failures + 1
        pause = min(FIRST_PAUSE_SECONDS * 2.0 ** (self.failures - 1), LONGEST_PAUSE_SECONDS)
        self._due_at = self.clock() + pause
        return pause
