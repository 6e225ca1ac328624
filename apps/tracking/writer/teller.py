"""Publishes the writer's facts from a thread of its own, because a broker that hangs may not hold the writer up.

Facts may be lost: what they wake is found again from rows by a sweep.
"""

import logging
import queue
import threading
from collections.abc import Sequence

from apps.core.facts import publish

from .. import measures
from ..facts import EventsStored, GoalReached

logger = logging.getLogger(__name__)

Fact = EventsStored | GoalReached
# How long the writer waits for its facts to be out before it moves the checkpoint all the same.
PATIENCE_SECONDS = 1.0
# Batches of facts that may wait to be told.
MOST_WAITING = 100


class Teller:
    def __init__(self) -> None:
        self._waiting: queue.Queue[tuple[Sequence[Fact], threading.Event] | None] = queue.Queue(MOST_WAITING)
        self._is_late = False
        self._thread = threading.Thread(target=self._run, name="teller", daemon=True)
        self._thread.start()

    def tell(self, facts: Sequence[Fact]) -> None:
        """Publish `facts`; return when that is done, or when it takes too long."""
        if not facts:
            return
        told = threading.Event()
        try:
            self._waiting.put_nowait((facts, told))
        except queue.Full:
            logger.warning("%s facts weren't told: those before are still on their way", len(facts))
            measures.UNTOLD.inc(len(facts))
            return
        # Once it has hung, it isn't waited for again until it has caught up.
        if not self._is_late or self._waiting.qsize() <= 1:
            self._is_late = not told.wait(PATIENCE_SECONDS)

    def close(self) -> None:
        try:
            self._waiting.put_nowait(None)
        except queue.Full:
            return
        self._thread.join(PATIENCE_SECONDS)

    def _run(self) -> None:
        while (item := self._waiting.get()) is not None:
            facts, told = item
            for fact in facts:
                self._publish(fact)
            told.set()

    def _publish(self, fact: Fact) -> None:
        try:
            publish(fact)
        except Exception:
            # A listener's fault must neither end this thread nor keep the other facts from being told; the sweep finds
            # what this one would have woken.
            logger.exception("%s wasn't told", type(fact).__name__)
            measures.UNTOLD.inc()
