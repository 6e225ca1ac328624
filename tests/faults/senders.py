"""Senders: threads that send until told to stop, and send again, with the same ids, what wasn't acknowledged."""

import http.client
import json
import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Event, Thread

from config.local.ports import LOOPBACK
from tests.faults.book import Book
from tests.faults.visits import Place, Request, make_request

ANSWER_SECONDS = 30.0
# What was acknowledged is sent again so often, as a browser does that has missed the answer.
AGAIN_RATIO = 0.05
# Between requests: the load shall be steady, not all that the machine can.
PAUSE_SECONDS = 0.04
RETRY_SECONDS = 0.3
MOST_TRIES = 200


class Sender(Thread):
    """Sends to one port. Ends when told to, once its last request is acknowledged or given up."""

    def __init__(self, port: int, places: list[Place], book: Book, seed: int) -> None:
        super().__init__(name=f"sender-{seed}", daemon=True)
        self._port = port
        self._places = places
        self._book = book
        self._chance = random.Random(seed)
        self._ended = Event()
        self._connection: http.client.HTTPConnection | None = None

    def run(self) -> None:
        while not self._ended.is_set():
            request = make_request(self._places, self._chance)
            self._deliver(request)
            if self._chance.random() < AGAIN_RATIO:
                self._deliver(request)
            self._ended.wait(PAUSE_SECONDS)
        self._hang_up()

    def end(self) -> None:
        self._ended.set()

    def _deliver(self, request: Request) -> None:
        for _ in range(MOST_TRIES):
            if self.attempt(request) not in (None, 503):
                return
            self._ended.wait(RETRY_SECONDS)
            if self._ended.is_set():
                return

    def attempt(self, request: Request) -> int | None:
        """Send once; return the status, None where there was no answer."""
        sent_at = datetime.now(UTC)
        status, accepted = self._ask(request)
        self._book.note(request, sent_at, status, accepted)
        return status

    def _ask(self, request: Request) -> tuple[int | None, int]:
        if self._connection is None:
            self._connection = http.client.HTTPConnection(LOOPBACK, self._port, timeout=ANSWER_SECONDS)
        try:
            self._connection.request("POST", request.path, request.body, request.headers)
            answer = self._connection.getresponse()
            accepted = int(json.loads(answer.read())["accepted"])
        except (OSError, http.client.HTTPException, ValueError):  # cut off, in the middle of an answer perhaps
            self._hang_up()
            return None, 0
        return answer.status, accepted

    def _hang_up(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


@contextmanager
def senders(ports: list[int], places: list[Place], book: Book, seed: int) -> Iterator[list[Sender]]:
    """Send while the block runs; at its end each one's last request is answered or given up."""
    threads = [Sender(port, places, book, seed * 1_000 + number) for number, port in enumerate(ports)]
    for thread in threads:
        thread.start()
    try:
        yield threads
    finally:
        for thread in threads:
            thread.end()
        for thread in threads:
            thread.join(2 * ANSWER_SECONDS)
