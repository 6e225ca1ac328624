"""The wire contract as a JSON Schema, made of the very types that the parser reads by.

Types, caps, enumerations and required fields come from `payload`; what types can't say (a page view has an address) is
added here as `events` judges it. `manage.py track_schema` prints the document, data/track.schema.json holds it, the
door serves it at /api/track/schema.json. Whatever is valid by it is taken without a flaw. What isn't is refused, cut or
ignored, and the answer says which; where a pattern here is narrower than the parser, it is taken all the same.
"""

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from .events import MOST_VALUE
from .payload import BatchWire, SingleWire
from .tracker_file import TrackerFile

FILE = Path(__file__).parent / "data" / "track.schema.json"
HEADERS = {
    "Content-Type": "application/schema+json",
    "Cache-Control": "public, max-age=3600",
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "X-Content-Type-Options": "nosniff",
}
DRAFT = "https://json-schema.org/draft/2020-12/schema"
TITLE = "What Beacon's ingest door takes"
ABOUT = (
    "Bodies of POST /api/track/batch and /api/track/event. Null is the same as leaving a field out. Unknown fields are "
    "ignored and counted, over-long texts and props beyond the most are cut and counted; all else that isn't valid "
    "here is refused by field. Integers are written without a decimal point."
)

HOST = r"(?![^/?#]{254})([A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9_])?\.)*[A-Za-z0-9_-]+"
ADDRESS = rf"^(https?://{HOST}(:[0-9]+)?([/?#].*)?)?$"
MOST_AMOUNT = int(MOST_VALUE) - 1
AMOUNT = {"maximum": MOST_AMOUNT, "minimum": -MOST_AMOUNT, "pattern": r"^-?[0-9]{1,13}(\.[0-9]{1,12})?$"}
NATURAL = {"minimum": 0}
# What holds beside the types, by wire type and field: keywords of the types that they are about.
BESIDE: dict[str, dict[str, dict[str, Any]]] = {
    "event": {
        "url": {"pattern": ADDRESS},
        "engaged_ms": NATURAL,
        "scroll_percent": NATURAL,
        "value": AMOUNT,
        "currency": {"pattern": "^([A-Za-z]{3})?$"},
    },
    "item": {"price": AMOUNT},
    "vitals": dict.fromkeys(("ttfb", "fcp", "lcp", "inp", "cls", "load"), NATURAL),
}
MEANINGS: dict[str, dict[str, str]] = {
    "head": {
        "site_key": "Which site; it stands in the tag.",
        "sent_at": "The sender's clock as it sends, ms since 1970: what it is wrong by is taken off each event's time.",
        "ip": "With an API key only: the visitor's address.",
        "user_agent": "With an API key only: the visitor's.",
        "visitor": "With an API key only: the server's own name for its visitor.",
    },
    "event": {
        "id": "Made once by the sender: sent again, the event counts once. A UUIDv7 stays, other texts are hashed.",
        "at": "When it happened by the sender's clock, ms since 1970. 7 days ago at most.",
        "page_id": "The id of the page view that it belongs to.",
        "engaged_ms": "Total of this page view so far: the largest wins.",
        "scroll_percent": "Total of this page view so far: the largest wins.",
        "interactive": "False: it doesn't end a bounce. Of kind event alone.",
        "user": (
            "Of kind identify, with consent.analytics granted alone; hashed on arrival. Of traits `phone` alone is "
            "taken, with its country code, and with consent.marketing granted."
        ),
        "match": (
            "From _ga, _ga_*, _fbp, _fbc. Of kinds pageview and event, with consent.marketing granted alone; kept "
            "sealed of conversions, a week at most. What isn't shaped as those cookies' values is left out."
        ),
    },
    "consent": {
        "analytics": "Empty or left out: never asked.",
        "marketing": "Empty or left out: never asked. GPC and DNT deny it unless source is api.",
        "source": "api, gcm, tcf or site_default; another text is a page's name for its banner and means api.",
        "at": "When it was said, ms since 1970.",
        "gpc": "The Sec-GPC header wins.",
        "dnt": "The DNT header wins.",
    },
}
# Kind by kind: what it can't be without.
NEEDS = {"event": "name", "pageview": "url"}


def build() -> dict[str, Any]:
    """Return the schema."""
    found = msgspec.json.schema_components([BatchWire, SingleWire], ref_template="#/$defs/{name}")[1]
    names = {name: name.removesuffix("Wire").lower() for name in found}
    shapes = {names[name]: _renamed(shape, names) for name, shape in found.items()}
    for name, shape in shapes.items():
        kind = "event" if name == "single" else name
        shape.pop("description", None)
        for field, keywords in BESIDE.get(kind, {}).items():
            shape["properties"][field] = _with(shape["properties"][field], keywords)
        for field, said in (MEANINGS.get(kind, {}) | (MEANINGS["head"] if name in ("batch", "single") else {})).items():
            shape["properties"][field]["description"] = said
        if kind == "event":
            shape["allOf"] = [_need(kind_of, field) for kind_of, field in NEEDS.items()]
    return {
        "$schema": DRAFT,
        "title": TITLE,
        "description": ABOUT,
        "anyOf": [{"$ref": "#/$defs/batch"}, {"$ref": "#/$defs/single"}],
        "$defs": shapes,
    }


def text() -> str:
    return json.dumps(build(), indent=2, ensure_ascii=False) + "\n"


@cache
def schema_file() -> TrackerFile:
    content = FILE.read_bytes()
    tag = hashlib.sha256(content).hexdigest()[:20]
    return TrackerFile(content, HEADERS | {"ETag": f'"{tag}"'})


def _renamed(part: Any, names: dict[str, str]) -> Any:
    """Return a part of msgspec's schema with our names, without defaults and titles, which say nothing here."""
    if isinstance(part, list):
        return [_renamed(one, names) for one in part]
    if not isinstance(part, dict):
        return part
    if "$ref" in part:
        return {"$ref": f"#/$defs/{names[part['$ref'].rpartition('/')[2]]}"}
    return {
        name: {field: _renamed(shape, names) for field, shape in value.items()}
        if name == "properties"
        else _renamed(value, names)
        for name, value in part.items()
        if name not in ("default", "title")
    }


def _with(shape: dict[str, Any], keywords: dict[str, Any]) -> dict[str, Any]:
    """Add each keyword to those alternatives whose type it is about."""
    if "anyOf" in shape:
        return shape | {"anyOf": [_with(one, keywords) for one in shape["anyOf"]]}
    is_text = shape.get("type") == "string"
    about = {name: value for name, value in keywords.items() if (name == "pattern") == is_text}
    return shape if shape.get("type") == "null" else shape | about


def _need(kind: str, field: str) -> dict[str, Any]:
    return {
        "if": {"properties": {"kind": {"const": kind}}},
        "then": {"required": [field], "properties": {field: {"type": "string", "minLength": 1}}},
    }
