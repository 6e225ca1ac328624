"""Late events through the real door and writer: two visits become one, and 48 hours are the bound of a visit."""

import http.client
import json
import time
from uuid import UUID

import pytest

from apps.core.ids import uuid7
from config.local.ports import LOOPBACK
from config.local.stack import Stack
from tests.faults.accounts import Accounts, Row, wait_caught_up
from tests.faults.visits import BROWSERS, Place

pytestmark = pytest.mark.timeout(120)
MINUTE, HOUR = 60, 3600
ADDRESS = "198.51.100.200"


def send(stack: Stack, place: Place, *ages: float) -> list[UUID]:
    """Send page views of one visitor, so many seconds old; return their ids."""
    now = int(time.time() * 1000)
    ids = [uuid7() for _ in ages]
    events = [
        {
            "id": str(id_),
            "kind": "pageview",
            "at": now - int(age * 1000),
            "page_id": str(id_),
            "url": f"https://{place.domain}/",
        }
        for id_, age in zip(ids, ages, strict=True)
    ]
    body = json.dumps({"site_key": place.site_key, "sent_at": now, "events": events})
    headers = {"Content-Type": "text/plain", "Origin": f"https://{place.domain}", "User-Agent": BROWSERS[0]}
    connection = http.client.HTTPConnection(LOOPBACK, stack.track_port, timeout=30)
    connection.request("POST", "/api/track/batch", body, headers | {"X-Forwarded-For": ADDRESS})
    answer = connection.getresponse()
    assert (answer.status, json.load(answer)["accepted"]) == (202, len(ids))
    connection.close()
    wait_caught_up(stack)
    return ids


def rows(stack: Stack, place: Place) -> dict[UUID, Row]:
    return {row.event_id: row for row in Accounts(stack, place).rows}


def test_a_late_event_between_two_visits_makes_them_one(stack: Stack, places: list[Place]) -> None:
    place = places[0]
    noon = seconds_since_noon_of_yesterday()
    first, last = send(stack, place, noon + 20 * MINUTE, noon - 20 * MINUTE)
    stored = rows(stack, place)
    assert stored[first].session_id != stored[last].session_id
    (between,) = send(stack, place, noon)
    joined = rows(stack, place)
    # The older one stays.
    assert {joined[id_].session_id for id_ in (first, between, last)} == {stored[first].session_id}
    ((id_, _, _, pageviews, _, _, _),) = Accounts(stack, place).sessions
    assert (id_, pageviews) == (stored[first].session_id, 3)


def test_from_48_hours_on_an_event_is_late_and_in_a_visit_of_its_own(stack: Stack, places: list[Place]) -> None:
    place = places[1]
    (in_time,) = send(stack, place, 48 * HOUR - 2 * MINUTE)
    (late,) = send(stack, place, 48 * HOUR + 2 * MINUTE)
    stored = rows(stack, place)
    assert (stored[in_time].is_late, stored[late].is_late) == (False, True)
    assert stored[in_time].session_id != stored[late].session_id


def seconds_since_noon_of_yesterday() -> float:
    return time.time() % (24 * HOUR) + 12 * HOUR
