"""A fixed present moment, and companies whose visits are put straight into the tables."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from apps.companies.models import Company
from apps.core import clock, facts
from apps.sites.models import Site
from apps.tracking.models import Session
from tests.factories_tracking import Page, visit_make

NOW = datetime(2026, 5, 13, 10, tzinfo=UTC)


@pytest.fixture(autouse=True)
def fixed_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """All that is told from here on; nobody else listens."""
    heard: list[object] = []
    monkeypatch.setattr(facts, "_tell", heard.append)
    return heard


def ago(**of: float) -> datetime:
    return NOW - timedelta(**of)


def company_make(name: str = "Varnholt AG", **fields: Any) -> Company:
    domain = f"{name.split()[0].lower()}.example"
    return Company.objects.create(name=name, domain=domain, created_at=NOW, updated_at=NOW, **fields)


def visit_of(company: Company, site: Site, at: datetime, pages: Sequence[Page] = (Page("/"),), **more: Any) -> Session:
    """Store a visit of a company, matched already."""
    return visit_make(site, at, pages=pages, company_id=company.id, matched_at=at, **more)


def eager_pages() -> list[Page]:
    """What somebody reads who is about to buy."""
    return [
        Page("/", engaged_s=60, scroll=90),
        Page("/pricing", 60, engaged_s=240, scroll=100),
        Page("/demo", 300, engaged_s=300, scroll=100),
        Page("/docs/start", 600, engaged_s=300, scroll=100),
        Page("/case-studies/a", 900, engaged_s=200, scroll=100),
        Page("/pricing", 1200, engaged_s=100, scroll=80),
    ]


def make_hot(company: Company, site: Site, at: datetime, **more: Any) -> None:
    """Have three visitors of a company come within two hours before `at` and read what matters."""
    for number, hours in enumerate((1.4, 0.9, 0.4)):
        visit_of(company, site, at - timedelta(hours=hours), eager_pages(), visitor=9_000 + number, **more)
