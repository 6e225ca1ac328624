"""A rule that comes to mean something else holds from then on: what happened before is nobody's to send."""

from datetime import timedelta
from typing import Any

import pytest

from apps.destinations.conditions import Conditions
from apps.destinations.mapping import Mapping
from apps.destinations.models import Delivery, Destination, RoutingRule
from apps.destinations.routing import conversions_route, conversions_unrouted, events_route
from apps.sites.models import Goal, Site
from apps.tracking.models import Conversion
from tests.cast import Cast
from tests.goaling import goal_make

from .conftest import NOW, convert, later, rule_make

MINUTE = timedelta(minutes=1)


def sweep(site: Site, *conversions: Conversion) -> set[Any]:
    """Route what nobody has looked at, as the sweep does; return what was sent for."""
    conversions_route(site_id=site.id, conversion_ids=conversions_unrouted(site_id=site.id))
    events_route(site_id=site.id, session_ids=[one.session_id for one in conversions])
    return set(Delivery.objects.values_list("event_id", flat=True))


@pytest.fixture
def download(in_alder: Cast) -> Goal:
    return goal_make(in_alder.site, "event", name="Download", event_name="download")


def changed(
    monkeypatch: pytest.MonkeyPatch, rule: RoutingRule, goal: Goal | None, event_name: str = "", **fields: Any
) -> None:
    """Change a rule five minutes ago."""
    later(monkeypatch, minutes=-5)
    rule_make(rule.destination, goal, event_name, rule_id=rule.id, **fields)
    later(monkeypatch)


def test_another_goal_is_sent_from_the_change_on(
    in_alder: Cast, webhook: Destination, download: Goal, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, after = (convert(download, in_alder.site, name="download", minutes=minutes) for minutes in (10, 4))
    changed(monkeypatch, webhook.rules.get(), download)
    assert sweep(in_alder.site, before, after) == {after.event_id}
    assert webhook.rules.get().since == NOW - 5 * MINUTE


def test_another_event_or_other_conditions_hold_from_the_change_on(
    in_alder: Cast, webhook: Destination, goal: Goal, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook.rules.all().delete()
    later(monkeypatch, hours=-1)
    named = rule_make(webhook, event_name="other")
    narrow = rule_make(webhook, event_name="download", conditions=Conditions(countries=("AT",)))
    later(monkeypatch)
    demos = [convert(goal, in_alder.site, minutes=minutes) for minutes in (10, 4)]
    downloads = [convert(goal, in_alder.site, minutes=minutes, name="download") for minutes in (10, 4)]
    changed(monkeypatch, named, None, "demo")
    changed(monkeypatch, narrow, None, "download", conditions=Conditions(countries=("AT", "DE")))
    assert sweep(in_alder.site, *demos, *downloads) == {demos[1].event_id, downloads[1].event_id}


def test_a_rule_of_an_event_that_becomes_one_of_a_goal_holds_from_the_change_on(
    in_alder: Cast, webhook: Destination, goal: Goal, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook.rules.all().delete()
    later(monkeypatch, hours=-1)
    rule = rule_make(webhook, event_name="other")
    later(monkeypatch)
    before, after = convert(goal, in_alder.site, minutes=10), convert(goal, in_alder.site, minutes=4)
    changed(monkeypatch, rule, goal)
    assert sweep(in_alder.site, before, after) == {after.event_id}


def test_another_name_there_changes_nothing_about_what_is_sent(
    in_alder: Cast, webhook: Destination, goal: Goal, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook.rules.all().delete()
    later(monkeypatch, hours=-1)
    conditions = Conditions(pages=("/demo*",))
    rule = rule_make(webhook, goal, conditions=conditions)
    later(monkeypatch)
    left = convert(goal, in_alder.site, minutes=10)
    changed(monkeypatch, rule, goal, conditions=conditions, mapping=Mapping(name="Lead"))
    assert sweep(in_alder.site, left) == {left.event_id}
    assert Delivery.objects.get().name == "Lead"


def test_what_happened_while_a_rule_was_off_isnt_sent_once_it_is_on(
    in_alder: Cast, webhook: Destination, goal: Goal, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook.rules.update(is_on=False)
    missed, after = convert(goal, in_alder.site, minutes=10), convert(goal, in_alder.site, minutes=4)
    changed(monkeypatch, webhook.rules.get(), goal)
    assert sweep(in_alder.site, missed, after) == {after.event_id}


def test_a_rule_that_an_older_version_made_holds_since_it_was_made(
    in_alder: Cast, webhook: Destination, goal: Goal
) -> None:
    webhook.rules.update(holds_since=None)
    past, left = convert(goal, in_alder.site, minutes=90), convert(goal, in_alder.site, minutes=10)
    assert sweep(in_alder.site, past, left) == {left.event_id}
