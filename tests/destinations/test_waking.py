"""Who is woken, and what is left to those who were."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.core.cache import cache

from apps.core.tenancy import current_schema
from apps.destinations import tasks
from apps.destinations.conditions import Conditions
from apps.destinations.delivering import due_within
from apps.destinations.keeping import deliveries_tidy
from apps.destinations.models import Delivery, Destination, RoutedConversion, RoutedEvent
from apps.destinations.routing import conversions_route, conversions_unrouted, events_route
from apps.destinations.services import destination_switch
from apps.destinations.tasks import destination_send_task, destination_wake
from apps.sites.models import Goal
from apps.tracking import valkey
from apps.tracking.models import Conversion, Event, Session
from tests.cast import Cast

from .conftest import NOW, convert, later, only, route, rule_make

Asked = list[tuple[int, float]]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[Asked]:
    """The senders that were asked for: destination, and in how many seconds."""
    valkey.volatile().flushdb()
    found: Asked = []

    def note(given: tuple[str, int], countdown: float = 0, **_: Any) -> None:
        found.append((given[1], countdown))

    monkeypatch.setattr(destination_send_task, "apply_async", note)
    yield found
    valkey.volatile().flushdb()


def test_however_many_conversions_there_are_one_sender_is_asked_for(webhook: Destination, asked: Asked) -> None:
    for _ in range(3):
        destination_wake(webhook.id)
    assert asked == [(webhook.id, 0)]
    # One that has begun may have looked already: what comes now asks anew.
    destination_send_task(current_schema(), webhook.id)
    destination_wake(webhook.id)
    assert asked == [(webhook.id, 0)] * 2


def test_what_fails_is_seen_to_before_the_next_sweep(
    in_alder: Cast, goal: Goal, webhook: Destination, faults: Any, asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("random.uniform", lambda low, high: 6.5)
    faults.refuse_ratio = 1.0
    route(convert(goal, in_alder.site))
    destination_send_task(current_schema(), webhook.id)
    assert only().state == "waiting" and asked == [(webhook.id, 7)]
    destination_send_task(current_schema(), webhook.id)  # somebody comes back already
    assert len(asked) == 1


def test_nobody_comes_back_to_a_destination_that_is_off_or_left_alone_for_longer(
    in_alder: Cast, goal: Goal, webhook: Destination, monkeypatch: pytest.MonkeyPatch
) -> None:
    route(convert(goal, in_alder.site))
    assert due_within(webhook.id, 15) == 1
    Destination.objects.filter(id=webhook.id).update(open_until=only().next_attempt_at)
    later(monkeypatch, minutes=-1)
    assert due_within(webhook.id, 15) is None
    later(monkeypatch)
    destination_switch(destination=webhook, is_on=False)
    assert due_within(webhook.id, 15) is None


def test_a_sweep_leaves_what_has_just_been_told_of_to_who_was_woken(
    in_alder: Cast, goal: Goal, webhook: Destination, asked: Asked
) -> None:
    convert(goal, in_alder.site)
    tasks._sweep()
    assert not RoutedConversion.objects.exists()
    tasks._sweep()
    assert Delivery.objects.count() == 1
    assert asked == [(webhook.id, 0)]


def test_what_was_routed_is_known_for_as_long_as_it_could_be_looked_for(
    in_alder: Cast, goal: Goal, webhook: Destination, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = convert(goal, in_alder.site)
    route(one)
    later(monkeypatch, days=8, hours=23)
    Event.objects.filter(event_id=one.event_id).update(received_at=NOW + timedelta(days=7))  # it came late
    deliveries_tidy()
    assert conversions_unrouted(site_id=one.site_id, is_late=True) == []
    RoutedConversion.objects.all().delete()
    assert conversions_unrouted(site_id=one.site_id, is_late=True) == [one.id]
    route(one)
    later(monkeypatch, days=21)
    deliveries_tidy()
    assert not RoutedConversion.objects.exists()


def test_a_sweep_routes_all_that_was_left(
    in_alder: Cast, goal: Goal, webhook: Destination, asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.destinations.routing.TOGETHER", 2)
    for number in range(5):
        convert(goal, in_alder.site, minutes=number + 1)
    tasks._sweep()
    tasks._sweep()
    assert Delivery.objects.count() == 5


def test_what_doesnt_count_doesnt_come_before_what_was_left(
    in_alder: Cast, goal: Goal, webhook: Destination, asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.destinations.routing.TOGETHER", 2)
    first = convert(goal, in_alder.site, minutes=40)
    for number in range(3):
        again = convert(goal, in_alder.site, minutes=30 - number)
        Conversion.objects.filter(id=again.id).update(session_id=first.session_id)
        aside = convert(goal, in_alder.site, minutes=20, set_aside="bot")
    last = convert(goal, in_alder.site)
    # There is time for no more than two of them each time.
    for _ in range(3):
        conversions_route(site_id=in_alder.site.id, conversion_ids=conversions_unrouted(site_id=in_alder.site.id))
    assert set(Delivery.objects.values_list("event_id", flat=True)) == {first.event_id, last.event_id}
    assert conversions_unrouted(site_id=in_alder.site.id) == []
    # Once the rule that set a visit aside is undone, its conversion counts.
    Session.objects.filter(id=aside.session_id).update(set_aside="")
    assert conversions_unrouted(site_id=in_alder.site.id) == [aside.id]


def test_a_goal_that_counts_each_time_from_now_on_doesnt_send_what_didnt_count(
    in_alder: Cast, goal: Goal, webhook: Destination
) -> None:
    first, again = convert(goal, in_alder.site, minutes=3), convert(goal, in_alder.site, minutes=2)
    Conversion.objects.filter(id=again.id).update(session_id=first.session_id)
    route(first, again)
    Goal.objects.filter(id=goal.id).update(counts_every=True)
    assert conversions_unrouted(site_id=in_alder.site.id) == []


def test_a_sweep_looks_at_the_events_of_all_visits_the_latest_first(
    in_alder: Cast, goal: Goal, webhook: Destination, asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "VISITS", 2)
    webhook.rules.all().delete()
    later(monkeypatch, hours=-1)
    rule_make(webhook, event_name="demo")
    later(monkeypatch)
    all_ = [convert(goal, in_alder.site, minutes=minutes) for minutes in (7, 3, 5, 3, 3)]
    imported = convert(goal, in_alder.site, minutes=4, import_id=1)
    looked_at: list[UUID] = []

    def note(*, site_id: int, session_ids: Sequence[UUID]) -> set[int]:
        looked_at.extend(session_ids)
        return events_route(site_id=site_id, session_ids=session_ids)

    monkeypatch.setattr(tasks, "events_route", note)
    tasks._sweep()
    latest_first = sorted(all_, key=lambda one: (one.occurred_at, one.session_id), reverse=True)
    assert looked_at == [one.session_id for one in latest_first]
    assert set(Delivery.objects.values_list("event_id", flat=True)) == {one.event_id for one in all_}
    assert imported.session_id not in looked_at


def test_an_event_that_a_rule_names_is_looked_at_once(
    in_alder: Cast, goal: Goal, webhook: Destination, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook.rules.all().delete()
    later(monkeypatch, hours=-1)
    rule_make(webhook, event_name="download", conditions=Conditions(countries=("AT",)))
    later(monkeypatch)
    one = convert(goal, in_alder.site, name="download")
    for country in ("DE", "AT"):
        Session.objects.filter(id=one.session_id).update(country=country)
        assert events_route(site_id=one.site_id, session_ids=[one.session_id]) == set()
    later(monkeypatch, days=12)
    deliveries_tidy()
    assert not RoutedEvent.objects.exists()


def test_what_came_days_late_is_routed_though_its_wake_up_got_lost(
    in_alder: Cast, goal: Goal, webhook: Destination, asked: Asked
) -> None:
    webhook.rules.update(holds_since=NOW - timedelta(days=30))
    days = {"late": 6, "in_time": 5, "older": 10}
    found = {name: convert(goal, in_alder.site, minutes=24 * 60 * ago) for name, ago in days.items()}
    for name, hours in (("late", 3), ("older", 3)):
        Event.objects.filter(event_id=found[name].event_id).update(received_at=NOW - timedelta(hours=hours))
    tasks._sweep()
    cache.delete("routing-far")
    tasks._sweep()
    assert only().event_id == found["late"].event_id
    # Of events that are no goal as well, as long as their wake-up comes.
    webhook.rules.all().delete()
    Delivery.objects.all().delete()
    rule_make(webhook, event_name="demo")
    webhook.rules.update(holds_since=NOW - timedelta(days=30))
    events_route(site_id=in_alder.site.id, session_ids=[one.session_id for one in found.values()])
    assert only().event_id == found["late"].event_id
