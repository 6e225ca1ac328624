"""The second reading, of bodies with a flaw: keep good events, cut and count what is too long, name what is wrong."""

import json
import math
import re
from functools import cache
from itertools import islice
from typing import Any, NoReturn, get_type_hints

import msgspec
from msgspec import inspect

from .payload import (
    MAX_EVENTS,
    MAX_ITEMS,
    MAX_PROPS,
    EventWire,
    Fault,
    HeadWire,
    ItemWire,
    Payload,
    Unreadable,
)

# What reading a clean body raises where it isn't one.
READ_ERRORS = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
# Numbers longer than this are nobody's; Python would take quadratic time over them.
MAX_DIGITS = 64
# From here on a text is prose or an address, and may lose its last word.
LONG_FROM = 256
PARTING = re.compile(r"[\s&/?;,|]")
HALF_WORD = re.compile(r"(?<=[\s&/?;,|])[^\s&/?;,|]{0,100}\Z")
# Cut, these would stand for something else.
NEVER_CUT = {"id", "page_id", "site_key", "ip", "value", "price", "currency"}

WORDS = {
    "str": "text",
    "int": "an integer",
    "float": "a number",
    "bool": "true or false",
    "object": "an object",
    "array": "a list",
    "null": "null",
}
MILLISECONDS = {"at", "sent_at"}
EXPECTED = re.compile(r"Expected `([^`]+)`(?:, got `([^`]+)`)?")
LENGTH = re.compile(r"`array` of length (\d+)")
BOUND = re.compile(r"of length (<=|>=) (\d+)")
WHERE = re.compile(r" - at `\$\.?(.*)`$", re.S)
MISSING = re.compile(r"missing required field `([^`]+)`")


class Notes:
    """How many texts and props were cut and how many unknown fields ignored."""

    cut = 0
    ignored = 0


def read_flawed(body: bytes, *, is_single: bool) -> Payload:
    """Return what can be kept of a body, with its faults. Raises Unreadable where nothing can."""
    document = load(body)
    notes = Notes()
    if is_single:
        event_fields = fields_of(EventWire)
        events: Any = [{name: value for name, value in document.items() if name in event_fields}]
        document = {name: value for name, value in document.items() if name not in event_fields}
    else:
        events = document.pop("events", None)
    payload = _read_head(document, notes)
    payload.is_single = is_single
    payload.total = len(events) if isinstance(events, list) else 0
    payload.fault = payload.fault or _fault_of_list(events)
    if payload.fault is None:
        _read_events(payload, events, notes)
    payload.cut, payload.ignored = notes.cut, notes.ignored
    return payload


def load(body: bytes) -> dict[str, Any]:
    """Return the body's JSON object. Numbers beyond all bounds come as text, so that only their field is wrong."""
    try:
        document = json.loads(
            body.decode("utf-8-sig"), parse_constant=_refuse_constant, parse_float=_parse_float, parse_int=_parse_int
        )
    except UnicodeDecodeError as error:
        raise Unreadable("body", f"isn't UTF-8: byte {error.start} can't be read") from None
    except json.JSONDecodeError as error:
        raise Unreadable("body", f"isn't JSON: {error.msg} at character {error.pos}") from None
    except RecursionError:
        raise Unreadable("body", "is nested too deep") from None
    if not isinstance(document, dict):
        raise Unreadable("body", f"must be an object, not {_word_of(document)}")
    return document


def _refuse_constant(text: str) -> NoReturn:
    raise Unreadable("body", f"isn't JSON: {text} is no number there")


def _parse_float(text: str) -> float | str:
    number = float(text)
    return number if math.isfinite(number) else text


def _parse_int(text: str) -> int | str:
    return int(text) if len(text) <= MAX_DIGITS else text


def _read_head(document: dict[str, Any], notes: Notes) -> Payload:
    key = document.get("site_key")
    if key is None:
        raise Unreadable("site_key", "is required")
    if not isinstance(key, str) or not key:
        raise Unreadable("site_key", f"must be text, not {_word_of(key)}" if key != "" else "is empty")
    try:
        head = msgspec.convert(tidy(document, HeadWire, notes), HeadWire)
    except msgspec.ValidationError as error:
        return Payload(HeadWire(site_key=_text(key)), [], fault=fault_of(error))
    return Payload(head, [])


def _fault_of_list(events: Any) -> Fault | None:
    if events is None:
        return Fault("events", "is required")
    if not isinstance(events, list):
        return Fault("events", f"must be a list, not {_word_of(events)}")
    if not 1 <= len(events) <= MAX_EVENTS:
        return Fault("events", f"holds {len(events)} events, must hold 1 to {MAX_EVENTS}")
    return None


def _read_events(payload: Payload, events: list[Any], notes: Notes) -> None:
    for index, raw in enumerate(events):
        fault = _fault_of_collections(raw)
        if fault is None:
            try:
                payload.events.append((index, msgspec.convert(tidy(raw, EventWire, notes), EventWire)))
                continue
            except msgspec.ValidationError as error:
                fault = fault_of(error)
        payload.faults.append(Fault(payload.field(index, fault.field), fault.why, index))


def _fault_of_collections(event: Any) -> Fault | None:
    """Name what msgspec's messages wouldn't: the very prop, and how many items there are."""
    if not isinstance(event, dict):
        return Fault("", f"must be an object, not {_word_of(event)}")
    props, items = event.get("props"), event.get("items")
    if isinstance(items, list) and len(items) > MAX_ITEMS:
        return Fault("items", f"holds {len(items)} items, may hold {MAX_ITEMS}")
    if not isinstance(props, dict):
        return None
    for name, value in islice(props.items(), MAX_PROPS):
        if not isinstance(value, str | int | float):
            return Fault(f"props.{_text(name)[:64]}", f"must be text, a number, true or false, not {_word_of(value)}")
        if not name:
            return Fault("props", "holds a value without a name")
    return None


def tidy(value: Any, shape: type[msgspec.Struct], notes: Notes) -> Any:
    """Return `value` without unknown fields and with over-long texts cut, both counted; types are judged later."""
    if not isinstance(value, dict):
        return value
    known = fields_of(shape)
    kept = {}
    for name, given in value.items():
        if name not in known:
            notes.ignored += 1
        else:
            kept[name] = _tidy_field(name, given, known[name], notes)
    return kept


def _tidy_field(name: str, given: Any, field: "Field", notes: Notes) -> Any:
    if isinstance(given, str):
        return _text(given) if name in NEVER_CUT else _cut(given, field.most, notes)
    if field.shape is not None:
        return tidy(given, field.shape, notes)
    if name == "items" and isinstance(given, list):
        return [tidy(item, ItemWire, notes) for item in given]
    if name == "languages" and isinstance(given, list):
        notes.cut += len(given) > 16
        return [_cut(text, 64, notes) if isinstance(text, str) else text for text in given[:16]]
    if name == "props" and isinstance(given, dict):
        notes.cut += max(0, len(given) - MAX_PROPS)
        return {
            _cut(key, 64, notes): _cut(text, 500, notes) if isinstance(text, str) else text
            for key, text in islice(given.items(), MAX_PROPS)
        }
    if name == "traits" and isinstance(given, dict):
        return {}
    return given


def _cut(text: str, most: int | None, notes: Notes) -> str:
    text = _text(text)
    if most is None or len(text) <= most:
        return text
    notes.cut += 1
    return cut_text(text, most)


def cut_text(text: str, most: int) -> str:
    """Return at most so many characters of `text`; no half word at the end of a long one.

    Half an e-mail address or half a token is one that scrubbing wouldn't recognise.
    """
    cut = text[:most]
    if most < LONG_FROM or len(text) <= most or PARTING.match(text[most]):
        return cut
    return HALF_WORD.sub("", cut)


def _text(text: str) -> str:
    """Return `text` with halves of characters (lone surrogates, which UTF-8 can't hold) joined or replaced."""
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


class Field(msgspec.Struct, frozen=True):
    """What a field may hold: texts up to `most` characters, or an object of `shape`."""

    most: int | None = None
    shape: type[msgspec.Struct] | None = None


@cache
def fields_of(shape: type[msgspec.Struct]) -> dict[str, Field]:
    """Return the fields of a wire type, read from its own annotations: the caps are written down once."""
    info = inspect.type_info(shape)
    assert isinstance(info, inspect.StructType)
    return {field.encode_name: _field(field.type) for field in info.fields}


def _field(kind: inspect.Type) -> Field:
    for option in kind.types if isinstance(kind, inspect.UnionType) else (kind,):
        if isinstance(option, inspect.StructType):
            return Field(shape=option.cls)
        if isinstance(option, inspect.StrType):
            return Field(most=option.max_length)
    return Field()


def fault_of(error: msgspec.ValidationError) -> Fault:
    """Put msgspec's message in the words of the contract."""
    message = str(error)
    where = WHERE.search(message)
    path = where[1].replace("[...]", "") if where else ""
    missing = MISSING.search(message)
    if missing:
        return Fault(f"{path}.{missing[1]}" if path else missing[1], "is required")
    return Fault(path, _why(path.rpartition(".")[2], message))


def _why(name: str, message: str) -> str:
    length = LENGTH.search(message)
    if length:
        return f"must be a list of {length[1]}"
    bound = BOUND.search(message)
    if bound:
        return f"must have at {'most' if bound[1] == '<=' else 'least'} {bound[2]} characters"
    if message.startswith("Invalid enum value"):
        return f"must be one of {', '.join(_choices(name))}"
    if name in MILLISECONDS:
        return "must be an integer of milliseconds"
    expected = EXPECTED.search(message)
    if not expected:
        return "can't be read"
    kinds = set(expected[1].split(" | "))
    # A number may be whole as well: no need to say so.
    kinds -= {"null"} | ({"int"} if "float" in kinds else set())
    wanted = [word for kind, word in WORDS.items() if kind in kinds]
    return f"must be {' or '.join(wanted)}, not {WORDS.get(expected[2], expected[2])}"


def _choices(name: str) -> tuple[str, ...]:
    if name == "kind":
        return tuple(get_type_hints(EventWire)["kind"].__args__)
    return ("granted", "denied")


def _word_of(value: Any) -> str:
    """Name the JSON type of a value."""
    if value is None:
        return "null"
    for kind, word in ((bool, "true or false"), (str, "text"), (int | float, "a number"), (list, "a list")):
        if isinstance(value, kind):
            return word
    return "an object"
