"""Killed in the middle of a request: what wasn't there whole isn't stored, and its sender gets no answer."""

import os
import random
import signal
import socket

import pytest

from config.local.deadline import wait_until
from config.local.ports import LOOPBACK
from config.local.stack import Stack, wait_for_pid
from tests.faults.accounts import Accounts, wait_caught_up
from tests.faults.book import Book
from tests.faults.senders import senders
from tests.faults.visits import Place, make_request

pytestmark = pytest.mark.timeout(120)


def test_half_a_request_is_none(stack: Stack, places: list[Place]) -> None:
    request = make_request(places[:1], random.Random(1))
    lines = [f"POST {request.path} HTTP/1.1", "Host: door", f"Content-Length: {len(request.body)}"]
    lines += [f"{name}: {value}" for name, value in request.headers.items()]
    pid = wait_for_pid(stack, "ingest", other_than=0)
    with socket.create_connection((LOOPBACK, stack.track_port), timeout=30) as half:
        half.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + request.body[: len(request.body) // 2])
        os.kill(pid, signal.SIGKILL)
        assert received(half) == b""
    wait_for_pid(stack, "ingest", other_than=pid)
    book = Book(places[1:])
    with senders([stack.track_port], places[1:], book, seed=5):
        assert wait_until(lambda: book.acknowledged > 0, seconds=30)
    wait_caught_up(stack)
    half_sent = Accounts(stack, places[0])
    assert (half_sent.rows, half_sent.ledger) == ([], {})


def received(connection: socket.socket) -> bytes:
    try:
        return connection.recv(1024)
    except ConnectionResetError:
        return b""
