"""What the Data Manager API demands of `events:ingest`: one function a rule, each naming the contract's section.

Fail-fast (A): whatever is wrong with one event is wrong with the request. All that is found is told, up to a hundred.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from itertools import islice
from typing import Any

from apps.core.currencies import CURRENCIES

from .errors import Refused, Violation, invalid
from .world import Account

MOST_DESTINATIONS, MOST_EVENTS, MOST_IDENTIFIERS = 10, 2_000, 10
MOST_TOLD = 100
DIGITS = re.compile(r"[0-9]+")
HEX = re.compile(r"(?:[0-9a-fA-F]{2})+")
SHA256_DIGITS = 64
RFC3339 = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})")
SOURCES = frozenset({"WEB", "APP", "IN_STORE", "PHONE", "OTHER"})
CONSENTS = frozenset({"CONSENT_GRANTED", "CONSENT_DENIED"})
CLICK_IDS = ("gclid", "gbraid", "wbraid")
REQUEST_FIELDS = frozenset({"destinations", "events", "consent", "encoding", "encryptionInfo", "validateOnly"})
DESTINATION_FIELDS = frozenset(
    {"reference", "operatingAccount", "loginAccount", "linkedAccount", "productDestinationId"}
)
EVENT_FIELDS = frozenset(
    {
        "destinationReferences", "transactionId", "eventTimestamp", "lastUpdatedTimestamp", "userData", "consent",
        "adIdentifiers", "currency", "conversionValue", "eventSource", "eventDeviceInfo", "cartData",
        "customVariables", "userProperties",
    }
)  # fmt: skip
AD_FIELDS = frozenset({*CLICK_IDS, "sessionAttributes", "landingPageDeviceInfo"})

Found = Iterator[Violation]
EventRule = Callable[[str, Mapping[str, Any], Mapping[str, Any]], Found]


def request_check(body: Any, account: Account) -> None:
    """Raises Refused."""
    if not isinstance(body, dict):
        raise invalid("", "INVALID_ARGUMENT", "The body isn't a JSON object.")
    for rule in (known_fields, validate_only, encoding):
        _raise(rule(body))
    destinations(body, account)
    events = body.get("events")
    if not isinstance(events, list) or not events:
        raise invalid("events", "REQUIRED_FIELD_MISSING")
    if len(events) > MOST_EVENTS:
        raise invalid("events", "TOO_MANY_EVENTS", "A: events[], at most 2,000.")
    _raise(
        violation for index, event in enumerate(events) for violation in _event(f"events.events[{index}]", event, body)
    )
    enhanced_conversions(events, account)


def known_fields(body: Mapping[str, Any]) -> Found:
    """A, the table: JSON with a name that isn't in it is refused."""
    for name in body.keys() - REQUEST_FIELDS:
        yield Violation(name, "INVALID_ARGUMENT", "Unknown name.")


def validate_only(body: Mapping[str, Any]) -> Found:
    """A, the example: a boolean."""
    if not isinstance(body.get("validateOnly", False), bool):
        yield Violation("validate_only", "INVALID_FORMAT", "A boolean.")


def encoding(body: Mapping[str, Any]) -> Found:
    """A, `encoding`: HEX or BASE64, required with userData. Hashes of the stand-in are read in HEX alone."""
    given = body.get("encoding")
    events = body.get("events")
    has_user_data = any(
        isinstance(one, dict) and one.get("userData") for one in (events if isinstance(events, list) else [])
    )
    if given is None and has_user_data:
        yield Violation("encoding", "REQUIRED_FIELD_MISSING", "Required with userData.")
    if given not in (None, "HEX", "BASE64"):
        yield Violation("encoding", "INVALID_ENUM_VALUE", "HEX or BASE64.")


def destinations(body: Mapping[str, Any], account: Account) -> None:
    """A, `destinations[]`: 1 to 10, digits only; and the errors of accounts and conversion actions. Raises Refused."""
    found = body.get("destinations")
    if not isinstance(found, list) or not found:
        raise invalid("destinations", "REQUIRED_FIELD_MISSING")
    if len(found) > MOST_DESTINATIONS:
        raise invalid("destinations", "TOO_MANY_DESTINATIONS")
    for index, one in enumerate(found):
        at = f"destinations.destinations[{index}]"
        if not isinstance(one, dict) or one.keys() - DESTINATION_FIELDS:
            raise invalid(at, "INVALID_DESTINATION")
        _accounts(at, one, account)
        _action(at, one.get("productDestinationId"), account)


def _accounts(at: str, one: Mapping[str, Any], account: Account) -> None:
    for name, is_needed in (("operatingAccount", True), ("loginAccount", False)):
        given = one.get(name)
        if given is None and not is_needed:
            continue
        number = given.get("accountId") if isinstance(given, dict) else None
        if number is None:
            raise invalid(f"{at}.{name}", "REQUIRED_FIELD_MISSING")
        if not isinstance(number, str) or not DIGITS.fullmatch(number):
            raise invalid(f"{at}.{name}.account_id", "INVALID_NUMBER_FORMAT", "Digits only, no dashes.")
        if given is not None and given.get("accountType") != "GOOGLE_ADS":
            raise invalid(f"{at}.{name}.account_type", "INVALID_ENUM_VALUE")
    login = (one.get("loginAccount") or one["operatingAccount"])["accountId"]
    if one["operatingAccount"]["accountId"] != account.number or login != (account.manager or account.number):
        raise Refused(403, "PERMISSION_DENIED", "PERMISSION_DENIED")
    if not account.has_signed_terms:
        raise Refused(400, "FAILED_PRECONDITION", "TERMS_AND_CONDITIONS_NOT_SIGNED")


def _action(at: str, given: Any, account: Account) -> None:
    field = f"{at}.product_destination_id"
    if given is None:
        raise invalid(field, "REQUIRED_FIELD_MISSING")
    if not isinstance(given, str) or not DIGITS.fullmatch(given):
        raise invalid(field, "INVALID_NUMBER_FORMAT", "Digits only.")
    if given in account.other_actions:
        raise invalid(field, "INVALID_CONVERSION_ACTION_TYPE")
    if given not in account.actions:
        raise invalid(field, "INVALID_CONVERSION_ACTION_ID")


def enhanced_conversions(events: list[Any], account: Account) -> None:
    """A, "Errors": contact data only where enhanced conversions for leads are on. Raises Refused."""
    if not account.has_enhanced_leads and any(event.get("userData") for event in events):
        raise Refused(400, "INVALID_ARGUMENT", "DESTINATION_ACCOUNT_NOT_ENABLED_ENHANCED_CONVERSIONS_FOR_LEADS")


def event_fields(at: str, event: Mapping[str, Any], body: Mapping[str, Any]) -> Found:
    """A, the table: JSON with a name that isn't in it is refused."""
    for name in event.keys() - EVENT_FIELDS:
        yield Violation(f"{at}.{name}", "INVALID_ARGUMENT", "Unknown name.")


def event_timestamp(at: str, event: Mapping[str, Any], body: Mapping[str, Any]) -> Found:
    """A, `eventTimestamp`: RFC 3339, required."""
    given = event.get("eventTimestamp")
    if given is None:
        yield Violation(f"{at}.event_timestamp", "REQUIRED_FIELD_MISSING", "Required.")
    elif moment_of(given) is None:
        yield Violation(f"{at}.event_timestamp", "INVALID_FORMAT", "RFC 3339.")


def event_source(at: str, event: Mapping[str, Any], body: Mapping[str, Any]) -> Found:
    """A, `eventSource`: one of five, in practice required."""
    given = event.get("eventSource")
    if given is None:
        yield Violation(f"{at}.event_source", "REQUIRED_FIELD_MISSING", "Required for conversions.")
    elif given not in SOURCES:
        yield Violation(f"{at}.event_source", "INVALID_ENUM_VALUE", "WEB, APP, IN_STORE, PHONE or OTHER.")


def references(at: str, event: Mapping[str, Any], body: Mapping[str, Any]) -> Found:
    """A, the example: `destinationReferences` name destinations of the request."""
    known = {one.get("reference") for one in body["destinations"]}
    given = event.get("destinationReferences", [])
    if not isinstance(given, list) or not all(isinstance(one, str) and one in known for one in given):
        yield Violation(f"{at}.destination_references", "INVALID_DESTINATION", "No such reference.")


def transaction_id(at: str, event: Mapping[str, Any], body: Mapping[str, Any]) -> Found:
    """A, `transactionId`: a text, optional but for multi-source conversions."""
    if not isinstance(event.get("transactionId", ""), str):
        yield Violation(f"{at}.transaction_id", "INVALID_FORMAT", "A text.")


def identifiers(at: str, event: Mapping[str, Any], body: Mapping[str, Any]) -> Found:
    """A, "Errors": NO_IDENTIFIERS_PROVIDED; `adIdentifiers` are texts of known names."""
    ads = event.get("adIdentifiers", {})
    if not isinstance(ads, dict) or ads.keys() - AD_FIELDS:
        yield Violation(f"{at}.ad_identifiers", "INVALID_ARGUMENT", "Unknown name.")
        return
    if not all(isinstance(ads.get(name, ""), str) for name in CLICK_IDS):
        yield Violation(f"{at}.ad_identifiers", "INVALID_FORMAT", "Texts.")
    if not any(ads.get(name) for name in (*CLICK_IDS, "sessionAttributes")) and not event.get("userData"):
        yield Violation(at, "NO_IDENTIFIERS_PROVIDED", "Neither ad nor user identifiers.")


def user_data(at: str, event: Mapping[str, Any], body: Mapping[str, Any]) -> Found:
    """A, `userData.userIdentifiers[]`: at most 10, one kind each; "Identifier normalisation": SHA-256 in hex."""
    given = event.get("userData")
    if given is None:
        return
    at = f"{at}.user_data.user_identifiers"
    found = given.get("userIdentifiers") if isinstance(given, dict) else None
    if not isinstance(found, list) or not found:
        yield Violation(at, "REQUIRED_FIELD_MISSING", "At least one.")
        return
    if len(found) > MOST_IDENTIFIERS:
        yield Violation(at, "TOO_MANY_USER_IDENTIFIERS", "At most 10.")
    for index, one in enumerate(found):
        yield from _identifier(f"{at}[{index}]", one, is_hex=body.get("encoding") == "HEX")


def _identifier(at: str, one: Any, *, is_hex: bool) -> Found:
    if not isinstance(one, dict) or len(one) != 1 or one.keys() - {"emailAddress", "phoneNumber", "address"}:
        yield Violation(at, "INVALID_ARGUMENT", "One of emailAddress, phoneNumber, address.")
        return
    ((name, value),) = one.items()
    if name == "address" or not is_hex:
        return
    if not isinstance(value, str) or not HEX.fullmatch(value):
        yield Violation(f"{at}.{name}", "INVALID_HEX_ENCODING", "Not hexadecimal.")
    elif len(value) != SHA256_DIGITS:
        yield Violation(f"{at}.{name}", "INVALID_SHA256_FORMAT", "Not 32 bytes.")


def worth(at: str, event: Mapping[str, Any], body: Mapping[str, Any]) -> Found:
    """A, the example and "Errors": `conversionValue` a number, `currency` of ISO 4217."""
    value = event.get("conversionValue")
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        yield Violation(f"{at}.conversion_value", "INVALID_NUMBER_FORMAT", "A number.")
    currency = event.get("currency")
    if currency is not None and currency not in CURRENCIES:
        yield Violation(f"{at}.currency", "INVALID_CURRENCY_CODE", "ISO 4217.")


def consent(at: str, event: Mapping[str, Any], body: Mapping[str, Any]) -> Found:
    """A, `consent`: of the request or the event, granted or denied."""
    for where, given in ((f"{at}.consent", event.get("consent")), ("consent", body.get("consent"))):
        if given is None:
            continue
        if not isinstance(given, dict) or given.keys() - {"adUserData", "adPersonalization"}:
            yield Violation(where, "INVALID_ARGUMENT", "Unknown name.")
        elif not all(isinstance(one, str) and one in CONSENTS for one in given.values()):
            yield Violation(where, "INVALID_ENUM_VALUE", "CONSENT_GRANTED or CONSENT_DENIED.")


def custom_variables(at: str, event: Mapping[str, Any], body: Mapping[str, Any]) -> Found:
    """A, `customVariables`: pairs of texts."""
    given = event.get("customVariables", [])
    is_list = isinstance(given, list) and all(isinstance(one, dict) for one in given)
    if not is_list or not all(
        isinstance(one.get("variable"), str) and isinstance(one.get("value"), str) for one in given
    ):
        yield Violation(f"{at}.custom_variables", "INVALID_FORMAT", "Pairs of variable and value, both texts.")


EVENT_RULES: tuple[EventRule, ...] = (
    event_fields, event_timestamp, event_source, references, transaction_id, identifiers, user_data, worth, consent,
    custom_variables,
)  # fmt: skip


def moment_of(given: Any) -> datetime | None:
    """Return an RFC 3339 text's moment, None for anything else."""
    if not isinstance(given, str) or not RFC3339.fullmatch(given):
        return None
    try:
        return datetime.fromisoformat(given.replace("Z", "+00:00"))
    except ValueError:
        return None


def _event(at: str, event: Any, body: Mapping[str, Any]) -> list[Violation]:
    if not isinstance(event, dict):
        return [Violation(at, "INVALID_EVENT", "Not an object.")]
    return [violation for rule in EVENT_RULES for violation in rule(at, event, body)]


def _raise(found: Found) -> None:
    violations = list(islice(found, MOST_TOLD))
    if violations:
        raise Refused(400, "INVALID_ARGUMENT", violations[0].reason, violations)
