"""A worker that stood still for longer than its lease holds: what others have taken meanwhile is theirs."""

import pytest

from apps.demo.webhook_stand_in.receiver import Receiver
from apps.destinations import delivering
from apps.destinations.delivering import destination_send
from apps.destinations.leases import RENEWED, deliveries_claim, leases_end, leases_renew
from apps.destinations.models import Delivery, DeliveryAttempt, Destination
from apps.destinations.recording import Ending, deliveries_end
from apps.sites.models import Goal
from tests.cast import Cast
from tests.queries import queries_asked

from .conftest import NOW, convert, later, only, route

State = Delivery.State


@pytest.fixture
def held(in_alder: Cast, webhook: Destination, goal: Goal) -> Delivery:
    route(convert(goal, in_alder.site))
    (claimed,) = deliveries_claim(webhook.id, 16)
    return claimed


def test_what_is_held_is_nobody_elses_until_the_lease_is_over(
    webhook: Destination, held: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert deliveries_claim(webhook.id, 16) == []
    with queries_asked(0):
        assert leases_renew([held]) == {held.id}
    later(monkeypatch, seconds=50)
    assert leases_renew([held]) == {held.id}
    later(monkeypatch, seconds=100)
    assert deliveries_claim(webhook.id, 16) == []
    later(monkeypatch, seconds=111)
    (taken,) = deliveries_claim(webhook.id, 16)
    later(monkeypatch, seconds=111 + RENEWED.total_seconds() + 1)
    assert leases_renew([held]) == set()
    assert leases_renew([taken]) == {taken.id}


def test_whoever_lost_it_neither_ends_it_nor_lets_it_go(
    webhook: Destination, held: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    later(monkeypatch, minutes=2)
    (taken,) = deliveries_claim(webhook.id, 16)
    deliveries_end([Ending(held, State.WAITING, "503", "Answered 503.", due_at=NOW)])
    leases_end([held])
    assert (only().state, only().leased_until) == ("sending", taken.leased_until)
    deliveries_end([Ending(taken, State.RECEIVED, "204", "Answered 204.", is_received=True)])
    assert only().state == "received"


def test_what_nothing_was_tried_with_can_be_let_go(webhook: Destination, held: Delivery) -> None:
    leases_end([held])
    assert [one.id for one in deliveries_claim(webhook.id, 16)] == [held.id]


def test_it_isnt_sent_by_who_has_lost_it_before_it_left(
    in_alder: Cast,
    receiver: Receiver,
    webhook: Destination,
    goal: Goal,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for _ in range(3):
        route(convert(goal, in_alder.site))
    first = Delivery.objects.order_by("id")[0]
    hold = delivering._hold

    def stand_still(turn: delivering.Turn) -> None:
        hold(turn)
        Delivery.objects.filter(id=first.id).update(leased_until=NOW)  # another's

    monkeypatch.setattr(delivering, "_hold", stand_still)
    destination_send(webhook.id)
    assert sum(receiver.taken.values()) == 2
    assert not DeliveryAttempt.objects.filter(delivery=first).exists()
    assert Delivery.objects.filter(state="received").count() == 2
