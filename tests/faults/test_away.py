"""A server that is away for a while: what still works works, what doesn't says so, and then all goes on by itself."""

import os
import random
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from config.local.deadline import wait_until
from config.local.stack import Stack, wait_for_pid
from tests.faults.accounts import differences, wait_caught_up
from tests.faults.asking import get, is_ready, ready
from tests.faults.book import Book
from tests.faults.senders import Sender
from tests.faults.visits import Place, make_request

pytestmark = pytest.mark.timeout(180)
BACK_SECONDS = 60.0


@contextmanager
def away(stack: Stack, name: str) -> Iterator[None]:
    """Keep a killed server away: the runner, which would start it again, is held meanwhile."""
    pid = wait_for_pid(stack, name, other_than=0)
    os.kill(stack.process.pid, signal.SIGSTOP)
    try:
        os.kill(pid, signal.SIGKILL)
        yield
    finally:
        os.kill(stack.process.pid, signal.SIGCONT)
        wait_for_pid(stack, name, other_than=pid, seconds=BACK_SECONDS)


def told_of(stack: Stack, name: str) -> tuple[int, dict[str, Any]]:
    """Return what /ready says once it has noticed that a server is away: it asks twice a second at most."""
    assert wait_until(lambda: not ready(stack)[1]["checks"][name]["ok"], seconds=BACK_SECONDS)
    return ready(stack)


def answers(stack: Stack, place: Place, book: Book, *, seed: int) -> list[int | None]:
    """Send some requests once each; return the statuses."""
    sender = Sender(stack.track_port, [place], book, seed)
    return [sender.attempt(make_request([place], random.Random(seed + number))) for number in range(5)]


@pytest.fixture
def book(stack: Stack, places: list[Place]) -> Book:
    """A book of sites that the door knows already."""
    book = Book(places)
    assert answers(stack, places[0], book, seed=1) == [202] * 5
    return book


def settle(stack: Stack, book: Book) -> None:
    assert wait_until(lambda: is_ready(stack), seconds=BACK_SECONDS)
    wait_caught_up(stack)
    assert book.wrong == []
    assert differences(stack, book) == []


def test_without_the_database_events_are_taken_and_pages_say_what_is_wrong(stack: Stack, book: Book) -> None:
    (place, *_) = book.sites
    with away(stack, "postgres"):
        assert answers(stack, place, book, seed=20) == [202] * 5
        status, headers, text = get(stack.port, "/", "elm.localhost")
        assert (status, headers["retry-after"]) == (503, "10")
        assert "The database can’t be reached right now" in text
        assert headers["x-request-id"] in text
        assert told_of(stack, "database")[1]["accepts"]
    settle(stack, book)


def test_without_the_streams_it_is_503_at_once_with_when_to_come_again(stack: Stack, book: Book) -> None:
    (place, *_) = book.sites
    with away(stack, "valkey-durable"):
        assert answers(stack, place, book, seed=30) == [503] * 5
        status, said = told_of(stack, "durable")
        assert (status, said["accepts"]) == (503, False)
        assert get(stack.port, "/login")[0] == 200
    assert wait_until(lambda: answers(stack, place, book, seed=40) == [202] * 5, seconds=BACK_SECONDS)
    settle(stack, book)


def test_without_what_may_be_lost_events_are_taken_and_stored(stack: Stack, book: Book) -> None:
    (place, *_) = book.sites
    with away(stack, "valkey-volatile"):
        assert answers(stack, place, book, seed=50) == [202] * 5
        wait_caught_up(stack)
        status, said = told_of(stack, "volatile")
        assert (status, said["accepts"]) == (200, True)
        assert get(stack.port, "/login")[0] == 200
    settle(stack, book)


def test_without_a_writer_it_turns_red_and_says_that_events_are_kept(stack: Stack, book: Book) -> None:
    (place, *_) = book.sites
    with away(stack, "writer"):
        assert answers(stack, place, book, seed=60) == [202] * 5
        assert wait_until(lambda: not is_ready(stack), seconds=BACK_SECONDS, every=0.5)
        _, said = ready(stack)
        assert said["accepts"]
        assert "events are still kept" in said["checks"]["writer"]["says"]
        assert answers(stack, place, book, seed=70) == [202] * 5
    settle(stack, book)
