"""Which conversions become deliveries: once each, with consent, as the rule says."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from apps.companies.models import Company, CompanyClient
from apps.destinations.conditions import Conditions
from apps.destinations.mapping import Mapping, ValueFrom
from apps.destinations.models import Delivery, Destination
from apps.destinations.replays import Replayed, period_replay
from apps.destinations.routing import conversions_unrouted, events_route
from apps.destinations.samples import goal_samples
from apps.destinations.services import exemption_record
from apps.sites.models import Goal
from apps.tracking.models import Conversion, Session
from tests.cast import Cast

from .conftest import NOW, convert, later, only, route, rule_make
from .looking import company_put


def test_a_conversion_is_a_row_before_anything_is_sent(in_alder: Cast, webhook: Destination, goal: Goal) -> None:
    conversion = convert(goal, in_alder.site)
    assert route(conversion) == {webhook.id}
    route(conversion)  # told twice: once there
    delivery = only()
    assert (delivery.state, delivery.event_id, delivery.source_name) == ("waiting", conversion.event_id, "Demo request")
    assert delivery.mapped == {"value": "40.5000", "currency": "EUR", "params": {}}
    assert delivery.consent["state"] == "granted"
    assert conversions_unrouted(site_id=in_alder.site.id) == []


@pytest.mark.parametrize(("marketing", "reason"), [("denied", "consent_denied"), ("", "consent_unasked")])
def test_without_consent_it_is_withheld_and_counted(
    in_alder: Cast, webhook: Destination, goal: Goal, marketing: str, reason: str
) -> None:
    assert route(convert(goal, in_alder.site, consent_marketing=marketing)) == set()
    delivery = only()
    assert (delivery.state, delivery.reason, delivery.next_attempt_at) == ("withheld", reason, None)


def test_where_the_owner_says_that_none_is_needed_only_a_refusal_withholds(
    in_alder: Cast, webhook: Destination, goal: Goal
) -> None:
    exemption_record(site_id=in_alder.site.id, country="US", ground="No opt-in law", user_name="Ann")
    for country, marketing, gpc in (("US", "", False), ("US", "denied", False), ("US", "", True), ("DE", "", False)):
        route(convert(goal, in_alder.site, country=country, consent_marketing=marketing, gpc=gpc))
    found = Delivery.objects.order_by("id").values_list("state", "consent__state", "consent__ground")
    assert list(found) == [
        ("waiting", "exempt", "No opt-in law"),
        ("withheld", "denied", ""),
        ("withheld", "unasked", ""),
        ("withheld", "unasked", ""),
    ]


@pytest.mark.parametrize("marketing", ["", "granted"])
def test_who_refuses_all_refuses_marketing_too_in_an_exempt_country_as_elsewhere(
    in_alder: Cast, webhook: Destination, goal: Goal, marketing: str
) -> None:
    exemption_record(site_id=in_alder.site.id, country="US", ground="No opt-in law", user_name="Ann")
    given: dict[str, Any] = {"consent_analytics": "denied", "consent_marketing": marketing}
    route(convert(goal, in_alder.site, country="US", **given), convert(goal, in_alder.site, country="DE", **given))
    assert set(Delivery.objects.values_list("state", "reason", "consent__state")) == {
        ("withheld", "consent_denied", "denied")
    }


def test_what_was_found_in_the_past_and_what_was_before_the_rule_go_by_a_replay_only(
    in_alder: Cast, webhook: Destination, goal: Goal
) -> None:
    past = convert(goal, in_alder.site, minutes=90)
    found = convert(goal, in_alder.site)
    Conversion.objects.filter(id=found.id).update(is_backfill=True)
    assert route(past, found) == set()
    assert not Delivery.objects.exists()
    span: dict[str, Any] = {"since": NOW - timedelta(days=1), "until": NOW}
    assert period_replay(destination=webhook, **span, is_preview=True) == Replayed(due=2)
    assert not Delivery.objects.exists()
    assert period_replay(destination=webhook, **span) == Replayed(due=2)
    assert period_replay(destination=webhook, **span) == Replayed(had=2)
    assert set(Delivery.objects.values_list("is_replay", "state")) == {(True, "waiting")}


def test_of_a_goal_that_counts_once_a_visit_an_earlier_one_that_comes_late_isnt_sent_too(
    in_alder: Cast, webhook: Destination, goal: Goal
) -> None:
    assert not goal.counts_every
    first = convert(goal, in_alder.site)
    route(first)
    earlier = convert(goal, in_alder.site, minutes=2)
    Conversion.objects.filter(id=earlier.id).update(session_id=first.session_id)
    assert route(earlier) == set()
    span: dict[str, Any] = {"since": NOW - timedelta(days=1), "until": NOW}
    assert period_replay(destination=webhook, **span) == Replayed(had=1)
    # A period that begins between the two has the visit's second one, which doesn't count.
    Delivery.objects.all().delete()
    span["since"] = NOW - timedelta(seconds=90)
    assert period_replay(destination=webhook, **span) == Replayed()
    assert not Delivery.objects.exists()


def test_conditions_and_what_becomes_of_the_words(
    in_alder: Cast, webhook: Destination, goal: Goal, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook.rules.all().delete()
    later(monkeypatch, hours=-1)
    mapping = Mapping(
        name="Lead",
        value_from=ValueFrom.FIXED,
        value=Decimal(90),
        currency="USD",
        params={"plan": "{prop.plan}", "where": "on {page_path}", "nothing": "{campaign}"},
    )
    conditions = Conditions(pages=("/demo*",), countries=("DE",), least_value=Decimal(40))
    rule_make(webhook, goal, conditions=conditions, mapping=mapping)
    later(monkeypatch)
    route(convert(goal, in_alder.site, country="AT"))
    assert not Delivery.objects.exists()
    route(convert(goal, in_alder.site))
    delivery = only()
    assert delivery.name == "Lead"
    assert delivery.mapped == {"value": "90", "currency": "USD", "params": {"plan": "pro", "where": "on /demo"}}


def test_a_rule_on_the_company_waits_until_the_visit_was_looked_at(
    in_alder: Cast, webhook: Destination, goal: Goal, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook.rules.all().delete()
    later(monkeypatch, hours=-1)
    rule_make(webhook, goal, conditions=Conditions(company_kinds=("business",)))
    later(monkeypatch)
    conversion = convert(goal, in_alder.site, matched_at=None)
    route(conversion)
    assert not Delivery.objects.exists()
    assert conversions_unrouted(site_id=in_alder.site.id) == [conversion.id]
    company = Company.objects.create(name="Varnholt AG", domain="varnholt.example", created_at=NOW, updated_at=NOW)
    Session.objects.filter(id=conversion.session_id).update(company_id=company.id, matched_at=NOW)
    route(conversion)
    assert only().company_id == company.id
    # One that is never looked at doesn't wait for ever.
    left = convert(goal, in_alder.site, minutes=6, matched_at=None)
    route(left)
    assert conversions_unrouted(site_id=in_alder.site.id) == []


def test_an_event_without_a_goal_goes_where_a_rule_names_it(
    in_alder: Cast, webhook: Destination, goal: Goal, monkeypatch: pytest.MonkeyPatch
) -> None:
    later(monkeypatch, hours=-1)
    rule_make(webhook, event_name="download")
    later(monkeypatch)
    conversion = convert(goal, in_alder.site, name="download")
    Conversion.objects.all().delete()
    assert events_route(site_id=in_alder.site.id, session_ids=[conversion.session_id]) == {webhook.id}
    assert events_route(site_id=in_alder.site.id, session_ids=[conversion.session_id]) == set()
    assert (only().source_name, only().goal_id) == ("download", None)


def test_a_visit_that_is_set_aside_goes_nowhere(in_alder: Cast, webhook: Destination, goal: Goal) -> None:
    route(convert(goal, in_alder.site, set_aside="bot"))
    assert not Delivery.objects.exists()


def test_nothing_is_told_of_a_company_that_the_client_ignores(in_alder: Cast, webhook: Destination, goal: Goal) -> None:
    company = company_put("Varnholt", in_alder.first, is_ignored=True)
    company_put("Varnholt", in_alder.second)
    webhook.rules.all().delete()
    rule_make(webhook, goal, mapping=Mapping(params={"who": "{company}", "page": "{page_path}"}))
    one = convert(goal, in_alder.site, minutes=0, company_id=company.id)
    route(one)
    assert only().mapped["params"] == {"page": "/demo"} and only().company_id == company.id
    [preview] = goal_samples(site_id=in_alder.site.id, goal_ids=[goal.id])
    assert preview.occurrence.company is None
    CompanyClient.objects.filter(client_id=in_alder.first.id).update(is_ignored=False)
    [preview] = goal_samples(site_id=in_alder.site.id, goal_ids=[goal.id])
    assert preview.occurrence.company is not None and preview.occurrence.company.name == "Varnholt"
