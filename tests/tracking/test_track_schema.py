"""The wire contract's JSON Schema and the parser hold each other: what is valid is taken whole, what isn't is noted."""

import json
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator

from apps.tracking import events
from apps.tracking.door import Door
from apps.tracking.payload import MAX_EVENTS, MAX_ITEMS, MAX_PROPS, EventWire, HeadWire, Payload
from apps.tracking.payload_repair import fields_of
from apps.tracking.schema import FILE, text
from tests.tracking.doors import now_ms
from tests.tracking.schema_bodies import SCHEMA, Maker, full, invalid
from tests.tracking.test_data_points import rich_visit
from tests.tracking.test_payload import EVENT, WRONG, batch, read

VALIDATOR = Draft202012Validator(SCHEMA)
NAMES = ("batch", "single")
BODIES = 400


def flaws(body: dict[str, Any], name: str) -> list[str]:
    """Return what the parser finds in a body, cut and ignored parts included; the steps at the door follow types."""
    payload: Payload = read(body, is_single=name == "single")
    found = [f"{fault.field} {fault.why}" for fault in [payload.fault, *payload.faults] if fault]
    found += [f"cut {payload.cut}"] * bool(payload.cut) + [f"ignored {payload.ignored}"] * bool(payload.ignored)
    for _, wire in payload.events:
        try:
            events.event_in(wire, site_key="s", occurred=now_ms(), skew_ms=0, is_late=False, has_hash_routes=False)
        except events.Wrong as wrong:
            found.append(f"{wrong.field} {wrong.why}")
    return found


def is_valid(body: dict[str, Any]) -> bool:
    return VALIDATOR.is_valid(body)


def test_the_file_is_what_the_types_say() -> None:
    assert FILE.read_text(encoding="utf-8") == text(), (
        "run manage.py track_schema > apps/tracking/data/track.schema.json"
    )
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("name", NAMES)
def test_what_the_schema_allows_the_parser_takes_whole(name: str) -> None:
    maker = Maker(seed=20261128)
    for _ in range(BODIES):
        body = maker.body(name)
        assert [error.message for error in VALIDATOR.evolve(schema=_of(name)).iter_errors(body)] == []
        assert flaws(body, name) == [], json.dumps(body)[:2000]


@pytest.mark.parametrize("name", NAMES)
def test_what_the_schema_forbids_the_parser_notes(name: str) -> None:
    assert is_valid(full(name))
    assert flaws(full(name), name) == []
    told = dict(invalid(name))
    assert len(told) > 150
    assert [where for where, body in told.items() if is_valid(body)] == []
    # A body that isn't an object, or names no site, can't be read at all; that is the parser's word too.
    assert [where for where, body in told.items() if _is_readable(body) and not flaws(body, name)] == []


@pytest.mark.parametrize(("change", "field", "why"), WRONG)
def test_what_the_parser_refuses_the_schema_forbids(change: dict[str, Any], field: str, why: str) -> None:
    assert is_valid(batch(EVENT))
    assert not is_valid(batch(EVENT | change)), f"{field} {why}"


def test_caps_are_the_parsers() -> None:
    defs = SCHEMA["$defs"]
    assert defs["batch"]["properties"]["events"]["maxItems"] == MAX_EVENTS
    assert _option(defs["event"]["properties"]["items"], "array")["maxItems"] == MAX_ITEMS
    assert _option(defs["event"]["properties"]["props"], "object")["maxProperties"] == MAX_PROPS
    for name, shape in (("event", EventWire), ("batch", HeadWire)):
        for field, known in fields_of(shape).items():
            if known.most is not None:
                assert _option(defs[name]["properties"][field], "string")["maxLength"] == known.most


def test_a_rich_visit_is_valid() -> None:
    assert [error.message for error in VALIDATOR.iter_errors(rich_visit("s"))] == []


async def test_the_door_serves_it_to_everybody() -> None:
    door = Door(is_kept_fresh=False)
    transport = httpx.ASGITransport(app=door)
    async with httpx.AsyncClient(transport=transport, base_url="http://any.host") as client:
        answer = await client.get("/api/track/schema.json")
        again = await client.get("/api/track/schema.json", headers={"If-None-Match": answer.headers["ETag"]})
    await door.close()
    assert answer.json() == SCHEMA
    assert (answer.headers["Content-Type"], answer.headers["Access-Control-Allow-Origin"]) == (
        "application/schema+json",
        "*",
    )
    assert (again.status_code, again.content) == (304, b"")


def _of(name: str) -> dict[str, Any]:
    return {"$ref": f"#/$defs/{name}", "$defs": SCHEMA["$defs"]}


def _option(shape: dict[str, Any], kind: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in shape.get("anyOf", [shape]) if one.get("type") == kind)
    return found


def _is_readable(body: dict[str, Any]) -> bool:
    return isinstance(body.get("site_key"), str) and body["site_key"] != ""
