"""The wire contract as far as the tracker uses it: which fields there are, and of which type."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, ValidationError

SCHEMA = Path(__file__).resolve().parents[2] / "apps" / "tracking" / "data" / "track.schema.json"
DEFINED = json.loads(SCHEMA.read_text(encoding="utf-8"))["$defs"]
VALIDATOR = Draft202012Validator({"$ref": "#/$defs/batch", "$defs": DEFINED})
UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
KINDS = {"pageview", "event", "engagement", "vitals", "error", "identify"}
VITALS = {"ttfb", "fcp", "lcp", "inp", "cls", "load"}
TARGET_CAPS = {"selector": 256, "text": 128, "href": 2048}

Check = Callable[[Any], bool]


def _is_int(value: Any) -> bool:
    return type(value) is int


def _is_number(value: Any) -> bool:
    return type(value) in (int, float)


def _is_bool(value: Any) -> bool:
    return type(value) is bool


def _is_text(cap: int) -> Check:
    return lambda value: isinstance(value, str) and len(value) <= cap


def _is_pair(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(_is_int(side) for side in value)


def _is_id(value: Any) -> bool:
    return isinstance(value, str) and UUID7.fullmatch(value) is not None


def _is_target(value: Any) -> bool:
    """Texts within their caps, and whole pixels."""
    checks: dict[str, Check] = {name: _is_text(cap) for name, cap in TARGET_CAPS.items()} | {"x": _is_int, "y": _is_int}
    return isinstance(value, dict) and all(name in checks and checks[name](item) for name, item in value.items())


def _is_vitals(value: Any) -> bool:
    return isinstance(value, dict) and set(value) <= VITALS and all(_is_number(item) for item in value.values())


def _is_props(value: Any) -> bool:
    return isinstance(value, dict) and len(value) <= 30 and all(1 <= len(name) <= 64 for name in value)


def _is_url(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= 2048 and value.startswith("http")


BODY: dict[str, Check] = {
    "tracker": lambda value: isinstance(value, str) and re.fullmatch(r"[0-9a-f]{8}", value) is not None,
    "consent": lambda value: isinstance(value, dict),
    "site_key": _is_text(64),
    "sent_at": _is_int,
    "context": lambda value: isinstance(value, dict),
    "events": lambda value: isinstance(value, list) and 1 <= len(value) <= 100,
}
CONTEXT: dict[str, Check] = {
    "screen": _is_pair,
    "viewport": _is_pair,
    "pixel_ratio": _is_number,
    "languages": lambda value: isinstance(value, list) and all(isinstance(entry, str) for entry in value),
    "time_zone": lambda value: isinstance(value, str) and value != "",
    "color_scheme": lambda value: value in ("light", "dark"),
    "touch": _is_bool,
    "connection": _is_text(16),
    "webdriver": _is_bool,
}
CONSENT: dict[str, Check] = {
    "analytics": lambda value: value in ("granted", "denied"),
    "marketing": lambda value: value in ("granted", "denied"),
    "source": _is_text(32),
    "at": _is_int,
    "text_version": _is_text(64),
    "gpc": _is_bool,
    "dnt": _is_bool,
}
EVENT: dict[str, Check] = {
    "id": _is_id,
    "kind": lambda value: value in KINDS,
    "name": lambda value: isinstance(value, str) and 1 <= len(value) <= 64,
    "at": _is_int,
    "page_id": _is_id,
    "url": _is_url,
    "referrer": lambda value: value == "" or _is_url(value),
    "title": _is_text(512),
    "engaged_ms": lambda value: _is_int(value) and value >= 0,
    "scroll_percent": lambda value: _is_int(value) and 0 <= value <= 100,
    "value": lambda value: _is_number(value) or isinstance(value, str),
    "currency": _is_text(3),
    "interactive": _is_bool,
    "transaction_id": _is_text(128),
    "event_id": _is_text(128),
    "items": lambda value: isinstance(value, list) and len(value) <= 100,
    "user": lambda value: isinstance(value, dict),
    "match": lambda value: isinstance(value, dict),
    "props": _is_props,
    "target": _is_target,
    "vitals": _is_vitals,
}
REQUIRED: dict[str, set[str]] = {
    "pageview": {"id", "kind", "at", "url", "title"},
    "event": {"id", "kind", "at", "name", "page_id", "url"},
    "vitals": {"id", "kind", "at", "page_id", "vitals"},
    "identify": {"id", "kind", "at", "page_id", "user"},
    "error": {"id", "kind", "at", "name", "page_id", "url", "props"},
    "engagement": {"id", "kind", "at", "page_id", "engaged_ms", "scroll_percent"},
}


def problems(body: Any) -> list[str]:
    """Return what in a batch isn't as the contract says: by its schema, and field by field as a tag fills it."""
    found = schema_problems(body)
    found += _differences("", body, BODY, set(BODY))
    found += _differences("context.", body["context"], CONTEXT, set(CONTEXT) - {"connection"})
    found += _differences("consent.", body["consent"], CONSENT, set())
    for index, event in enumerate(body["events"]):
        found += _differences(f"events[{index}].", event, EVENT, REQUIRED[event["kind"]])
    return found


def schema_problems(body: Any) -> list[str]:
    """Return what in a batch the wire contract's own schema forbids, but for what is too long: the door cuts that."""
    return [f"{error.json_path}: {error.message}" for error in VALIDATOR.iter_errors(body) if not _is_cut(error)]


def _is_cut(error: ValidationError) -> bool:
    return error.validator in ("maxLength", "maxProperties") or any(map(_is_cut, error.context or ()))


def _differences(where: str, value: dict[str, Any], checks: dict[str, Check], required: set[str]) -> list[str]:
    missing = [f"{where}{name} is missing" for name in sorted(required - set(value))]
    unknown = [f"{where}{name} is unknown" for name in sorted(set(value) - set(checks))]
    wrong = [f"{where}{name} is {item!r}" for name, item in value.items() if name in checks and not checks[name](item)]
    return missing + unknown + wrong
