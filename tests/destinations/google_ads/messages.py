"""Conversions for Google Ads as delivering would hand them over, and a way to ask the stand-in."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any
from uuid import UUID

import httpx

from apps.core import clock
from apps.demo.google_ads_stand_in.server import GoogleAdsStandIn
from apps.destinations.occurrences import ConsentReceipt, MatchKeys, Message, Occurrence
from apps.destinations.providers.base import Answer, Request, Target
from apps.destinations.providers.google_ads.provider import GoogleAds

GOOGLE = GoogleAds()
EMAIL = sha256(b"ada@example.org").hexdigest()
PHONE = sha256(b"+16505551212").hexdigest()
GRANTED = ConsentReceipt("granted", source="api")


def ask(request: Request) -> Answer:
    answer = httpx.request(request.method, request.url, headers=dict(request.headers), content=request.body)
    return Answer(answer.status_code, {k.lower(): v for k, v in answer.headers.items()}, answer.text)


def target_of(url: str, stand_in: GoogleAdsStandIn, **secrets: str) -> Target:
    client, account = stand_in.client, stand_in.account
    return Target(
        destination_id=7,
        settings={
            "client_id": client.client_id,
            "operating_account": account.number,
            "login_account": account.manager,
            "conversion_action_id": "555666777",
        },
        secrets={"client_secret": client.client_secret, "refresh_token": client.refresh_token, **secrets},
        base_url=url,
    )


def message(
    number: int = 1, *, value: Decimal | None = Decimal("49.9000"), currency: str = "EUR", **facts: Any
) -> Message:
    """`facts`: of the occurrence; by default a lead with a gclid and marketing consent, just now."""
    given: dict[str, Any] = {"click_ids": {"gclid": f"Cj0K{number}"}, "consent": GRANTED, "occurred_at": clock.now()}
    occurrence = replace(_PLAIN, event_id=UUID(int=number), **{**given, **facts})
    return Message(number, f"msg_{number}", "Lead", value, currency, {}, occurrence)


_PLAIN = Occurrence(
    event_id=UUID(int=0),
    session_id=UUID(int=99),
    kind="event",
    event_name="lead",
    goal_name="Lead",
    occurred_at=datetime(2026, 11, 20, 10, 15, 30, tzinfo=UTC),
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
    session_started_at=datetime(2026, 11, 20, 10, 0, tzinfo=UTC),
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
    source="google",
    medium="cpc",
    campaign="",
    click_ids={},
    consent=GRANTED,
    match=MatchKeys(),
)
