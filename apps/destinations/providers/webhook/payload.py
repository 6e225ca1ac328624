"""The body of a webhook: a message in JSON. Pure.

Within a version fields are added, and none is renamed, taken away or given another meaning. docs/webhooks.md shows it
whole. Source: Standard Webhooks, "Payload": `type`, `timestamp` of what happened, `data`; other things beside them.
"""

import json
from datetime import UTC, datetime
from typing import Any

from ...consent import receipt_kept
from ...occurrences import CompanyFacts, Message

VERSION = 1
# "Usually smaller than 20kb", says the standard.
MOST_BYTES = 20_000
# What is left out of a longer one, in this order: what a site may send most of.
MAY_LACK = ("items", "props", "fields")
CONVERSION, EVENT = "conversion.created", "event.created"


def body_make(message: Message, *, is_test: bool) -> bytes:
    """Return the body. Of one that would be too long `left_out` names what isn't in it."""
    data = _data(message, is_test=is_test)
    for name in MAY_LACK:
        body = _body(message, data)
        if len(body) <= MOST_BYTES:
            return body
        if data[name]:
            data = {**data, name: type(data[name])(), "left_out": [*data["left_out"], name]}
    return _body(message, data)


def _body(message: Message, data: dict[str, Any]) -> bytes:
    happened = message.occurrence
    payload = {
        "type": CONVERSION if happened.goal_name else EVENT,
        "version": VERSION,
        "timestamp": _moment(happened.occurred_at),
        "data": data,
    }
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":"), default=str).encode()


def _data(message: Message, *, is_test: bool) -> dict[str, Any]:
    happened = message.occurrence
    return {
        "event": message.name,
        "event_id": str(happened.event_id),
        "goal": happened.goal_name,
        "source_event": happened.event_name or happened.kind,
        "occurred_at": _moment(happened.occurred_at),
        "value": None if message.value is None else float(message.value),
        "currency": message.currency,
        "transaction_id": happened.transaction_id,
        "page": {"url": happened.page_url, "path": happened.page_path, "title": happened.page_title},
        "visit": {
            "id": str(happened.session_id),
            "source": happened.source,
            "medium": happened.medium,
            "campaign": happened.campaign,
            "referrer": happened.referrer,
            "country": happened.country,
            "device": happened.device,
        },
        "company": _company(happened.company) if happened.company else None,
        "props": dict(happened.props),
        "items": [dict(item) for item in happened.items],
        "fields": dict(message.params),
        "left_out": [],
        "consent": receipt_kept(happened.consent),
        "is_test": is_test or message.is_test,
    }


def _company(company: CompanyFacts) -> dict[str, Any]:
    return {
        "name": company.name,
        "domain": company.domain,
        "kind": company.kind,
        "score": company.score,
        "temperature": company.temperature,
    }


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
