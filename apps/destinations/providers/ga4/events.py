"""A message as an event of `/mp/collect`, and which messages may share a request. Pure.

Source: developers.google.com/analytics/devguides/collection/protocol/ga4/reference. A timestamp is given for a request
as a whole: where an event of several would have one of its own, Google's documents and what is seen of it differ.
"""

import json
import math
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from ...occurrences import ConsentReceipt, Message
from ..base import MatchQuality
from .limits import LONGEST_NAME, LONGEST_OF, LONGEST_VALUE, MOST_BYTES, MOST_EVENTS

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# A rule's field of this prefix is a user property: "user.plan" is `plan`.
PROPERTY = "user."
GRANTED, DENIED = "GRANTED", "DENIED"
# For events to count among a session's, Google wants some. The tag on the page measures how long people are engaged:
# to send that again with each conversion would count it twice.
ENGAGED_MS = 1
# What comes with the query, the client and the rest, around the events.
ROOM_BYTES = 2_000
NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_]+")


def body_make(messages: Sequence[Message], *, is_check: bool) -> bytes:
    """Return the body that tells messages which share a request. `is_check`: for Google's validation, at its strictest.

    In production Google advises against strictness: what it would refuse is refused here, by `problems`.
    """
    first = messages[0]
    body: dict[str, Any] = {
        "client_id": first.occurrence.match.ga_client_id,
        "timestamp_micros": micros(first.occurrence.occurred_at),
    }
    if properties := user_properties(first):
        body["user_properties"] = {name: {"value": value} for name, value in properties.items()}
    if consent := consent_of(first.occurrence.consent):
        body["consent"] = consent
    if is_check:
        body["validation_behavior"] = "ENFORCE_RECOMMENDATIONS"
    body["events"] = [event_of(message) for message in messages]
    return json.dumps(body).encode()


def event_of(message: Message) -> dict[str, Any]:
    return {"name": message.name, "params": params_of(message)}


def params_of(message: Message) -> dict[str, Any]:
    """Return an event's params: what is known of it, and in its place or beside it what the rule says."""
    happened = message.occurrence
    own: dict[str, Any] = {"engagement_time_msec": ENGAGED_MS}
    if happened.match.ga_session_id:
        own["session_id"] = happened.match.ga_session_id
    if message.value is not None:
        own["value"] = float(message.value)
        if message.currency:
            own["currency"] = message.currency
    if happened.transaction_id:
        own["transaction_id"] = happened.transaction_id
    if happened.items:
        own["items"] = [_item(item) for item in happened.items]
    own["page_location"] = happened.page_url[: LONGEST_OF["page_location"]]
    own["page_title"] = happened.page_title[: LONGEST_OF["page_title"]]
    said = {name: _plain(name, value) for name, value in message.params.items() if not name.startswith(PROPERTY)}
    return {name: value for name, value in {**own, **said}.items() if value != ""}


def user_properties(message: Message) -> dict[str, Any]:
    """Return what the rule says of the person: its fields that begin with "user."."""
    return {
        name.removeprefix(PROPERTY): _plain(name, value)
        for name, value in message.params.items()
        if name.startswith(PROPERTY)
    }


def consent_of(receipt: ConsentReceipt) -> dict[str, str]:
    """Return Google's two consents; none where nobody was asked and none is needed: Google then goes by the tag's.

    Marketing consent covers both. Who objects to sale and sharing by a signal of the browser (GPC) isn't personalised.
    """
    if receipt.state == "exempt":
        return {}
    is_granted = receipt.state == "granted"
    personal = is_granted and not receipt.gpc
    return {"ad_user_data": GRANTED if is_granted else DENIED, "ad_personalization": GRANTED if personal else DENIED}


def is_counted_once(message: Message) -> bool:
    """Return whether Google itself drops a second one: purchases with an order's number alone."""
    return message.name == "purchase" and bool(params_of(message).get("transaction_id"))


def batches_of(messages: Iterable[Message]) -> list[list[Message]]:
    """Return messages in requests: together those of one client, moment, consent and user properties, up to 25."""
    groups: dict[str, list[list[Message]]] = {}
    sizes: dict[str, int] = {}
    for message in messages:
        key = _shared(message)
        size = len(json.dumps(event_of(message))) + 2
        batches = groups.setdefault(key, [])
        is_full = batches and (len(batches[-1]) >= MOST_EVENTS or sizes[key] + size > MOST_BYTES)
        if not batches or is_full:
            batches.append([])
            sizes[key] = len(key) + ROOM_BYTES
        batches[-1].append(message)
        sizes[key] += size
    return [batch for batches in groups.values() for batch in batches]


def match_quality_of(message: Message) -> MatchQuality:
    match = message.occurrence.match
    keys = {"client_id": match.ga_client_id, "session_id": match.ga_session_id}
    return MatchQuality([name for name in keys if keys[name]], [name for name in keys if not keys[name]])


def name_make(text: str) -> str:
    """Return a name that Google takes for a goal's or event's own: "Demo request" is demo_request."""
    folded = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().strip()
    name = NOT_IN_NAMES.sub("_", folded).strip("_")
    name = name if text == name else name.lower()
    if not name:
        return "conversion"
    return (name if name[0].isalpha() else f"goal_{name}")[:LONGEST_NAME].rstrip("_")


def micros(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1)


def _shared(message: Message) -> str:
    happened = message.occurrence
    key = [
        happened.match.ga_client_id,
        micros(happened.occurred_at),
        consent_of(happened.consent),
        user_properties(message),
    ]
    return json.dumps(key, sort_keys=True)


def _item(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return an item in Google's names. Texts that only describe it are cut, what tells it from others never is."""
    found = {
        "item_id": item.get("sku"),
        "item_name": str(item.get("name") or "")[:LONGEST_VALUE],
        "item_category": str(item.get("category") or "")[:LONGEST_VALUE],
        "price": _number(item.get("price")),
        "quantity": _number(item.get("quantity")),
    }
    return {name: value for name, value in found.items() if value not in (None, "")}


def _number(value: Any) -> float | int | None:
    """Return a number, also of a text, as a price may be one; None for anything else."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    try:
        found = float(str(value))
    except ValueError:
        return None
    return found if math.isfinite(found) else None


def _plain(name: str, value: Any) -> Any:
    """Return a field's value as Google takes it: a text, a number, true or false; of items their list."""
    if isinstance(value, str | int | float | bool) or (name == "items" and isinstance(value, list)):
        return value
    return json.dumps(value, default=str, ensure_ascii=False)
