"""Whatever is sent, the door answers with a status of the contract and a reason, or stores it safely. Never a 500."""

import json
import random
from typing import Any

import pytest

from tests.tracking.doors import SITE_KEY, DoorClient, Streams, batch, custom, now_ms, pageview, why

CONTRACT = {202, 400, 401, 403, 404, 413, 415, 429}


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        (b" ", 400, "body"),
        (b"not json", 400, "body"),
        (b"\xff\xfe", 400, "body"),
        (b"[]", 400, "body"),
        (b"[" * 50_000, 400, "body"),
        (b'{"a":' * 9_000 + b"1" + b"}" * 9_000, 400, "body"),
        (b'{"site_key": "doorsite", "events": [{"at": NaN}]}', 400, "body"),
        (b'{"site_key": "doorsite", "events": [{"at": Infinity}]}', 400, "body"),
        (b'{"site_key": "a\x01b", "events": []}', 400, "body"),
        (b'{"events": []}', 400, "site_key"),
        (b'{"site_key": {}, "events": []}', 400, "site_key"),
        (b'{"site_key": "doorsite"}', 400, "events"),
        (b'{"site_key": "doorsite", "events": 5}', 400, "events"),
        (b'{"site_key": "doorsite", "events": [null]}', 400, "events[0]"),
        (b'{"site_key": "doorsite", "events": [[]]}', 400, "events[0]"),
        (b'{"site_key": "doorsite", "context": 5, "events": [{}]}', 400, "context"),
        (b'{"site_key": "doorsite", "sent_at": "x", "events": [{}]}', 400, "sent_at"),
        (b'{"site_key": "\\ud800", "events": [{}]}', 404, "site_key"),
        (b"x" * 65_537, 413, "body"),
        (b"\x1f\x8bgarbage", 400, "body"),
    ],
)
def test_a_body_that_is_no_batch_names_what_is_wrong(door: DoorClient, body: bytes, status: int, field: str) -> None:
    response = door.post(body)
    assert response.status_code == status
    assert why(response)[field]


def test_props_beyond_the_most_are_left_out_and_the_answer_says_how_many(door: DoorClient, streams: Streams) -> None:
    response = door.post(batch(pageview(1, props={str(n): n for n in range(3_000)})))
    assert (response.status_code, json.loads(response.content)["cut"]) == (202, 2_970)
    (event,) = streams.envelopes[0].events
    assert event.props == {str(n): n for n in range(30)}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"props": {"deep": {"a": {"b": [1]}}}}, "props.deep"),
        ({"at": 1e300}, "at"),
        ({"at": None}, "at"),
        ({"at": "yesterday"}, "at"),
        ({"at": 0}, "at"),
        ({"id": ["x"]}, "id"),
        ({"kind": "hack"}, "kind"),
        ({"url": "javascript:alert(1)"}, "url"),
        ({"url": "https://\u202eevil/"}, "url"),
        ({"engaged_ms": 1.5}, "engaged_ms"),
        ({"value": {"$gt": 0}}, "value"),
        ({"items": [[]]}, "items[0]"),
        ({"vitals": {"cls": None, "lcp": "x"}}, "vitals.lcp"),
    ],
)
def test_a_wrong_event_names_its_field_and_leaves_the_others_alone(
    door: DoorClient, streams: Streams, change: dict[str, Any], field: str
) -> None:
    response = door.post(batch(pageview(1), pageview(2) | change))
    assert response.status_code == 202
    assert set(why(response)) == {f"events[1].{field}"}
    assert [len(envelope.events) for envelope in streams.envelopes] == [1]
    assert sum(streams.refused.values()) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"title": "\x00\x01\u0000'; DROP TABLE event; --"},
        {"title": "\ud800"},
        {"props": {"\ud800": "\udfff", "a": 10**60, "b": -(10**300), "c": 5e-324}},
        {"at": 10**18},
        {"value": "1e-400"},
        {"engaged_ms": 10**40, "scroll_percent": 10**40},
        {"vitals": {"lcp": 1e308}},
        {"target": {"x": 1e308, "selector": "\x00" * 300}},
        {"referrer": "::::\x00"},
        {"transaction_id": "\x00" * 500},
        {"url": "https://shop.example/" + "a" * 3000},
        {"url": "https://shop.example/%00%ff?utm_source=%ff%00"},
        {"id": "\x00"},
        {"id": "😀" * 100},
    ],
)
def test_odd_but_allowed_values_are_stored_safely(door: DoorClient, streams: Streams, change: dict[str, Any]) -> None:
    body = json.dumps(batch(pageview() | change)).encode()
    assert door.post(body).status_code == 202
    (event,) = streams.envelopes[0].events
    texts = [event.path, event.query, event.title, event.referrer, event.transaction_id, json.dumps(event.props)]
    assert not any("\x00" in text for text in texts)
    assert event.occurred_ms <= now_ms()


def test_random_bodies_never_break_the_door(door: DoorClient, streams: Streams) -> None:
    """A fixed seed: values of all sorts in all fields, and broken texts."""
    chance = random.Random(7)
    statuses = set()
    for number in range(600):
        body: Any = _odd_batch(chance, number)
        content = json.dumps(body).encode()
        if chance.random() < 0.3:
            broken = bytearray(content)
            for _ in range(3):
                broken[chance.randrange(len(broken))] = chance.randrange(256)
            content = bytes(broken)
        response = door.post(content, "event" if chance.random() < 0.2 else "batch")
        statuses.add(response.status_code)
        answer = json.loads(response.content)
        assert answer["accepted"] or all(fault["why"] for fault in answer["rejected"])
    assert statuses <= CONTRACT
    assert {202, 400} <= statuses


ODD: list[Any] = [
    None, True, 0, -1, 1.5, 10**25, -(10**40), 1e308, "", "x", "\x00", "\ud800", "😀" * 600, [], [1], [[]], {},
    {"a": 1}, {"a": {"b": {}}}, "null", "https://shop.example/x?utm_source=a", "eyJhbGciOiJIUzI1NiJ9.e30.x",
    [None] * 200,
]  # fmt: skip
FIELDS = (
    "id", "kind", "at", "name", "page_id", "url", "referrer", "title", "engaged_ms", "scroll_percent", "vitals",
    "value", "currency", "transaction_id", "items", "interactive", "props", "target", "user", "match", "surprise",
)  # fmt: skip
HEAD = ("site_key", "sent_at", "tracker", "context", "consent", "ip", "user_agent", "visitor", "events", "surprise")


def _odd_batch(chance: random.Random, number: int) -> dict[str, Any]:
    events = [custom(number) | {field: chance.choice(ODD) for field in chance.sample(FIELDS, chance.randint(0, 4))}]
    events.append(pageview(number + 1) | {chance.choice(FIELDS): chance.choice(ODD)})
    body: dict[str, Any] = {"site_key": SITE_KEY, "events": events}
    if chance.random() < 0.3:
        body[chance.choice(HEAD)] = chance.choice(ODD)
    return body
