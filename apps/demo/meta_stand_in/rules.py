"""What the Conversions API demands of a request and of each event: one function a rule, each naming its section.

All or nothing ("Request body"): the first thing found wrong with one event has the whole request refused.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from .custom_rules import CUSTOM_RULES
from .errors import TOO_OLD, Refused, wrong
from .person_rules import PERSON_RULES
from .world import Dataset

MOST_EVENTS = 1_000
A_DAY = 86_400
OLDEST_DAYS, OLDEST_STORE_DAYS = 7, 62
SECONDS_DIGITS = 10
EVENT_FIELDS = frozenset(
    {
        "event_name", "event_time", "event_id", "action_source", "event_source_url", "user_data", "custom_data",
        "referrer_url", "opt_out", "data_processing_options", "data_processing_options_country",
        "data_processing_options_state", "original_event_data", "customer_segmentation",
    }
)  # fmt: skip
ACTION_SOURCES = frozenset(
    {
        "website", "app", "email", "phone_call", "chat", "physical_store", "system_generated", "business_messaging",
        "other",
    }
)  # fmt: skip
COUNTRIES = frozenset({0, 1})
# California is the contract's; up to Rhode Island by Meta's own list.
STATES = frozenset({0, *range(1000, 1014)})
TEST_CODE = re.compile(r"[\w-]{1,100}", re.ASCII)

EventRule = Callable[[str, Mapping[str, Any], Dataset, float], None]


def request_check(body: Mapping[str, Any], dataset: Dataset, now: float) -> list[dict[str, Any]]:
    """Return the events. Raises Refused."""
    events = body.get("data")
    if not isinstance(events, list) or not events:
        raise wrong("", "is required, a list of events.")
    if len(events) > MOST_EVENTS:
        raise wrong("", "has 1000 events at most.")
    beside(body)
    for index, event in enumerate(events):
        at = f"[{index}]"
        if not isinstance(event, dict):
            raise wrong(at, "is an object.")
        for rule in EVENT_RULES:
            rule(at, event, dataset, now)
    return events


def beside(body: Mapping[str, Any]) -> None:
    """Request body, top level: `test_event_code` and `partner_agent` are texts."""
    for name in ("test_event_code", "partner_agent"):
        given = body.get(name)
        if given is not None and not (isinstance(given, str) and given):
            raise Refused(100, words=f"{name} is a text.")
    if (code := body.get("test_event_code")) is not None and not TEST_CODE.fullmatch(code):
        raise Refused(100, words="test_event_code looks like TEST12345.")


def known_fields(at: str, event: Mapping[str, Any], dataset: Dataset, now: float) -> None:
    """Request body, the table: an event has these fields."""
    if unknown := sorted(event.keys() - EVENT_FIELDS):
        raise wrong(f"{at}['{unknown[0]}']", "isn't a field of an event.")


def event_name(at: str, event: Mapping[str, Any], dataset: Dataset, now: float) -> None:
    """Request body, `event_name`: required, a text."""
    if not isinstance(event.get("event_name"), str) or not event["event_name"].strip():
        raise wrong(f"{at}['event_name']", "is required.")


def event_time(at: str, event: Mapping[str, Any], dataset: Dataset, now: float) -> None:
    """Request body, `event_time`: required, Unix seconds, at most 7 days old, of a `physical_store` 62.

    Whether the future is refused is unconfirmed: it isn't, here.
    """
    given = event.get("event_time")
    if isinstance(given, bool) or not isinstance(given, int):
        raise wrong(f"{at}['event_time']", "is required, an integer.")
    if len(str(abs(given))) > SECONDS_DIGITS:
        raise wrong(f"{at}['event_time']", "is in seconds.")
    days = OLDEST_STORE_DAYS if event.get("action_source") == "physical_store" else OLDEST_DAYS
    if given < now - days * A_DAY:
        title = "Event Timestamp Too Old"
        raise wrong(f"{at}['event_time']", f"is older than {days} days.", subcode=TOO_OLD, title=title)


def event_id(at: str, event: Mapping[str, Any], dataset: Dataset, now: float) -> None:
    """Request body, `event_id`: optional, a text."""
    if not isinstance(event.get("event_id", ""), str):
        raise wrong(f"{at}['event_id']", "is a text.")


def action_source(at: str, event: Mapping[str, Any], dataset: Dataset, now: float) -> None:
    """Request body, `action_source`: required, one of nine."""
    given = event.get("action_source")
    if not isinstance(given, str) or given not in ACTION_SOURCES:
        raise wrong(f"{at}['action_source']", "is required, one of website, app, email and others.")


def event_source_url(at: str, event: Mapping[str, Any], dataset: Dataset, now: float) -> None:
    """Request body, `event_source_url`: required for website events, on a verified domain."""
    given = event.get("event_source_url")
    if given is None and event["action_source"] != "website":
        return
    parts = urlsplit(given) if isinstance(given, str) else None
    host = (parts.hostname or "") if parts else ""
    if parts is None or parts.scheme not in ("http", "https") or not host:
        raise wrong(f"{at}['event_source_url']", "is required for website events, a URL.")
    if dataset.domains and not any(host == one or host.endswith(f".{one}") for one in dataset.domains):
        raise wrong(f"{at}['event_source_url']", "isn't on a verified domain.")


def opt_out(at: str, event: Mapping[str, Any], dataset: Dataset, now: float) -> None:
    """Request body, `opt_out`: a boolean."""
    if not isinstance(event.get("opt_out", False), bool):
        raise wrong(f"{at}['opt_out']", "is a boolean.")


def data_processing(at: str, event: Mapping[str, Any], dataset: Dataset, now: float) -> None:
    """Request body, `data_processing_options`: a country needs a state, and so has LDU where no IP is sent."""
    options = event.get("data_processing_options", [])
    country, state = (event.get(f"data_processing_options_{name}") for name in ("country", "state"))
    if options not in ([], ["LDU"]):
        raise wrong(f"{at}['data_processing_options']", "is empty or LDU.")
    for name, given, allowed in (("country", country, COUNTRIES), ("state", state, STATES)):
        if given is not None and (isinstance(given, bool) or not isinstance(given, int) or given not in allowed):
            raise wrong(f"{at}['data_processing_options_{name}']", "isn't a known code.")
    if country is not None and state is None:
        raise wrong(f"{at}['data_processing_options_state']", "is required with a country.")
    if options and not state and not event["user_data"].get("client_ip_address"):
        raise wrong(f"{at}['data_processing_options_state']", "is required where no IP address is sent.")


def _person(at: str, event: Mapping[str, Any], dataset: Dataset, now: float) -> None:
    given = event.get("user_data")
    if not isinstance(given, dict):
        raise wrong(f"{at}['user_data']", "is required, an object.")
    for rule in PERSON_RULES:
        rule(f"{at}['user_data']", given, event["action_source"] == "website")


def _custom(at: str, event: Mapping[str, Any], dataset: Dataset, now: float) -> None:
    given = event.get("custom_data", {})
    if not isinstance(given, dict):
        raise wrong(f"{at}['custom_data']", "is an object.")
    for rule in CUSTOM_RULES:
        rule(f"{at}['custom_data']", given, event["event_name"])


# A later one may lean on what the earlier ones have found right.
EVENT_RULES: tuple[EventRule, ...] = (
    known_fields, event_name, event_time, event_id, action_source, event_source_url, _person, _custom, opt_out,
    data_processing,
)  # fmt: skip
