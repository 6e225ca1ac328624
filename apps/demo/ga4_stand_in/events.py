"""What the Measurement Protocol demands of an event: one function a rule, each naming the contract's section."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from apps.core.currencies import CURRENCIES

from .violations import Found, Violation, invalid, is_number, is_whole, name_check, required, text_check, too_many
from .world import EVENTS, OF_APPS, PARAM_PREFIXES, PARAMS, Stream

MOST_PARAMS = 25
LONGEST_NAME = 40
LONGEST, LONGEST_360 = 100, 500
LONGEST_OF = {"page_title": 300, "page_referrer": 420, "page_location": 1000}
WORTH = ("currency", "value")
# Contract, "Events worth mapping": what is marked with *.
REQUIRED = {
    "generate_lead": WORTH,
    "qualify_lead": WORTH,
    "close_convert_lead": WORTH,
    "working_lead": WORTH,
    "disqualify_lead": WORTH,
    "close_unconvert_lead": WORTH,
    "purchase": ("transaction_id", *WORTH, "items"),
    "refund": ("transaction_id", *WORTH),
    "begin_checkout": (*WORTH, "items"),
    "add_to_cart": (*WORTH, "items"),
    "view_item": (*WORTH, "items"),
    "search": ("search_term",),
}
Params = Mapping[str, Any]
Rule = Callable[[str, str, Params, Stream], Found]


def event_check(index: int, event: Any, stream: Stream) -> list[Violation]:
    """Return all that is wrong with an event."""
    at = f"events[{index}]"
    return [replace(violation, event=index) for violation in _check(at, event, stream)]


def _check(at: str, event: Any, stream: Stream) -> Found:
    params = event.get("params", {}) if isinstance(event, dict) else None
    if not isinstance(event, dict) or event.keys() - {"name", "params"} or not isinstance(params, dict):
        yield invalid(at, f"[{at}] is a name and params.")
        return
    yield from event_name(at, event.get("name"))
    for rule in RULES:
        yield from rule(f"{at}.params", str(event.get("name")), params, stream)


def event_name(at: str, name: Any) -> Found:
    """Contract, "Limits" and "Reserved names": of events; those of app streams are none of a web stream's."""
    yield from name_check(f"{at}.name", name, most=LONGEST_NAME, reserved=EVENTS | OF_APPS)


def number_of_params(at: str, name: str, params: Params, stream: Stream) -> Found:
    """Contract, "Limits": 25 params per event."""
    if len(params) > MOST_PARAMS:
        yield too_many(at, MOST_PARAMS)


def param_names(at: str, name: str, params: Params, stream: Stream) -> Found:
    """Contract, "Limits" and "Reserved names": of params."""
    for param in params:
        path = f"{at}.{param}"
        yield from name_check(path, param, most=LONGEST_NAME, reserved=PARAMS, prefixes=PARAM_PREFIXES)


def param_values(at: str, name: str, params: Params, stream: Stream) -> Found:
    """Contract, "Limits": 100 characters, 500 in GA360, page fields their own; of items alone a list."""
    for param, value in params.items():
        if param != "items":
            yield from _value(f"{at}.{param}", param, value, stream)


def session(at: str, name: str, params: Params, stream: Stream) -> Found:
    """Contract, "Sessions and timing": `session_id` a positive number, as number or text; engaged time a number."""
    for param in ("session_id", "engagement_time_msec"):
        if param in params and not is_whole(params[param]):
            yield invalid(f"{at}.{param}", f"[{param}] is a positive number.")


def worth(at: str, name: str, params: Params, stream: Stream) -> Found:
    """Contract, "Events worth mapping": value and currency together, the currency an upper-case ISO 4217 code."""
    if "value" in params and not is_number(params["value"]):
        yield invalid(f"{at}.value", "[value] is a number.")
    if "currency" in params and str(params["currency"]) not in CURRENCIES:
        yield invalid(f"{at}.currency", "[currency] is a code of ISO 4217.")
    for one, other in (("value", "currency"), ("currency", "value")):
        if one in params and other not in params and other not in REQUIRED.get(name, ()):
            yield required(f"{at}.{other}")


def required_params(at: str, name: str, params: Params, stream: Stream) -> Found:
    """Contract, "Events worth mapping": the params with *."""
    for param in REQUIRED.get(name, ()):
        if params.get(param) in (None, "", []):
            yield required(f"{at}.{param}")


def items(at: str, name: str, params: Params, stream: Stream) -> Found:
    """Contract, "Events worth mapping": each item needs `item_id` or `item_name`."""
    given = params.get("items", [])
    if not isinstance(given, list):
        yield invalid(f"{at}.items", "[items] is a list.")
        return
    for index, item in enumerate(given):
        path = f"{at}.items[{index}]"
        if not isinstance(item, dict):
            yield invalid(path, "An item is an object.")
            continue
        if not item.get("item_id") and not item.get("item_name"):
            yield required(f"{path}.item_id")
        for param in ("price", "quantity"):
            if param in item and not is_number(item[param]):
                yield invalid(f"{path}.{param}", f"[{param}] is a number.")
        for param, value in item.items():
            yield from _value(f"{path}.{param}", param, value, stream)


RULES: tuple[Rule, ...] = (
    number_of_params, param_names, param_values, session, worth, required_params, items,
)  # fmt: skip


def _value(path: str, param: str, value: Any, stream: Stream) -> Found:
    if isinstance(value, str):
        most = max(LONGEST_OF.get(param, 0), LONGEST_360 if stream.is_360 else LONGEST)
        yield from text_check(path, value, most)
    elif not isinstance(value, int | float | bool):
        yield invalid(path, f"[{path}] is a text or a number.")
