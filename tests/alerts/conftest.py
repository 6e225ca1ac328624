"""A fixed present moment, mails in the real outbox, and companies whose visits are put straight into the tables."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from apps.agencies.models import Membership
from apps.agencies.outbox import OutboxMail, outbox_list
from apps.alerts.models import Subscription
from apps.companies.models import Company, CompanyClient, TargetAccount
from apps.core import clock
from apps.scoring.models import ScoreChange
from apps.sites.models import Client, Site
from apps.tracking.models import Session
from tests.scoring.conftest import company_make, visit_of

Kind = Subscription.Kind
NOW = datetime(2026, 5, 13, 10, tzinfo=UTC)  # a Wednesday
Outbox = Callable[[], list[OutboxMail]]


def ago(**of: float) -> datetime:
    return NOW - timedelta(**of)


@pytest.fixture(autouse=True)
def fixed_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)


@pytest.fixture(autouse=True)
def outbox(settings: Any, tmp_path: Path) -> Outbox:
    """The mails that went out, the newest first, by the backend that `make run` has."""
    settings.EMAIL_BACKEND = "apps.agencies.outbox.OutboxEmailBackend"
    settings.BEACON_OUTBOX_DIR = tmp_path
    return outbox_list


def at(monkeypatch: pytest.MonkeyPatch, moment: datetime) -> None:
    monkeypatch.setattr(clock, "now", lambda: moment)


def wish(
    member: Membership, site: Site, kind: Kind, *, pages: tuple[str, ...] = (), since: datetime | None = None
) -> Subscription:
    return Subscription.objects.create(
        user_id=member.user_id, site_id=site.id, kind=kind, pages=list(pages), created_at=since or ago(days=30)
    )


def known(company: Company, client: Client, **fields: Any) -> CompanyClient:
    return CompanyClient.objects.create(
        company=company, client_id=client.id, first_seen_at=ago(days=20), last_seen_at=NOW, **fields
    )


def target(company: Company, client: Client) -> TargetAccount:
    return TargetAccount.objects.create(
        client_id=client.id, domain=company.domain, added_at=ago(days=10), added_by="Ida"
    )


def turned_hot(company: Company, site: Site, moment: datetime = NOW, **fields: Any) -> ScoreChange:
    if not Session.objects.filter(site_id=site.id, company_id=company.id).exists():
        visit_of(company, site, moment)
    told: dict[str, Any] = {"what": "temperature", "before": "warm", "after": "hot", "score": 74}
    return ScoreChange.objects.create(site_id=site.id, company_id=company.id, at=moment, **(told | fields))


@pytest.fixture
def varnholt(in_alder: object) -> Company:
    return company_make("Varnholt AG")
