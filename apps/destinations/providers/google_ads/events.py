"""A message as an event of `events:ingest`, and what Google would refuse of it. Pure.

Source: developers.google.com/data-manager/api/reference/rest/v1/events/ingest and .../devguides/concepts/formatting.
"""

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from apps.core.currencies import CURRENCIES

from ...occurrences import ConsentReceipt, Message
from ..base import MatchQuality, Problem, Target

REFERENCE = "conversion"  # of the one destination in a request, by which its events name it
CLICK_IDS = ("gclid", "gbraid", "wbraid")
SHA256_HEX = re.compile(r"[0-9a-f]{64}")
DIGITS = re.compile(r"[0-9]{1,20}")
MOST_IDENTIFIERS = 10
GRANTED, DENIED = "CONSENT_GRANTED", "CONSENT_DENIED"


def body_make(target: Target, messages: Sequence[Message], *, validate_only: bool) -> bytes:
    body = {
        "destinations": [_destination(target)],
        "events": [event_of(message) for message in messages],
        "encoding": "HEX",
        "validateOnly": validate_only,
    }
    return json.dumps(body).encode()


def event_of(message: Message) -> dict[str, Any]:
    event: dict[str, Any] = {
        "destinationReferences": [REFERENCE],
        "transactionId": transaction_id(message),
        "eventTimestamp": _rfc3339(message.occurrence.occurred_at),
        "eventSource": "WEB",
    }
    if click := click_id(message):
        event["adIdentifiers"] = dict([click])
    if identifiers := user_identifiers(message):
        event["userData"] = {"userIdentifiers": identifiers[:MOST_IDENTIFIERS]}
    if message.value is not None:
        event["conversionValue"] = float(message.value)
        if message.currency:
            event["currency"] = message.currency
    if consent := _consent(message.occurrence.consent):
        event["consent"] = consent
    if message.params:
        # Names that the account doesn't know are ignored there.
        event["customVariables"] = [{"variable": name, "value": _text(value)} for name, value in message.params.items()]
    return event


def transaction_id(message: Message) -> str:
    """Return what Google counts by once per conversion action.

    What it was sent with before; else the site's own order or event id where there is one, as its tag sends the same;
    else the event's. Not the delivery's key: a second destination for the same conversion action would count everything
    once more.
    """
    return message.counted_by or message.occurrence.transaction_id or message.dedup_id


def click_id(message: Message) -> tuple[str, str] | None:
    """Return the one click id that is sent, with its name.

    One alone: an event is of one click, and a conversion action that counts one per click refuses events with a braid.
    """
    found = message.occurrence.click_ids
    return next(((name, found[name]) for name in CLICK_IDS if found.get(name)), None)


def user_identifiers(message: Message) -> list[dict[str, str]]:
    match = message.occurrence.match
    pairs = (("emailAddress", match.email_google_sha256), ("phoneNumber", match.phone_google_sha256))
    return [{name: value} for name, value in pairs if value]


def match_quality_of(message: Message) -> MatchQuality:
    match = message.occurrence.match
    click = click_id(message)
    contact = {"email": match.email_google_sha256, "phone": match.phone_google_sha256}
    present = [click[0]] if click else []
    present += [name for name, value in contact.items() if value]
    # A click has one of the three ids: with one there, nothing of it is missing.
    missing = [] if click else list(CLICK_IDS)
    return MatchQuality(present, missing + [name for name, value in contact.items() if not value])


def unmatchable_words(message: Message) -> str:
    """Return why Google could recognise nobody; it refuses such an event (NO_IDENTIFIERS_PROVIDED)."""
    if click_id(message) or user_identifiers(message):
        return ""
    return (
        "Google Ads needs a click id (gclid, gbraid or wbraid) or a hashed e-mail address or phone number. This "
        "visit has neither: it didn’t come from a click on an ad of yours, and gave no contact data with marketing "
        "consent."
    )


def problems_of(message: Message) -> list[Problem]:
    found = [_transaction(message), _currency(message), *_hashes(message)]
    return [problem for problem in found if problem is not None]


def _transaction(message: Message) -> Problem | None:
    if "@" not in transaction_id(message):
        return None
    rule = "Google takes no personal data as the order id, and this one looks like an e-mail address."
    return Problem("transactionId", rule)


def _currency(message: Message) -> Problem | None:
    if message.value is None or not message.currency or message.currency in CURRENCIES:
        return None
    return Problem("currency", "Google takes ISO 4217 codes in capitals, such as EUR (INVALID_CURRENCY_CODE).")


def _hashes(message: Message) -> list[Problem]:
    rule = "Google takes contact data as SHA-256 in 64 hexadecimal digits only (INVALID_SHA256_FORMAT)."
    return [
        Problem(f"userData.userIdentifiers[{index}].{name}", rule)
        for index, identifier in enumerate(user_identifiers(message))
        for name, value in identifier.items()
        if not SHA256_HEX.fullmatch(value)
    ]


def _destination(target: Target) -> dict[str, Any]:
    settings = target.settings
    found: dict[str, Any] = {
        "reference": REFERENCE,
        "operatingAccount": _account(settings.get("operating_account", "")),
        "productDestinationId": settings.get("conversion_action_id", ""),
    }
    if login := settings.get("login_account"):
        found["loginAccount"] = _account(login)
    return found


def _account(number: str) -> dict[str, str]:
    return {"accountType": "GOOGLE_ADS", "accountId": number.replace("-", "")}


def _consent(receipt: ConsentReceipt) -> dict[str, str]:
    """Return Google's two consents; none where nobody was asked and none is needed: it isn't ours to say "granted".

    Marketing consent covers both. Who objects to sale and sharing by a signal of the browser (GPC) isn't personalised.
    """
    if receipt.state == "exempt":
        return {}
    is_granted = receipt.state == "granted"
    personal = is_granted and not receipt.gpc
    return {"adUserData": GRANTED if is_granted else DENIED, "adPersonalization": GRANTED if personal else DENIED}


def _rfc3339(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)
