"""What the door counts of each request, in plain numbers, and hands on some times a second.

Counting straight into the metrics would cost a request a tenth of its time; a process that is killed loses a quarter of
a second of its counts at most.
"""

import asyncio
from bisect import bisect_left
from collections.abc import Mapping
from http import HTTPStatus
from time import perf_counter

from . import measures

HAND_ON_SECONDS = 0.25


class DoorTally:
    """The counts of one event loop. Not for several threads."""

    def __init__(self) -> None:
        self._bounds = list(measures.DOOR_SECONDS.bounds)
        self._is_due = False
        self._clear()

    def note(self, door: str, status: int, began: float, accepted: int, refused: Mapping[str, int] | None) -> None:
        """Count one answered request. `began`: by perf_counter; `accepted`: events, acknowledged ones alone."""
        key = (door, status)
        self._requests[key] = self._requests.get(key, 0) + 1
        took = perf_counter() - began
        self._buckets[bisect_left(self._bounds, took)] += 1
        self._seconds += took
        if status == HTTPStatus.ACCEPTED:
            self._accepted += accepted
        if refused:
            for reason, count in refused.items():
                self._refused[reason] = self._refused.get(reason, 0) + count
        if not self._is_due:
            self._is_due = True
            asyncio.get_running_loop().call_later(HAND_ON_SECONDS, self.hand_on)

    def hand_on(self) -> None:
        """Put what was noted into the metrics."""
        for (door, status), count in self._requests.items():
            measures.DOOR_REQUESTS.labels(door, str(status)).inc(count)
        measures.DOOR_SECONDS.add(self._buckets, self._seconds)
        measures.ACCEPTED.inc(self._accepted)
        for reason, count in self._refused.items():
            measures.REFUSED.labels(reason).inc(count)
        self._clear()

    def _clear(self) -> None:
        self._is_due = False
        self._requests: dict[tuple[str, int], int] = {}
        self._refused: dict[str, int] = {}
        self._buckets = [0] * len(self._bounds)
        self._seconds = 0.0
        self._accepted = 0
