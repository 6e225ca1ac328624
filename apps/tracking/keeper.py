"""What a door process keeps fresh in the background: routes that changed, salts, sealing keys, shared limits. It also
drops what may not stay long: addresses.

One daemon thread. A server that is away is tried again at every round; the door goes on with what it has meanwhile.
"""

import logging
import threading
import time

from django.db import Error as DatabaseError
from redis.exceptions import RedisError

from . import address, routes, salts, sealing, valkey
from .loading import Unavailable, in_thread
from .throttles import SYNC_SECONDS, Limits

logger = logging.getLogger(__name__)

KEYS_SECONDS = 20.0
TIDY_SECONDS = 1.0
ADDRESSES_SECONDS = 1800.0
END_SECONDS = 3.0


class Keeper(threading.Thread):
    """Start it once a process; it ends with the process."""

    def __init__(self, limits: Limits) -> None:
        super().__init__(name="door-keeper", daemon=True)
        self._limits = limits
        self._messages: valkey.Messages | None = None
        self._due: dict[str, float] = {}
        self._ended = threading.Event()

    def run(self) -> None:
        # From now on somebody reads stale values anew, so that nobody has to wait for it.
        routes.routes.is_lenient = routes.clients.is_lenient = True
        while not self._ended.is_set():
            self._listen()
            self._limits.sync()
            if self._is_due("tidy", TIDY_SECONDS):
                self._limits.tidy()
            if self._is_due("addresses", ADDRESSES_SECONDS):
                address.forget()
            in_thread(self._refresh)

    def end(self) -> None:
        """Let the present round come to its end."""
        self._ended.set()
        if self.is_alive():
            self.join(END_SECONDS)

    def _listen(self) -> None:
        """Hear what was published; also the round's pause."""
        try:
            if self._messages is None:
                self._messages = valkey.Messages(routes.CHANNEL)
                # What was said before we listened went unheard.
                routes.routes.forget_all()
                routes.clients.forget_all()
            for message in self._messages.heard(SYNC_SECONDS):
                routes.heard(message)
        except RedisError as error:
            logger.warning("Changes of sites can't be heard: %s", type(error).__name__)
            self._messages = None
            self._ended.wait(1.0)

    def _refresh(self) -> None:
        try:
            routes.routes.refresh()
            routes.clients.refresh()
            if self._is_due("keys", KEYS_SECONDS):
                sealing.keep()
                salts.keep()
        except (Unavailable, DatabaseError) as error:
            logger.warning("The door goes on with what it knows: %s", type(error).__name__)

    def _is_due(self, what: str, every: float) -> bool:
        now = time.monotonic()
        if now < self._due.get(what, 0.0):
            return False
        self._due[what] = now + every
        return True
