"""What the Conversions API demands of `custom_data`: types, and what a purchase needs."""

from collections.abc import Callable, Mapping
from typing import Any

from apps.core.currencies import CURRENCIES

from .errors import wrong

TEXTS = ("currency", "content_name", "content_category", "content_type", "order_id", "search_string", "status")
NUMBERS = ("value", "predicted_ltv", "net_revenue")
CONTENT_FIELDS = frozenset({"id", "quantity", "item_price", "delivery_category"})

CustomRule = Callable[[str, Mapping[str, Any], str], None]


def texts(at: str, data: Mapping[str, Any], name: str) -> None:
    """Request body, `custom_data`: names, categories, order and search are texts."""
    for field in TEXTS:
        if not isinstance(data.get(field, ""), str):
            raise wrong(f"{at}['{field}']", "is a text.")


def numbers(at: str, data: Mapping[str, Any], name: str) -> None:
    """Request body, `custom_data`: worths are numbers, `num_items` a whole one."""
    for field in NUMBERS:
        if not _is_number(data.get(field, 0)):
            raise wrong(f"{at}['{field}']", "is a number.")
    if not _is_count(data.get("num_items", 0)):
        raise wrong(f"{at}['num_items']", "is a whole number.")


def currency(at: str, data: Mapping[str, Any], name: str) -> None:
    """Request body, `custom_data.currency`: ISO 4217, as in the example."""
    if "currency" in data and data["currency"] not in CURRENCIES:
        raise wrong(f"{at}['currency']", "is a code of ISO 4217.")


def products(at: str, data: Mapping[str, Any], name: str) -> None:
    """Request body, `custom_data`: `content_ids[]` and `contents[{id,quantity,item_price,delivery_category}]`."""
    ids = data.get("content_ids", [])
    if not isinstance(ids, list) or not all(isinstance(one, str) for one in ids):
        raise wrong(f"{at}['content_ids']", "is a list of texts.")
    contents = data.get("contents", [])
    if not isinstance(contents, list) or not all(_is_content(one) for one in contents):
        raise wrong(f"{at}['contents']", "is a list of products with id, quantity and item_price.")


def purchase(at: str, data: Mapping[str, Any], name: str) -> None:
    """Standard events: Purchase needs `currency` and `value`."""
    for field in ("currency", "value"):
        if name == "Purchase" and data.get(field) is None:
            raise wrong(f"{at}['{field}']", "is required for a purchase.")


CUSTOM_RULES: tuple[CustomRule, ...] = (texts, numbers, currency, products, purchase)


def _is_content(one: Any) -> bool:
    return (
        isinstance(one, dict)
        and not one.keys() - CONTENT_FIELDS
        and isinstance(one.get("id"), str)
        and _is_count(one.get("quantity", 1))
        and _is_number(one.get("item_price", 0))
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
