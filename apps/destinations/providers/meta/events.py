"""A message as an event of the Conversions API, and what Meta would refuse of it. Pure but for the clock.

Source: developers.facebook.com/documentation/ads-commerce/conversions-api, "Server event parameters", "Main body
parameters", "Using the API", "Deduplicate pixel and server events".
"""

import hashlib
import hmac
import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from apps.core import clock

from ...click_ids import url_without_click_ids
from ...occurrences import Message
from ..base import Problem, Target
from .custom import custom_data_of, custom_problems
from .identity import hash_problems, user_data_of
from .processing import OFF, processing_of

OLDEST = timedelta(days=7)
# One that turns too old on its way has the whole request refused.
ON_ITS_WAY = timedelta(minutes=10)
# For how long Meta drops a second event of the same name and id.
DEDUPLICATED = timedelta(hours=48)
WEBSITE, OTHER = "website", "other"
ACTION_SOURCES = (
    WEBSITE, "app", "email", "phone_call", "chat", "physical_store", "system_generated", "business_messaging", OTHER,
)  # fmt: skip
ALONE = "alone"


def body_make(target: Target, messages: Sequence[Message], *, is_test: bool) -> bytes:
    token = target.secrets.get("access_token", "")
    body: dict[str, Any] = {
        "data": [event_of(message, target) for message in messages],
        # In the body: addresses lie about in logs.
        "access_token": token,
    }
    if app_secret := target.secrets.get("app_secret"):
        body["appsecret_proof"] = hmac.new(app_secret.encode(), token.encode(), hashlib.sha256).hexdigest()
    if is_test and (code := target.settings.get("test_event_code")):
        body["test_event_code"] = code
    return json.dumps(body, default=str).encode()


def event_of(message: Message, target: Target) -> dict[str, Any]:
    happened = message.occurrence
    event: dict[str, Any] = {
        "event_name": message.name,
        "event_time": int(happened.occurred_at.timestamp()),
        "event_id": event_id(message),
        "action_source": action_source(message),
    }
    if happened.page_url:
        # Meta's own goes as `fbc`, and the others' are none of its business.
        event["event_source_url"] = url_without_click_ids(happened.page_url)
    event["user_data"] = user_data_of(message)
    if custom := custom_data_of(message):
        event["custom_data"] = custom
    if happened.consent.gpc:
        # They agreed, but object to sale and sharing by the browser's signal: counted, and not used for delivering ads.
        event["opt_out"] = True
    return event | processing_of(happened, target.settings.get("data_processing", OFF))


def event_id(message: Message) -> str:
    """Return what Meta counts once, with the event's name."""
    return shared_id(message) or message.dedup_id


def shared_id(message: Message) -> str:
    """Return the id by which the site's pixel may tell of the same event; empty: only Beacon knows its id.

    The rule's (a prop that the page gives its pixel as well), the site's own id of the event, or the order's number,
    which pixels are commonly given; of the two the one that it was sent with before.
    """
    happened = message.occurrence
    if said := message.params.get("event_id"):
        return str(said)
    if message.counted_by:
        return "" if message.counted_by == str(happened.event_id) else message.counted_by
    return happened.match.event_id or happened.transaction_id


def action_source(message: Message) -> str:
    """Return where it happened: as the rule says, else on the website where a page is known, else we can't say."""
    said = message.params.get("action_source")
    return str(said) if said else WEBSITE if message.occurrence.page_url else OTHER


def repeats_safely(message: Message) -> bool:
    """Return whether Meta still drops a second one: whenever the first was sent, it was after it had happened."""
    return clock.now() < message.occurrence.occurred_at + DEDUPLICATED


def problems_of(target: Target, message: Message) -> list[Problem]:
    found = [_name(message), *_ages(target, message), _source(message), _test(target, message)]
    found += [*hash_problems(message), *custom_problems(message)]
    return [problem for problem in found if problem is not None]


def _name(message: Message) -> Problem | None:
    if message.name.strip():
        return None
    return Problem("event_name", "Meta takes no event without a name: give it one in the rule’s mapping.")


def _ages(target: Target, message: Message) -> list[Problem]:
    happened = message.occurrence
    age = clock.now() - happened.occurred_at
    if age > OLDEST - ON_ITS_WAY:
        return [
            Problem("event_time", "Meta takes nothing that is older than 7 days, and no event sent with it either.")
        ]
    # By an id that the site knows its pixel may have sent it long ago; by Beacon's own it can't have.
    is_twin = bool(shared_id(message)) and target.settings.get("pixel") != ALONE
    if is_twin and age > DEDUPLICATED:
        rule = (
            "Meta counts an event of the site’s pixel and one of ours once only within 48 hours, and this is older: it "
            "would count twice. Where no pixel sends these events, say so in the destination’s settings."
        )
        return [Problem("event_time", rule)]
    return []


def _source(message: Message) -> Problem | None:
    source = action_source(message)
    if source not in ACTION_SOURCES:
        return Problem("action_source", f"Meta knows {', '.join(ACTION_SOURCES)}; nothing else.")
    if source == WEBSITE and not message.occurrence.page_url:
        rule = "Meta takes what happens on a website only with the page’s address, and none was told with this event."
        return Problem("event_source_url", rule)
    return None


def _test(target: Target, message: Message) -> Problem | None:
    if not (target.is_test_mode or message.is_test) or target.settings.get("test_event_code"):
        return None
    rule = (
        "Without a test event code Meta would take a test for a real event. Copy the code from Events Manager, Test "
        "events, to the destination’s settings."
    )
    return Problem("test_event_code", rule)
