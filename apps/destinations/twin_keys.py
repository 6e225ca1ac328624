"""Which of what Beacon may know each provider recognises people by: asked of the provider, by made-up messages."""

from collections.abc import Mapping
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


def _present(provider: Provider, occurrence: Occurrence) -> set[str]:
    def asked(one: Occurrence) -> set[str]:
        return set(provider.match_quality(Message(0, "", "example", None, "", {}, one)).present)

    return asked(occurrence) - asked(_NOTHING)
