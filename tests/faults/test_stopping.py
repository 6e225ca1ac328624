"""Told to stop under load, a process finishes what it has taken: a deployment loses and doubles nothing."""

import os
import signal

import pytest

from config.local.deadline import wait_until
from config.local.stack import Stack, wait_for_pid
from tests.faults.accounts import differences, wait_caught_up
from tests.faults.book import Book
from tests.faults.senders import senders
from tests.faults.visits import Place

pytestmark = pytest.mark.timeout(240)


def test_stopped_processes_drain(stack: Stack, places: list[Place]) -> None:
    book = Book(places)
    with senders([stack.track_port, stack.port, stack.track_port, stack.port], places, book, seed=3):
        for name in ("ingest", "writer", "web"):
            pid = wait_for_pid(stack, name, other_than=0)
            wait_for_more(book)
            os.kill(pid, signal.SIGTERM)
            wait_for_pid(stack, name, other_than=pid, seconds=60)
            wait_for_more(book)
    wait_caught_up(stack)
    assert book.wrong == []
    assert differences(stack, book) == []


def wait_for_more(book: Book) -> None:
    before = book.acknowledged
    assert wait_until(lambda: book.acknowledged > before + 50, seconds=60)
