"""The whole of Beacon under load, a process killed every few seconds, in turn of each kind; then the accounts.

Whatever was answered 202 is stored once, in its site, and the ledger, visits and sums agree to the last event. The
short form is part of the suite; `make test-faults` goes on for minutes. What it does can be repeated by its seed.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from config.local.deadline import wait_until
from config.local.folders import CHECKOUT
from config.local.stack import Stack, wait_for_pid
from tests.faults.accounts import differences, wait_caught_up
from tests.faults.book import Book
from tests.faults.senders import senders
from tests.faults.visits import Place

VICTIMS = ("web", "ingest", "writer", "worker", "sender", "beat", "valkey-durable", "valkey-volatile", "postgres")
# Commands that hold tables against each other, and end with 1 where they differ.
CHECKS = ("check_ledger", "check_sessions", "check_rollups", "check_scores")
BACK_SECONDS = 60.0
# Acknowledged after a kill before the next one comes.
PROGRESS_EVENTS = 50


@dataclass(frozen=True)
class Options:
    """`seconds`: how long kills go on (each kind has its turn in any case); `every`: seconds between two, at most."""

    seconds: float
    every: float
    seed: int
    senders: int

    @classmethod
    def read(cls) -> "Options":
        given = os.environ.get
        return cls(
            seconds=float(given("FAULT_SECONDS") or 0),
            every=float(given("FAULT_EVERY") or (4 if given("FAULT_SECONDS") else 2)),
            seed=int(given("FAULT_SEED") or 20261125),
            senders=int(given("FAULT_SENDERS") or 6),
        )


OPTIONS = Options.read()
BEGAN = time.monotonic()
pytestmark = [
    pytest.mark.timeout(OPTIONS.seconds + len(VICTIMS) * BACK_SECONDS),
]


def test_whatever_is_killed_nothing_acknowledged_is_lost_or_doubled(stack: Stack, places: list[Place]) -> None:
    print(f"\nseed {OPTIONS.seed}: FAULT_SEED={OPTIONS.seed} repeats it")
    book = Book(places)
    ports = [(stack.track_port, stack.port)[number % 2] for number in range(OPTIONS.senders)]
    with senders(ports, places, book, OPTIONS.seed):
        for victim in victims():
            kill(stack, book, victim)
    wait_caught_up(stack)
    print(f"{book.acknowledged} events acknowledged; answers: {dict(book.statuses)}")
    assert book.wrong == []
    assert {place.agency for place, site in book.sites.items() if site.acknowledged} == {"elm", "fir"}
    assert differences(stack, book) == []
    for command in CHECKS:
        check = manage(stack, command)
        assert check.returncode == 0, f"{command}: {check.stdout}{check.stderr}"


def victims() -> Iterator[str]:
    """Give each kind once, in any order, and again until the time is over."""
    chance = random.Random(OPTIONS.seed)
    end = time.monotonic() + OPTIONS.seconds
    while True:
        for victim in chance.sample(VICTIMS, len(VICTIMS)):
            yield victim
            # Long enough for most to be at work again, short enough to meet some on their way up.
            wait_until(lambda: False, seconds=chance.uniform(0, OPTIONS.every))
        if time.monotonic() >= end:
            return


def kill(stack: Stack, book: Book, victim: str) -> None:
    """Kill a process while events come in, and wait until it is back and they do again."""
    pid = wait_for_pid(stack, victim, other_than=0)
    before = book.acknowledged
    assert wait_until(lambda: book.acknowledged > before + PROGRESS_EVENTS, seconds=BACK_SECONDS), (
        f"none before {victim}"
    )
    print(f"{time.monotonic() - BEGAN:6.1f} s: kill {victim}, {before} events acknowledged so far", flush=True)
    os.kill(pid, signal.SIGKILL)
    wait_for_pid(stack, victim, other_than=pid, seconds=BACK_SECONDS)
    before = book.acknowledged
    assert wait_until(lambda: book.acknowledged > before + PROGRESS_EVENTS, seconds=BACK_SECONDS), (
        f"none after {victim}"
    )


def manage(stack: Stack, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(command, cwd=CHECKOUT, env=stack.environment, capture_output=True, text=True, check=False)
