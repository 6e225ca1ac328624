"""Conversions for Meta as delivering would hand them over, and a way to ask the stand-in."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any
from uuid import UUID

import httpx

from apps.core import clock
from apps.demo.meta_stand_in.server import MetaStandIn
from apps.destinations.occurrences import ConsentReceipt, MatchKeys, Message, Occurrence
from apps.destinations.providers.base import Answer, Request, Target
from apps.destinations.providers.meta.provider import Meta

META = Meta()
AGENT = "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"
EMAIL = sha256(b"ada@example.org").hexdigest()
PHONE = sha256(b"16505551212").hexdigest()
FBP = "fb.1.1795100000000.123456789"
FBC = "fb.1.1795199000000.AbC"
KEYS = MatchKeys(fbp=FBP, user_agent=AGENT)
GRANTED = ConsentReceipt("granted", source="api")


def ask(request: Request) -> Answer:
    answer = httpx.request(request.method, request.url, headers=dict(request.headers), content=request.body)
    return Answer(answer.status_code, {k.lower(): v for k, v in answer.headers.items()}, answer.text)


def target_of(url: str, stand_in: MetaStandIn, *, secrets: Mapping[str, str] | None = None, **settings: str) -> Target:
    return Target(
        destination_id=7,
        settings={"dataset_id": stand_in.dataset.dataset_id, "api_version": "v25.0", **settings},
        secrets={"access_token": stand_in.token.text, **(secrets or {})},
        base_url=url,
    )


def message(
    number: int = 1,
    *,
    name: str = "Lead",
    value: Decimal | None = Decimal("49.9000"),
    currency: str = "EUR",
    params: Mapping[str, Any] | None = None,
    **facts: Any,
) -> Message:
    """`facts`: of the occurrence; by default a lead with Meta's cookie and marketing consent, just now."""
    given: dict[str, Any] = {"match": KEYS, "consent": GRANTED, "occurred_at": clock.now(), **facts}
    occurrence = replace(_PLAIN, event_id=UUID(int=number), **given)
    return Message(number, f"msg_{number}", name, value, currency, params or {}, occurrence)


_PLAIN = Occurrence(
    event_id=UUID(int=0),
    session_id=UUID(int=99),
    kind="event",
    event_name="lead",
    goal_name="Lead",
    occurred_at=datetime(2026, 5, 13, 10, tzinfo=UTC),
    value=None,
    currency="",
    event_value=None,
    event_currency="",
    transaction_id="",
    items=(),
    props={},
    page_url="https://varnholt.example/thanks",
    page_path="/thanks",
    page_title="Thanks",
    referrer="",
    session_started_at=datetime(2026, 5, 13, 9, 45, tzinfo=UTC),
    engaged_ms=4000,
    country="DE",
    region="",
    city="",
    device="desktop",
    browser="Firefox",
    browser_version="140",
    system="Linux",
    system_version="",
    brand="",
    model="",
    language="de",
    screen="1440x900",
    source="facebook",
    medium="paid",
    campaign="",
    click_ids={},
    consent=GRANTED,
    match=MatchKeys(),
)
