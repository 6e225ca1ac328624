"""Who is woken, and what is left to those who were."""

from collections.abc import Iterator
from typing import Any

import pytest

from apps.core.tenancy import current_schema
from apps.destinations import tasks
from apps.destinations.delivering import due_within
from apps.destinations.models import Delivery, Destination, RoutedConversion
from apps.destinations.services import destination_switch
from apps.destinations.tasks import destination_send_task, destination_wake
from apps.sites.models import Goal
from apps.tracking import valkey
from tests.cast import Cast

from .conftest import convert, later, only, route

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


def test_a_sweep_routes_all_that_was_left(
    in_alder: Cast, goal: Goal, webhook: Destination, asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.destinations.routing.TOGETHER", 2)
    for number in range(5):
        convert(goal, in_alder.site, minutes=number + 1)
    tasks._sweep()
    tasks._sweep()
    assert Delivery.objects.count() == 5
