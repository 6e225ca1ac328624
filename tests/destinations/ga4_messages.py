"""Conversions for Google Analytics as delivering would hand them over."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from apps.demo.ga4_stand_in.server import GA4StandIn
from apps.destinations.occurrences import MatchKeys, Message
from apps.destinations.providers.base import Target
from apps.destinations.providers.ga4.provider import GA4
from tests.destinations.google_ads.messages import message

ANALYTICS = GA4()
CLIENT, SESSION = "1234567890.1700000000", "1795199000"
MATCH = MatchKeys(ga_client_id=CLIENT, ga_session_id=SESSION)
ITEMS = ({"sku": "K-1", "name": "Kestrel", "price": "19.90", "quantity": 2, "category": "Birds"},)


def target_of(url: str, stand_in: GA4StandIn, **settings: str) -> Target:
    stream = stand_in.stream
    return Target(
        destination_id=7,
        settings={"measurement_id": stream.measurement_id, "endpoint": "global", "property_kind": "standard"}
        | settings,
        secrets={"api_secret": stream.api_secret},
        base_url=url,
    )


def told(
    number: int = 1,
    name: str = "generate_lead",
    *,
    params: Mapping[str, Any] | None = None,
    value: Decimal | None = Decimal("49.9000"),
    currency: str = "EUR",
    **facts: Any,
) -> Message:
    """`facts`: of the occurrence; by default a lead of a visitor whom the tag knows, with consent, just now."""
    plain = message(number, value=value, currency=currency, **{"click_ids": {}, "match": MATCH} | facts)
    return replace(plain, name=name, params=params or {})


def order(number: int = 1, **given: Any) -> Message:
    return told(number, "purchase", **{"transaction_id": f"order-{number}", "items": ITEMS} | given)
