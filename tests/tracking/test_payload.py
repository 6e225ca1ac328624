"""Reading bodies: the contract's types, caps and words for what is wrong."""

import json
import random
from typing import Any

import pytest

from apps.tracking.payload import Payload, Unreadable, read_clean
from apps.tracking.payload_repair import READ_ERRORS, read_flawed

EVENT = {"id": "e1", "kind": "pageview", "at": 1, "url": "https://shop.example/"}


def read(body: Any, *, is_single: bool = False) -> Payload:
    """Read as the door does: once, and again where it isn't clean."""
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    try:
        return read_clean(text, is_single=is_single)
    except READ_ERRORS:
        return read_flawed(text, is_single=is_single)


def batch(*events: Any, **fields: Any) -> dict[str, Any]:
    return {"site_key": "s", "events": list(events), **fields}


def test_it_reads_a_batch_as_the_tag_sends_it() -> None:
    payload = read(
        batch(
            EVENT | {"title": "T", "props": {"a": 1, "b": "x", "c": True, "d": 1.5}, "vitals": {"lcp": 12.5}},
            sent_at=5,
            tracker="b1",
            context={"screen": [1, 2], "languages": ["en"], "touch": False, "connection": None},
            consent={"analytics": "granted", "gpc": False},
        )
    )
    assert [event.id for _, event in payload.events] == ["e1"]
    assert payload.head.context is not None
    assert payload.head.context.screen == (1, 2)
    assert (payload.faults, payload.cut, payload.ignored) == ([], 0, 0)


def test_it_reads_a_single_event_beside_its_head() -> None:
    payload = read(EVENT | {"site_key": "s", "sent_at": 3}, is_single=True)
    assert payload.events[0][1].url == "https://shop.example/"
    assert payload.head.sent_at == 3


def test_it_keeps_the_good_events_of_a_batch_and_names_each_bad_one() -> None:
    payload = read(batch(EVENT, EVENT | {"at": "now"}, EVENT | {"id": "e3"}, 7))
    assert [index for index, _ in payload.events] == [0, 2]
    assert [(fault.index, fault.field, fault.why) for fault in payload.faults] == [
        (1, "events[1].at", "must be an integer of milliseconds"),
        (3, "events[3]", "must be an object, not a number"),
    ]


WRONG = [
    ({"id": 5}, "id", "must be text, not an integer"),
    ({"id": ""}, "id", "must have at least 1 characters"),
    ({"id": "x" * 129}, "id", "must have at most 128 characters"),
    ({"id": None}, "id", "must be text, not null"),
    ({"kind": "visit"}, "kind", "must be one of pageview, event, engagement, vitals, error, identify"),
    ({"at": 1.5}, "at", "must be an integer of milliseconds"),
    ({"at": True}, "at", "must be an integer of milliseconds"),
    ({"url": ["x"]}, "url", "must be text, not a list"),
    ({"title": {"a": 1}}, "title", "must be text, not an object"),
    ({"engaged_ms": "1"}, "engaged_ms", "must be an integer, not text"),
    ({"vitals": {"lcp": "1"}}, "vitals.lcp", "must be a number, not text"),
    ({"vitals": 3}, "vitals", "must be an object, not an integer"),
    ({"props": [1]}, "props", "must be an object, not a list"),
    ({"props": {"a": [1]}}, "props.a", "must be text, a number, true or false, not a list"),
    ({"props": {"a": None}}, "props.a", "must be text, a number, true or false, not null"),
    ({"props": {"": 1}}, "props", "holds a value without a name"),
    ({"items": [{"sku": 4}]}, "items[0].sku", "must be text, not an integer"),
    ({"items": [{}] * 101}, "items", "holds 101 items, may hold 100"),
    ({"interactive": "no"}, "interactive", "must be true or false, not text"),
    ({"target": {"x": "1"}}, "target.x", "must be a number, not text"),
    ({"user": "me"}, "user", "must be an object, not text"),
    ({"match": {"fbp": 1}}, "match.fbp", "must be text, not an integer"),
]


@pytest.mark.parametrize(
    ("change", "field", "why"), WRONG, ids=[f"{field}-{n}" for n, (_, field, _) in enumerate(WRONG)]
)
def test_it_names_the_field_that_is_wrong(change: dict[str, Any], field: str, why: str) -> None:
    (fault,) = read(batch(EVENT | change)).faults
    assert (fault.field, fault.why) == (f"events[0].{field}", why)


@pytest.mark.parametrize("field", ["id", "kind", "at"])
def test_it_names_the_field_that_is_missing(field: str) -> None:
    event = {name: value for name, value in EVENT.items() if name != field}
    (fault,) = read(batch(event)).faults
    assert (fault.field, fault.why) == (f"events[0].{field}", "is required")
    (fault,) = read(event | {"site_key": "s"}, is_single=True).faults
    assert fault.field == field


def test_props_beyond_the_most_are_cut_and_counted() -> None:
    many = {str(number): number for number in range(32)} | {"last": [1], "x" * 65: "y"}
    payload = read(batch(EVENT | {"props": many}, EVENT | {"props": {"x" * 65: "y" * 501}}))
    assert (payload.faults, payload.cut) == ([], 4 + 2)
    kept = [event.props for _, event in payload.events]
    assert kept == [{str(number): number for number in range(30)}, {"x" * 64: "y" * 500}]


@pytest.mark.parametrize(
    ("body", "field", "why"),
    [
        (batch(), "events", "holds 0 events, must hold 1 to 100"),
        (batch(*[EVENT] * 101), "events", "holds 101 events, must hold 1 to 100"),
        ({"site_key": "s"}, "events", "is required"),
        ({"site_key": "s", "events": {}}, "events", "must be a list, not an object"),
        (batch(EVENT, context={"screen": [1]}), "context.screen", "must be a list of 2"),
        (batch(EVENT, consent={"marketing": "yes"}), "consent.marketing", "must be one of granted, denied"),
        (batch(EVENT, sent_at="now"), "sent_at", "must be an integer of milliseconds"),
    ],
)
def test_a_flaw_beside_the_events_keeps_none_of_them(body: dict[str, Any], field: str, why: str) -> None:
    payload = read(body)
    assert payload.fault is not None
    assert (payload.fault.field, payload.fault.why) == (field, why)
    assert payload.head.site_key == "s"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", "body"),
        (b"hello", "body"),
        (b'{"site_key": "s"', "body"),
        (b'{"site_key": "s", "events": [{"at": NaN}]}', "body"),
        (b'{"site_key": "s", "events": [{"at": -Infinity}]}', "body"),
        (b'{"site_key": "\xff"}', "body"),
        (b'{"site_key": "a\x00b"}', "body"),
        (b"[" * 60_000, "body"),
        (b'{"a":' * 10_000, "body"),
        (b"[]", "body"),
        (b"null", "body"),
        (b"{}", "site_key"),
        (b'{"site_key": 7}', "site_key"),
        (b'{"site_key": ""}', "site_key"),
    ],
)
def test_what_nothing_can_be_kept_of_says_why(body: bytes, field: str) -> None:
    with pytest.raises(Unreadable) as caught:
        read(body)
    assert caught.value.fault.field == field
    assert caught.value.fault.why


def test_it_cuts_long_texts_and_counts_them() -> None:
    payload = read(batch(EVENT | {"title": "t" * 600, "props": {"a" * 70: "v" * 501}}))
    event = payload.events[0][1]
    assert len(event.title or "") == 512
    assert event.props == {"a" * 64: "v" * 500}
    assert payload.cut == 3


def test_it_ignores_unknown_fields_and_counts_them() -> None:
    payload = read(batch(EVENT | {"colour": 1, "vitals": {"fid": 2, "lcp": 3}}, referer="x"))
    assert len(payload.events) == 1
    assert payload.ignored == 3


def test_half_characters_become_whole_ones() -> None:
    payload = read(b'{"site_key":"s","events":[{"id":"1","kind":"pageview","at":1,"url":"u","title":"a\\ud83d"}]}')
    assert payload.events[0][1].title == "a\ufffd"
    payload = read(batch(EVENT | {"title": "\U0001f600", "extra": 1}))
    assert payload.events[0][1].title == "\U0001f600"


def test_a_number_beyond_all_bounds_is_its_fields_fault_alone() -> None:
    payload = read(
        b'{"site_key":"s","events":[{"id":"1","kind":"event","at":1,"value":1e999},'
        b'{"id":"2","kind":"event","at":' + b"9" * 5000 + b'},{"id":"3","kind":"event","at":1}]}'
    )
    assert [event.id for _, event in payload.events] == ["1", "3"]
    assert payload.faults[0].field == "events[1].at"


def test_of_a_field_given_twice_the_last_counts() -> None:
    payload = read(b'{"site_key":"a","site_key":"b","events":[{"id":"1","kind":"event","at":1,"at":2}]}')
    assert payload.head.site_key == "b"
    assert payload.events[0][1].at == 2


def test_a_byte_order_mark_is_forgiven() -> None:
    assert read(b"\xef\xbb\xbf" + json.dumps(batch(EVENT)).encode()).events


def test_whatever_comes_it_answers_or_says_why() -> None:
    """Thousands of bodies, each broken at random places, with a fixed seed."""
    chance = random.Random(20_261_121)
    sound = json.dumps(
        batch(EVENT | {"props": {"a": "é😀"}, "vitals": {"lcp": 1}}, context={"screen": [1, 2]})
    ).encode()
    pieces = [
        b'"',
        b"{",
        b"}",
        b"[",
        b"]",
        b"\\ud800",
        b"\\u0000",
        b"NaN",
        b"1e999",
        b"-",
        b"\xff",
        b",",
        b"null",
        b"9" * 400,
    ]
    for _ in range(3000):
        body = bytearray(sound)
        for _ in range(chance.randint(1, 4)):
            where = chance.randrange(len(body))
            body[where : where + chance.randint(0, 3)] = chance.choice(pieces)
        try:
            payload = read(bytes(body), is_single=chance.random() < 0.3)
        except Unreadable as error:
            assert error.fault.why
        else:
            assert payload.head.site_key
