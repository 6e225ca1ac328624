"""Bodies made by walking the wire contract's schema: valid ones at random, and each way in which one can be invalid."""

import json
import random
import string
from collections.abc import Iterator
from typing import Any

from config.env import ROOT
from tests.tracking.doors import now_ms

FILE = ROOT / "apps" / "tracking" / "data" / "track.schema.json"
SCHEMA: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
LETTERS = string.ascii_letters + string.digits + " äß漢-_.:"
# What fits each pattern of the schema.
FITTING = {
    "http": ["https://shop.example/", "http://127.0.0.1:8000/a?b=c#d", "https://a.b-c.example"],
    "A-Za-z": ["EUR", "usd", ""],
    "[0-9]": ["12.90", "-0.5", "1", "9999999999999.5"],
}


def resolve(shape: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = SCHEMA["$defs"][shape["$ref"].rpartition("/")[2]] if "$ref" in shape else shape
    return found


class Maker:
    """Makes valid values."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)

    def body(self, name: str) -> dict[str, Any]:
        body: dict[str, Any] = self.value({"$ref": f"#/$defs/{name}"})
        if "sent_at" in body:
            body["sent_at"] = now_ms()
        for event in body.get("events", [body]):
            event["at"] = now_ms() - self.chance.randrange(10**6)
            # As the schema's conditions have it.
            if event["kind"] == "event":
                event["name"] = event.get("name") or "n"
            if event["kind"] == "pageview":
                event["url"] = event.get("url") or "https://shop.example/"
        return body

    def value(self, shape: dict[str, Any]) -> Any:
        shape = resolve(shape)
        if "enum" in shape:
            return self.chance.choice(shape["enum"])
        if "anyOf" in shape:
            return self.value(self.chance.choice(shape["anyOf"]))
        return getattr(self, f"_{shape['type']}")(shape)

    def _null(self, shape: dict[str, Any]) -> None:
        return None

    def _boolean(self, shape: dict[str, Any]) -> bool:
        return self.chance.random() < 0.5

    def _integer(self, shape: dict[str, Any]) -> int:
        return self.chance.randint(max(-(10**15), shape.get("minimum", -(10**15))), shape.get("maximum", 10**15))

    def _number(self, shape: dict[str, Any]) -> float:
        return self.chance.uniform(max(-1e6, shape.get("minimum", -1e6)), 1e6)

    def _string(self, shape: dict[str, Any]) -> str:
        if "pattern" in shape:
            return self.chance.choice(next(fit for mark, fit in FITTING.items() if mark in shape["pattern"]))
        most = shape.get("maxLength", 40)
        length = self.chance.choice([shape.get("minLength", 0), self.chance.randint(1, most), most])
        return "".join(self.chance.choices(LETTERS, k=length))

    def _array(self, shape: dict[str, Any]) -> list[Any]:
        if "prefixItems" in shape:
            return [self.value(item) for item in shape["prefixItems"]]
        most = min(shape["maxItems"], 4)
        return [self.value(shape["items"]) for _ in range(self.chance.randint(shape.get("minItems", 0), most))]

    def _object(self, shape: dict[str, Any]) -> dict[str, Any]:
        if "properties" not in shape:
            names = {self._string(shape.get("propertyNames") or {"minLength": 1}) for _ in range(4)}
            values = shape.get("additionalProperties") or {"type": "string"}
            return {name: self.value(values) for name in names}
        required = set(shape["required"])
        return {
            name: self.value(one)
            for name, one in shape["properties"].items()
            if name in required or self.chance.random() < 0.5
        }


Options = list[dict[str, Any]]
Path = tuple[str | int, ...]


def options_of(shape: dict[str, Any]) -> Options:
    shape = resolve(shape)
    return [resolve(one) for one in shape.get("anyOf", [shape])]


def invalid(name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Return bodies that are wrong in one place each: where and how, and the body."""
    for path, options in places({"$ref": f"#/$defs/{name}"}, ()):
        where = ".".join(map(str, path))
        for how, value in wrong(options) if path else ():
            yield f"{where} {how}", changed(name, path, value)
        for one in options:
            if "properties" not in one:
                continue
            yield f"{where} has a surprise", changed(name, (*path, "surprise"), 1)
            for required in one["required"]:
                body = full(name)
                del at(body, path)[required]
                yield f"{where} is without {required}", body


def changed(name: str, path: Path, value: Any) -> dict[str, Any]:
    body = full(name)
    at(body, path[:-1])[path[-1]] = value
    return body


def full(name: str) -> dict[str, Any]:
    """Return a valid body with all there is in it."""
    event = {
        "id": "e1", "kind": "event", "at": now_ms(), "name": "n", "page_id": "p", "url": "https://shop.example/",
        "referrer": "https://a.example/", "title": "t", "engaged_ms": 1, "scroll_percent": 1, "value": 1,
        "vitals": dict.fromkeys(("ttfb", "fcp", "lcp", "inp", "cls", "load"), 1), "currency": "EUR",
        "transaction_id": "t", "interactive": True, "props": {"a": 1}, "canonical": "c", "content_group": "g",
        "items": [{"sku": "s", "name": "n", "price": 1, "quantity": 1, "category": "c"}], "language": "de",
        "target": {"selector": "s", "text": "t", "x": 1, "y": 1, "href": "h"},
        "user": {"id": "i", "email": "e", "traits": {}},
        "match": {"ga_client_id": "1", "ga_session_id": "1", "fbp": "f", "fbc": "f"},
    }  # fmt: skip
    head = {
        "site_key": "s", "sent_at": now_ms(), "tracker": "1", "ip": "1", "user_agent": "u", "visitor": "v",
        "context": {
            "screen": [1, 2], "viewport": [1, 2], "pixel_ratio": 1, "languages": ["de"], "time_zone": "UTC",
            "color_scheme": "dark", "touch": True, "connection": "4g", "webdriver": False,
        },
        "consent": {
            "analytics": "granted", "marketing": "denied", "source": "api", "at": 1, "text_version": "3",
            "gpc": False, "dnt": False,
        },
    }  # fmt: skip
    return head | ({"events": [event]} if name == "batch" else event)


def places(shape: dict[str, Any], path: Path) -> Iterator[tuple[Path, Options]]:
    """Return each place of a full body with the shapes that it may have."""
    options = options_of(shape)
    yield path, options
    for one in options:
        for name, inner in one.get("properties", {}).items():
            yield from places(inner, (*path, name))
        if one.get("items"):
            yield from places(one["items"], (*path, 0))


def wrong(options: Options) -> Iterator[tuple[str, Any]]:
    """Return values that none of the shapes allows."""
    kinds = {one.get("type", "enum") for one in options}
    for kind, value in (("boolean", True), ("object", {}), ("array", [[]])):
        if kind not in kinds:
            yield f"is of type {kind}", value
    if not kinds & {"string", "enum"}:
        yield "is text", "x"
    if not kinds & {"integer", "number"}:
        yield "is a number", 7
    for one in options:
        yield from beyond(one, has_numbers="number" in kinds)


def beyond(one: dict[str, Any], *, has_numbers: bool) -> Iterator[tuple[str, Any]]:
    if "enum" in one:
        yield "is none of them", "other"
    if one.get("type") == "string" and "maxLength" in one and "pattern" not in one:
        yield "is too long", "x" * (one["maxLength"] + 1)
    if one.get("type") == "string" and one.get("minLength"):
        yield "is too short", ""
    if one.get("type") == "integer" and not has_numbers:
        yield "isn't whole", 1.5
    if "minimum" in one:
        yield "is too small", one["minimum"] - 1
    if "maximum" in one:
        yield "is too large", one["maximum"] + 1
    if "maxItems" in one and "prefixItems" not in one:
        item = {} if resolve(one["items"]).get("type") == "object" else "x"
        yield "holds too many", [item] * (one["maxItems"] + 1)
    if "prefixItems" in one:
        yield "holds too few", [1]
    if "maxProperties" in one:
        yield "has too many", {str(number): 1 for number in range(one["maxProperties"] + 1)}
        yield "has a name that is too long", {"x" * (one["propertyNames"]["maxLength"] + 1): 1}
        yield "has no name", {"": 1}
        yield "holds a list", {"a": [1]}


def at(body: Any, path: Path) -> Any:
    for step in path:
        body = body[step]
    return body
