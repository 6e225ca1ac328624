"""Messages as delivering would hand them over, without a database."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from apps.destinations.occurrences import CompanyFacts, ConsentReceipt, MatchKeys, Message, Occurrence

AT = datetime(2026, 5, 13, 9, 59, tzinfo=UTC)
GRANTED = ConsentReceipt(
    "granted", analytics="granted", source="api", said_at=datetime(2026, 5, 13, 9, 57, tzinfo=UTC), text_version="3"
)
COMPANY = CompanyFacts("Kestrel Lifts", "kestrel.example", "business", 72, "warm")


def message(
    *,
    name: str = "Demo request",
    value: Decimal | None = Decimal("40.5000"),
    currency: str = "EUR",
    params: Mapping[str, Any] | None = None,
    is_test: bool = False,
    key: str = "msg_7f3c",
    **facts: Any,
) -> Message:
    """`facts`: of the occurrence; by default a demo request of a known company, with marketing consent."""
    happened = replace(_PLAIN, **facts)
    return Message(1, key, name, value, currency, params or {}, happened, is_test)


_PLAIN = Occurrence(
    event_id=UUID("0190c5f2-7a51-7c3e-9a10-2f6d1b8e4c77"),
    session_id=UUID("0190c5f2-6b02-7d11-8c44-91e0a7d35b20"),
    kind="event",
    event_name="demo",
    goal_name="Demo request",
    occurred_at=AT,
    value=Decimal("40.5000"),
    currency="EUR",
    event_value=Decimal("40.5000"),
    event_currency="EUR",
    transaction_id="",
    items=[],
    props={"plan": "pro"},
    page_url="https://lifts.example/demo?utm_source=google",
    page_path="/demo",
    page_title="Book a demo",
    referrer="https://www.google.com/",
    session_started_at=datetime(2026, 5, 13, 9, 55, tzinfo=UTC),
    engaged_ms=61_000,
    country="DE",
    region="BE",
    city="Berlin",
    device="desktop",
    browser="Firefox",
    browser_version="139",
    system="Linux",
    system_version="",
    brand="",
    model="",
    language="de-DE",
    screen="1440x900",
    source="google",
    medium="cpc",
    campaign="spring",
    click_ids={"gclid": "Cj0K-secret-click"},
    consent=GRANTED,
    match=MatchKeys(fbp="fb.1.1.2", email_sha256="e" * 64, user_agent="Mozilla/5.0"),
    company=COMPANY,
)
