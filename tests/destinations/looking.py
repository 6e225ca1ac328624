"""Deliveries put straight into the table, as sending would leave them: for tests of what reads them."""

from datetime import datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

from apps.companies.models import Company, CompanyClient
from apps.destinations.models import Delivery, Destination
from apps.sites.models import Client

from .conftest import NOW

_numbers = count(1)
GRANTED = {"state": "granted", "analytics": "granted", "source": "tcf", "said_at": None, "text_version": "v4"}


def delivery_put(
    destination: Destination, state: str, *, minutes: float = 5, took_ms: int = 0, **fields: Any
) -> Delivery:
    """Put a delivery that was due `minutes` ago; where it was sent and arrived, `took_ms` after."""
    number = next(_numbers)
    at = NOW - timedelta(minutes=minutes)
    is_sent = state in ("received", "confirmed", "uncertain", "rejected", "dead")
    has_arrived = state in ("received", "confirmed")
    given: dict[str, Any] = {
        "site_id": destination.site_id,
        "rule_id": 1,
        "event_id": UUID(int=number),
        "session_id": UUID(int=10_000 + number),
        "occurred_at": at,
        "source_name": "Demo request",
        "name": "Lead",
        "mapped": {"value": "40.5000", "currency": "EUR", "params": {"plan": "pro"}},
        "consent": GRANTED,
        "state": state,
        "attempts": 1 if is_sent else 0,
        "created_at": at,
        "next_attempt_at": at if state in ("waiting", "sending") else None,
        "sent_at": at if is_sent else None,
        "received_at": at + timedelta(milliseconds=took_ms) if has_arrived else None,
        "finished_at": None if state in ("waiting", "sending") else at + timedelta(milliseconds=took_ms),
    }
    return Delivery.objects.create(destination=destination, **(given | fields))


def company_put(name: str, client: Client, *, is_ignored: bool = False) -> Company:
    """Put a company that a client knows."""
    at: datetime = NOW - timedelta(days=3)
    company, _ = Company.objects.get_or_create(
        domain=f"{name.lower()}.example", defaults={"name": name, "created_at": at, "updated_at": at}
    )
    CompanyClient.objects.create(
        company=company, client_id=client.id, first_seen_at=at, last_seen_at=at, is_ignored=is_ignored
    )
    return company


def words(response: Any, status: int = 200) -> str:
    """Return a page's text with its markup, white space as one space."""
    assert response.status_code == status
    return " ".join(response.content.decode().split())
