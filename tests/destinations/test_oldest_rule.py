"""An event that meets several goals, or that a rule names, goes by the oldest rule that holds, whoever is first."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest

from apps.destinations.conditions import Conditions
from apps.destinations.mapping import Mapping
from apps.destinations.models import Delivery, Destination, RoutedConversion, RoutedEvent, RoutingRule
from apps.destinations.replays import Replayed, period_replay
from apps.destinations.routing import conversions_route, conversions_unrouted, events_route
from apps.sites.models import Goal
from apps.tracking.models import Conversion, Event, Session
from tests.cast import Cast
from tests.goaling import goal_make, reach
from tests.tracking.arrivals import NOON, click, envelope

from .conftest import NOW, convert, later, only, route, rule_make, webhook_make
from .looking import company_put

Step = Callable[[Sequence[Conversion]], object]
HOUR = 60
# The three who are told of one event: of each of its goals, and of its visit.
STEPS: dict[str, Step] = {
    "first goal": lambda all_: route(all_[0]),
    "second goal": lambda all_: route(all_[1]),
    "visit": lambda all_: events_route(site_id=all_[0].site_id, session_ids=[all_[0].session_id]),
}
ORDERS = list(permutations(STEPS))


@pytest.fixture
def big(in_alder: Cast) -> Goal:
    return goal_make(in_alder.site, "event", name="Big request", event_name="demo")


@pytest.fixture
def bare(webhook: Destination, monkeypatch: pytest.MonkeyPatch) -> Destination:
    """A destination without rules; what is made now was made an hour ago."""
    webhook.rules.all().delete()
    later(monkeypatch, hours=-1)
    return webhook


def reached(cast: Cast, first: Goal, *others: Goal, minutes: float = 1, **fields: Any) -> list[Conversion]:
    """Have one event reach several goals; each is worth what its place says."""
    one = convert(first, cast.site, minutes=minutes, **fields)
    all_ = [one]
    for number, goal in enumerate(others, start=1):
        all_.append(
            Conversion.objects.create(
                site_id=one.site_id,
                goal_id=goal.id,
                event_id=one.event_id,
                session_id=one.session_id,
                occurred_at=one.occurred_at,
                value=Decimal(number),
                currency="USD",
            )
        )
    return all_


@pytest.mark.parametrize("order", ORDERS, ids=" - ".join)
def test_of_two_goals_the_older_rule_decides(
    order: Sequence[str], in_alder: Cast, bare: Destination, goal: Goal, big: Goal, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule_make(bare, big, mapping=Mapping(name="Big"))
    rule_make(bare, event_name="demo", mapping=Mapping(name="Event"))
    rule_make(bare, goal, mapping=Mapping(name="Lead"))
    later(monkeypatch)
    both = reached(in_alder, goal, big)
    for step in order:
        STEPS[step](both)
    assert (only().name, only().goal_id, only().conversion_id) == ("Big", big.id, both[1].id)
    assert only().mapped["value"] == "1.0000"
    assert RoutedConversion.objects.count() == 2 and RoutedEvent.objects.count() == 1
    assert conversions_unrouted(site_id=in_alder.site.id) == []


@pytest.mark.parametrize("order", ORDERS, ids=" - ".join)
def test_where_the_oldest_doesnt_hold_the_next_does(
    order: Sequence[str], in_alder: Cast, bare: Destination, goal: Goal, big: Goal, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule_make(bare, big, conditions=Conditions(countries=("AT",)), mapping=Mapping(name="Big"))
    rule_make(bare, event_name="demo", mapping=Mapping(name="Event"))
    rule_make(bare, goal, mapping=Mapping(name="Lead"))
    later(monkeypatch)
    both = reached(in_alder, goal, big)
    for step in order:
        STEPS[step](both)
    assert (only().name, only().goal_id) == ("Event", None)


def test_each_destination_goes_by_its_own_rules(
    in_alder: Cast, bare: Destination, goal: Goal, big: Goal, receiver_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = webhook_make(in_alder.site, receiver_url, name="Other")
    rule_make(bare, goal)
    rule_make(bare, big)
    rule_make(other, big)
    later(monkeypatch)
    assert route(reached(in_alder, goal, big)[1]) == {bare.id, other.id}
    assert set(Delivery.objects.values_list("destination_id", "goal_id")) == {(bare.id, goal.id), (other.id, big.id)}


def test_a_goal_that_doesnt_count_there_decides_nothing(
    in_alder: Cast, bare: Destination, goal: Goal, big: Goal, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule_make(bare, goal)
    rule_make(bare, big)
    later(monkeypatch)
    Goal.objects.filter(id=big.id).update(counts_every=True)
    first, again = reached(in_alder, goal, minutes=3)[0], reached(in_alder, goal, big)
    for model in (Event, Conversion):
        model.objects.filter(event_id=again[0].event_id).update(session_id=first.session_id)
    route(again[1])
    assert (only().event_id, only().goal_id) == (again[0].event_id, big.id)


def test_an_older_rule_that_asks_for_the_company_is_waited_for(
    in_alder: Cast, bare: Destination, goal: Goal, big: Goal, receiver_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = webhook_make(in_alder.site, receiver_url, name="Other")
    rule_make(bare, event_name="demo", conditions=Conditions(company_kinds=("business",)))
    rule_make(bare, goal)
    rule_make(other, goal)
    later(monkeypatch)
    both = reached(in_alder, goal, big, matched_at=None)
    # Another destination isn't kept waiting.
    assert route(both[0]) == {other.id}
    STEPS["visit"](both)
    assert only().destination_id == other.id
    assert conversions_unrouted(site_id=in_alder.site.id) == [both[0].id]
    company = company_put("Varnholt", in_alder.first)
    Session.objects.filter(id=both[0].session_id).update(company_id=company.id, matched_at=NOW)
    STEPS["visit"](both)
    assert Delivery.objects.get(destination=bare).goal_id is None
    assert Delivery.objects.count() == 2 and conversions_unrouted(site_id=in_alder.site.id) == []


def test_a_replay_decides_alike_and_counts_an_event_once(
    in_alder: Cast, bare: Destination, goal: Goal, big: Goal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.destinations.replays.TOGETHER", 1)
    rule_make(bare, big, mapping=Mapping(name="Big"))
    rule_make(bare, goal, conditions=Conditions(countries=("DE",)), mapping=Mapping(name="Lead"))
    later(monkeypatch)
    # Those of one event needn't lie beside one another.
    first, second = reached(in_alder, goal, minutes=3 * HOUR)[0], reached(in_alder, goal, minutes=2 * HOUR)[0]
    for one in (first, second):
        one.pk, one.goal_id = None, big.id
        one.save(force_insert=True)
    reached(in_alder, goal, minutes=4 * HOUR, country="AT")
    period: dict[str, Any] = {"since": NOW.replace(hour=0), "until": NOW}
    assert period_replay(destination=bare, **period, is_preview=True) == Replayed(due=2, unmet=1)
    assert period_replay(destination=bare, **period) == Replayed(due=2, unmet=1)
    assert set(Delivery.objects.values_list("event_id", "name")) == {(first.event_id, "Big"), (second.event_id, "Big")}
    assert period_replay(destination=bare, **period) == Replayed(had=2, unmet=1)


@pytest.mark.parametrize("number", [0, 1])
def test_whichever_goal_is_told_of_first_all_that_the_event_meets_are_stored(
    number: int, in_alder: Cast, bare: Destination, goal: Goal, big: Goal, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule_make(bare, big)
    rule_make(bare, goal)
    RoutingRule.objects.update(holds_since=NOON - timedelta(hours=1))
    later(monkeypatch)
    told = reach(envelope(in_alder.site, click(0, "demo")))
    assert {fact.goal_id for fact in told} == {goal.id, big.id}
    conversions_route(site_id=in_alder.site.id, conversion_ids=told[number].conversion_ids)
    assert only().goal_id == big.id
