"""What all processes have written down, trouble included: JSON, line by line, and nobody's address."""

import json
from pathlib import Path

import pytest

from config.local.stack import Stack
from tests.faults.asking import get
from tests.faults.book import Book
from tests.faults.test_away import answers, away
from tests.faults.visits import Place

pytestmark = pytest.mark.timeout(180)
PROCESSES = ("web", "ingest", "writer", "worker", "sender", "beat")
# Of the networks that the senders' visitors are in.
ADDRESSES = "198.51.100."


def lines_of(log: Path) -> list[str]:
    # Behind the last line end is what a process is writing just now.
    return [line for line in log.read_text(encoding="utf-8").split("\n")[:-1] if line]


def test_each_line_is_an_object_and_holds_no_address(stack: Stack, places: list[Place]) -> None:
    with away(stack, "postgres"):
        answers(stack, places[0], Book(places), seed=80)
        status, headers, _ = get(stack.port, "/", "elm.localhost")
    assert status == 503
    lines = {name: lines_of(stack.folder.log(name)) for name in PROCESSES}
    objects = [json.loads(line) for of in lines.values() for line in of]
    assert {"at", "level", "logger", "message", "request_id"} <= set.intersection(*(set(line) for line in objects))
    ours = [line for line in objects if line["request_id"] == headers["x-request-id"]]
    assert any("Service Unavailable" in line["message"] and "OperationalError" in line["error"] for line in ours)
    assert not [line for of in lines.values() for line in of if ADDRESSES in line]
    assert not [line for of in lines.values() for line in of if places[0].site_key in line]
