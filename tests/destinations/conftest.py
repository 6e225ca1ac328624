"""A site with a goal, conversions that count, and a destination at a local receiver."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from pytest_django import DjangoCaptureOnCommitCallbacks

from apps.core import clock
from apps.demo.standing_in.frame import Faults, serving
from apps.demo.webhook_stand_in.receiver import SECRET, Receiver
from apps.destinations.conditions import Conditions
from apps.destinations.mapping import Mapping as RuleMapping
from apps.destinations.models import Delivery, Destination, RoutingRule
from apps.destinations.providers.base import Target
from apps.destinations.routing import conversions_route
from apps.destinations.services import destination_create, rule_save
from apps.sites.models import Goal, Site
from apps.tracking.match_keys import match_seal
from apps.tracking.models import Conversion, ConversionMatch, Event, Session
from tests.cast import Cast
from tests.factories_tracking import Happened, visit_make
from tests.goaling import goal_make

Committing = Callable[[], AbstractContextManager[Any]]
NOW = datetime(2026, 5, 13, 10, tzinfo=UTC)


@pytest.fixture(autouse=True)
def fixed_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)


def later(monkeypatch: pytest.MonkeyPatch, **of: float) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(**of))


@pytest.fixture
def committing(django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks) -> Committing:
    """A block after which is done what waits for a commit: a test's own transaction never ends in one."""
    return partial(django_capture_on_commit_callbacks, execute=True)


@pytest.fixture
def receiver() -> Receiver:
    return Receiver(now=lambda: clock.now().timestamp())


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
def receiver_url(receiver: Receiver, faults: Faults) -> Iterator[str]:
    with serving(receiver, faults) as url:
        yield url


@pytest.fixture
def goal(in_alder: Cast) -> Goal:
    return goal_make(in_alder.site, "event", name="Demo request", event_name="demo", value_from="event")


@pytest.fixture
def webhook(in_alder: Cast, goal: Goal, receiver_url: str, monkeypatch: pytest.MonkeyPatch) -> Destination:
    """A webhook that gets the goal, since an hour."""
    later(monkeypatch, hours=-1)
    made = webhook_make(in_alder.site, receiver_url)
    rule_make(made, goal)
    later(monkeypatch)
    return made


def webhook_make(site: Site, url: str, **fields: Any) -> Destination:
    given: dict[str, Any] = {
        "site_id": site.id,
        "provider": "webhook",
        "name": "CRM",
        "settings": {"url": "https://crm.example/hook"},
        "secrets": {"secret": SECRET},
        "is_test_mode": False,
        "user_name": "Ann",
        "stand_in_url": url,
    }
    return destination_create(**(given | fields))


def destination_at(target: Target, provider: str, site: Site) -> Destination:
    """Make a provider's destination with what `target` says of it: its settings, secrets and stand-in."""
    return destination_create(
        site_id=site.id,
        provider=provider,
        name=provider,
        settings=dict(target.settings),
        secrets=dict(target.secrets),
        is_test_mode=False,
        user_name="Ann",
        stand_in_url=target.base_url,
    )


def match_put(one: Conversion, keys: Mapping[str, str]) -> None:
    """Keep match keys of a conversion, as the writer does."""
    ConversionMatch.objects.create(
        event_id=one.event_id,
        site_id=one.site_id,
        session_id=one.session_id,
        sealed=match_seal(one.event_id, keys),
        stored_at=NOW,
    )


def rule_make(destination: Destination, goal: Goal | None = None, event_name: str = "", **fields: Any) -> RoutingRule:
    given: dict[str, Any] = {
        "source": RoutingRule.Source.GOAL if goal else RoutingRule.Source.EVENT,
        "goal_id": goal.id if goal else None,
        "event_name": event_name,
        "conditions": Conditions(),
        "mapping": RuleMapping(),
        "user_name": "Ann",
    }
    return rule_save(destination=destination, **(given | fields))


def convert(goal: Goal, site: Site, *, minutes: float = 1, name: str = "demo", **fields: Any) -> Conversion:
    """Have a visit reach the goal `minutes` ago, with marketing consent unless another is given."""
    happened = Happened(name, value=Decimal("40.5"), currency="EUR", path="/demo", props={"plan": "pro"})
    given: dict[str, Any] = {
        "consent_marketing": "granted",
        "consent_source": "api",
        "country": "DE",
        "matched_at": NOW,
    } | fields
    session = visit_make(site, NOW - timedelta(minutes=minutes), events=[happened], **given)
    event = Event.objects.get(session_id=session.id, kind="event")
    return Conversion.objects.create(
        site_id=site.id,
        goal_id=goal.id,
        event_id=event.event_id,
        session_id=session.id,
        occurred_at=event.occurred_at,
        value=event.value,
        currency="EUR",
    )


def route(*conversions: Conversion) -> set[int]:
    return conversions_route(site_id=conversions[0].site_id, conversion_ids=[one.id for one in conversions])


def only() -> Delivery:
    return Delivery.objects.get()


def withdraw(session_id: UUID) -> None:
    Session.objects.filter(id=session_id).update(consent_marketing="denied")


@pytest.fixture
def no_jitter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses as long as they can be."""
    monkeypatch.setattr("random.uniform", lambda low, high: high)
