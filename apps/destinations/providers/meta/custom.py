"""`custom_data`: what an event was worth and what it was about. Pure.

Source: developers.facebook.com/documentation/ads-commerce/conversions-api, "Custom data parameters".
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from apps.core.currencies import CURRENCIES

from ...occurrences import Message
from ..base import Problem
from .names import PURCHASE

# Fields of a rule that aren't custom data but the event's own.
OF_EVENT = frozenset({"action_source", "event_id"})
NUMBERS = frozenset({"value", "predicted_ltv", "net_revenue"})
COUNTS = frozenset({"num_items"})


def custom_data_of(message: Message) -> dict[str, Any]:
    """Return the data: worth, order, products; what a rule adds stands above it. What can't be read is left out."""
    happened = message.occurrence
    found: dict[str, Any] = {}
    if message.value is not None:
        found["value"] = float(message.value)
        if message.currency:
            found["currency"] = message.currency
    if happened.transaction_id:
        found["order_id"] = happened.transaction_id
    if contents := _contents(happened.items):
        found |= {
            "contents": contents,
            "content_ids": [one["id"] for one in contents],
            "content_type": "product",
        }
        if all("quantity" in one for one in contents):
            found["num_items"] = sum(one["quantity"] for one in contents)
    added = {name: _typed(name, value) for name, value in message.params.items() if name not in OF_EVENT}
    return found | {name: value for name, value in added.items() if value is not None}


def custom_problems(message: Message) -> list[Problem]:
    data = custom_data_of(message)
    found = [
        Problem(f"custom_data.{name}", _rule(name))
        for name, value in message.params.items()
        if name not in OF_EVENT and _typed(name, value) is None
    ]
    if message.name == PURCHASE and ("value" not in data or "currency" not in data):
        missing = "value" if "value" not in data else "currency"
        rule = "Meta takes a Purchase with value and currency only: give it both in the rule’s mapping."
        found.append(Problem(f"custom_data.{missing}", rule))
    if "currency" in data and data["currency"] not in CURRENCIES:
        found.append(Problem("custom_data.currency", "Meta takes ISO 4217 codes in capitals, such as EUR."))
    return found


def _contents(items: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the products; those without an id of the catalogue's are none that Meta could tell apart."""
    return [_content(item) for item in items if item.get("sku")]


def _content(item: Mapping[str, Any]) -> dict[str, Any]:
    # One and a half metres of something are no number of pieces.
    told = {"quantity": _count(item.get("quantity", 1)), "item_price": _number(item.get("price"))}
    return {"id": str(item["sku"])} | {name: number for name, number in told.items() if number is not None}


def _typed(name: str, value: Any) -> Any:
    """Return a rule's field as its type at Meta; None where it can't be one."""
    if name in NUMBERS:
        return _number(value)
    if name in COUNTS:
        return _count(value)
    if name == "content_ids":
        ids = [one.strip() for one in value.split(",")] if isinstance(value, str) else [str(value)]
        return [one for one in ids if one] or None
    # A list of products has no form that a text could have.
    return None if name == "contents" else value


def _rule(name: str) -> str:
    if name == "contents":
        return "Meta takes a list of products here: they are taken from the event’s items by themselves."
    kind = (
        "a whole number" if name in COUNTS else "ids with commas between them" if name == "content_ids" else "a number"
    )
    return f"Meta takes {kind} here."


def _number(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return float(number) if number.is_finite() else None


def _count(value: Any) -> int | None:
    number = _number(value)
    return int(number) if number is not None and number.is_integer() and number >= 0 else None
