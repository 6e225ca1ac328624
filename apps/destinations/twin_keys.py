"""Which of what Beacon may know each provider recognises people by, and the event: asked of it, by made-up messages.

So what is kept and shown of a delivery's keys names what goes along, and nothing that is only known.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from types import MappingProxyType
from typing import Any
from uuid import UUID

from .occurrences import ConsentReceipt, MatchKeys, Message, Occurrence
from .providers.base import Provider

# A value of each, in the shape that providers look at.
MATCH: Mapping[str, str] = {
    "ga_client_id": "1234567890.1700000000",
    "ga_session_id": "1700000000",
    "fbp": "fb.1.1700000000000.123456789",
    "fbc": "fb.1.1700000000000.IwAR0examplexample",
    "user_agent": "Mozilla/5.0",
    "email_sha256": "0" * 64,
    "email_google_sha256": "0" * 64,
    "phone_sha256": "0" * 64,
    "phone_google_sha256": "0" * 64,
}
CLICK_IDS = ("gclid", "gbraid", "wbraid", "fbclid", "msclkid", "ttclid", "li_fat_id", "twclid")
CLICK = "Ex4mple_click-id0123456789"
# The site's own ids of the event.
EVENT, ORDER = "event_id", "transaction_id"
_MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
_NOTHING = Occurrence(
    event_id=UUID(int=1),
    session_id=UUID(int=2),
    kind="event",
    event_name="example",
    goal_name="",
    occurred_at=_MOMENT,
    value=None,
    currency="",
    event_value=None,
    event_currency="",
    transaction_id="",
    items=(),
    props={},
    page_url="https://shop.example/",
    page_path="/",
    page_title="",
    referrer="",
    session_started_at=_MOMENT,
    engaged_ms=0,
    country="",
    region="",
    city="",
    device="",
    browser="",
    browser_version="",
    system="",
    system_version="",
    brand="",
    model="",
    language="",
    screen="",
    source="",
    medium="",
    campaign="",
    click_ids={},
    consent=ConsentReceipt("granted"),
)


@cache
def keys_of(provider: Provider) -> Mapping[str, frozenset[str]]:
    """Return what a provider recognises people by, in its own words, each with which of our keys bring it."""
    found: dict[str, set[str]] = {}
    for name, value in MATCH.items():
        given: dict[str, Any] = {name: value}
        for words in _present(provider, replace(_NOTHING, match=MatchKeys(**given))):
            found.setdefault(words, set()).add(name)
    for name in CLICK_IDS:
        for words in _present(provider, replace(_NOTHING, click_ids={name: CLICK})):
            found.setdefault(words, set()).add(name)
    return MappingProxyType({words: frozenset(names) for words, names in found.items()})


def keys_told(provider: Provider, message: Message) -> list[str]:
    """Return the names of what of all that is known goes along with a message: none of what the provider isn't told."""
    happened = message.occurrence
    recognised = keys_of(provider)
    names = {name for words in provider.match_quality(message).present for name in recognised.get(words, ())}
    sent = {*provider.ids_told(message), *map(str, message.params.values())}
    own = {EVENT: happened.match.event_id, ORDER: happened.transaction_id}
    names |= {name for name, value in own.items() if value and value in sent}
    return [name for name in happened.keys_present if name in names]


def keys_shown(provider: Provider | None, names: Sequence[str]) -> list[str]:
    """Return what may be shown of the names kept with a delivery: older ones name all that was known.

    `provider`: None where this version doesn't know it.
    """
    return [name for name in names if name in _all_told(provider)] if provider else list(names)


@cache
def _all_told(provider: Provider) -> frozenset[str]:
    happened = (replace(_NOTHING, match=MatchKeys(event_id=CLICK)), replace(_NOTHING, transaction_id=CLICK))
    ids = {name for one in happened for name in keys_told(provider, _message(one))}
    return frozenset(ids.union(*keys_of(provider).values()))


def _present(provider: Provider, occurrence: Occurrence) -> set[str]:
    def asked(one: Occurrence) -> set[str]:
        return set(provider.match_quality(_message(one)).present)

    return asked(occurrence) - asked(_NOTHING)


def _message(occurrence: Occurrence) -> Message:
    return Message(0, "", "example", None, "", {}, occurrence)
