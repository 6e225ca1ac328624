"""What Google Analytics wouldn't count. It says so of nothing it is sent, so that all is found here. Pure."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from apps.core.currencies import CURRENCIES

from ...occurrences import Message
from ..base import Problem
from .events import body_make, params_of, user_properties
from .limits import (
    APP_EVENTS,
    LONGEST_NAME,
    LONGEST_PROPERTY,
    LONGEST_PROPERTY_NAME,
    MOST_BYTES,
    MOST_PARAMS,
    MOST_PROPERTIES,
    NAME,
    NEEDED,
    PARAM_PREFIXES,
    PROPERTY_PREFIXES,
    RESERVED_EVENTS,
    RESERVED_PARAMS,
    RESERVED_PROPERTIES,
    longest,
)

PARAMS = "events[].params"
MEND = {
    "value": "give the goal a value, or choose one in the rule",
    "currency": "give the goal a currency, or choose one in the rule",
    "transaction_id": "send the order’s number with the event as its transaction_id",
    "items": "send the order’s items with the event",
}


def problems_of(message: Message, *, is_360: bool) -> list[Problem]:
    """Return the first problem of each field. `is_360`: the property is one of Google Analytics 360: longer values."""
    params = params_of(message)
    found: dict[str, Problem] = {}
    for problem in (
        *_consent(message),
        *_event_name(message.name),
        *_needed(message.name, params),
        *_worth(params),
        *_order(params),
        *_session(params),
        *_items(params),
        *_params(params, is_360=is_360),
        *_properties(user_properties(message)),
        *_size(message),
    ):
        found.setdefault(problem.field, problem)
    return list(found.values())


def unmatchable_words(message: Message) -> str:
    """Return why Google could join a message to nobody's visit; it counts no such event (VALUE_REQUIRED).

    A test goes under a client id of its own, and is kept by nobody.
    """
    if message.occurrence.match.ga_client_id or message.is_test:
        return ""
    return (
        "Google Analytics needs the client ID that its own tag gave the visitor (the cookie _ga), and none came with "
        "this conversion: the tag wasn’t there or was blocked, marketing consent wasn’t given, or it wasn’t met by an "
        "event of yours. Beacon makes none up, as Google would count a visitor who never came."
    )


def _consent(message: Message) -> Iterator[Problem]:
    if message.occurrence.consent.analytics == "denied":
        rule = "The visitor refused analytics, and Google has no field that says so: such events mustn’t be sent."
        yield Problem("consent", rule)


def _event_name(name: str) -> Iterator[Problem]:
    field = "events[].name"
    if not name:
        yield Problem(field, "An event needs a name (VALUE_REQUIRED).")
        return
    yield from _name(field, name, LONGEST_NAME, RESERVED_EVENTS)
    if name in APP_EVENTS:
        yield Problem(field, f"“{name}” is an event of apps; a web stream takes none such (NAME_RESERVED).")


def _needed(name: str, params: Mapping[str, Any]) -> Iterator[Problem]:
    for needed in NEEDED.get(name, ()):
        if needed not in params:
            mend = MEND.get(needed, "add it as a field of the rule")
            rule = f"Google’s event “{name}” needs it: {mend}, or name the event otherwise (VALUE_REQUIRED)."
            yield Problem(f"{PARAMS}.{needed}", rule)


def _worth(params: Mapping[str, Any]) -> Iterator[Problem]:
    """Value and currency travel together."""
    has_value, has_currency = "value" in params, "currency" in params
    if has_value and not _is_number(params["value"]):
        yield Problem(f"{PARAMS}.value", "A value is a number (VALUE_INVALID).")
    if has_currency and params["currency"] not in CURRENCIES:
        rule = "Google takes ISO 4217 codes in capitals, such as EUR (VALUE_INVALID)."
        yield Problem(f"{PARAMS}.currency", rule)
    if has_value and not has_currency:
        rule = f"Google takes a value only with its currency: {MEND['currency']} (VALUE_REQUIRED)."
        yield Problem(f"{PARAMS}.currency", rule)
    if has_currency and not has_value:
        rule = f"Google takes a currency only with a value: {MEND['value']} (VALUE_REQUIRED)."
        yield Problem(f"{PARAMS}.value", rule)


def _order(params: Mapping[str, Any]) -> Iterator[Problem]:
    if "@" in str(params.get("transaction_id", "")):
        rule = "Google takes no personal data, and this order’s number looks like an e-mail address."
        yield Problem(f"{PARAMS}.transaction_id", rule)


def _session(params: Mapping[str, Any]) -> Iterator[Problem]:
    for name in ("session_id", "engagement_time_msec"):
        given = str(params.get(name, 1))
        if not (given.isascii() and given.isdigit() and given.strip("0")):
            yield Problem(f"{PARAMS}.{name}", "A whole number above 0 (VALUE_INVALID).")


def _items(params: Mapping[str, Any]) -> Iterator[Problem]:
    items = params.get("items", [])
    if not isinstance(items, list):
        yield Problem(f"{PARAMS}.items", "A list of items (VALUE_INVALID).")
        return
    for index, item in enumerate(items):
        if not isinstance(item, dict) or not (item.get("item_id") or item.get("item_name")):
            rule = "Each item needs an id or a name: send it with its sku or name (VALUE_REQUIRED)."
            yield Problem(f"{PARAMS}.items[{index}]", rule)


def _params(params: Mapping[str, Any], *, is_360: bool) -> Iterator[Problem]:
    if len(params) > MOST_PARAMS:
        rule = f"{MOST_PARAMS} params at most, and there are {len(params)}: take fields out of the rule"
        yield Problem(PARAMS, f"{rule} (EXCEEDED_MAX_ENTITIES).")
    for name, value in params.items():
        field = f"{PARAMS}.{name}"
        yield from _name(field, name, LONGEST_NAME, RESERVED_PARAMS, PARAM_PREFIXES)
        if isinstance(value, str):
            yield from _length(field, value, longest(name, is_360=is_360))
    for index, item in enumerate(params["items"] if isinstance(params.get("items"), list) else ()):
        for name, value in item.items() if isinstance(item, dict) else ():
            if isinstance(value, str):
                yield from _length(f"{PARAMS}.items[{index}].{name}", value, longest(name, is_360=is_360))


def _properties(properties: Mapping[str, Any]) -> Iterator[Problem]:
    if len(properties) > MOST_PROPERTIES:
        rule = f"{MOST_PROPERTIES} user properties at most, and there are {len(properties)} (EXCEEDED_MAX_ENTITIES)."
        yield Problem("user_properties", rule)
    for name, value in properties.items():
        field = f"user_properties.{name}"
        yield from _name(field, name, LONGEST_PROPERTY_NAME, RESERVED_PROPERTIES, PROPERTY_PREFIXES)
        yield from _length(field, str(value), LONGEST_PROPERTY)


def _size(message: Message) -> Iterator[Problem]:
    size = len(body_make([message], is_check=False))
    if size >= MOST_BYTES:
        rule = f"has {size:,} bytes; Google takes less than {MOST_BYTES:,} (VALUE_OUT_OF_BOUNDS)."
        yield Problem("body", rule)


def _name(
    field: str, name: str, longest_name: int, reserved: Collection[str], prefixes: tuple[str, ...] = ()
) -> Iterator[Problem]:
    if name in reserved or (prefixes and name.startswith(prefixes)):
        yield Problem(field, f"Google keeps the name “{name}” for itself: choose another (NAME_RESERVED).")
    elif not NAME.fullmatch(name):
        yield Problem(field, "A name has letters, digits and _, and begins with a letter (NAME_INVALID).")
    elif len(name) > longest_name:
        yield Problem(field, f"A name has {longest_name} characters at most; this one {len(name)} (NAME_INVALID).")


def _length(field: str, text: str, most: int) -> Iterator[Problem]:
    if len(text) > most:
        yield Problem(field, f"{most} characters at most, and there are {len(text)} (VALUE_OUT_OF_BOUNDS).")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
