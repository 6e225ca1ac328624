"""One message that a receiver's firewall refuses while all others are taken: it stops nothing but itself."""

from datetime import datetime, timedelta

import pytest
from django.core.mail import EmailMessage

from apps.core import clock
from apps.demo.standing_in.frame import Ask, Reply
from apps.demo.webhook_stand_in.receiver import Receiver
from apps.destinations.delivering import destination_send
from apps.destinations.flights import Flights, Landed
from apps.destinations.health import destination_failed, destination_worked
from apps.destinations.models import Delivery, DeliveryAttempt, Destination
from apps.destinations.providers.base import Outcome, Verdict
from apps.destinations.services import destination_change
from apps.destinations.telling import refusal_tell, refusals_untold
from apps.sites.models import Goal
from tests.cast import Cast

from .conftest import NOW, convert, later, route


class Firewall(Receiver):
    """Refuses what it finds odd by its id, or all."""

    def __init__(self) -> None:
        super().__init__(now=lambda: clock.now().timestamp())
        self.odd: set[str] = set()
        self.is_shut = False

    def answer(self, ask: Ask) -> Reply:
        is_odd = any(one in str(ask.body) for one in self.odd)
        return Reply(403) if self.is_shut or is_odd else super().answer(ask)


@pytest.fixture
def receiver() -> Firewall:
    return Firewall()


@pytest.fixture
def deliveries(in_alder: Cast, goal: Goal, webhook: Destination, receiver: Firewall) -> list[Delivery]:
    """Sixteen that leave together, of which one is odd."""
    route(*(convert(goal, in_alder.site) for _ in range(16)))
    found = list(Delivery.objects.order_by("id"))
    receiver.odd = {str(found[7].event_id)}
    return found


@pytest.fixture
def one_landing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever leaves together lands together."""
    landed = Flights.landed

    def all_landed(flights: Flights) -> list[Landed]:
        found: list[Landed] = []
        while flights.messages:
            found += landed(flights)
        return found

    monkeypatch.setattr(Flights, "landed", all_landed)


def states() -> dict[str, int]:
    found = list(Delivery.objects.values_list("state", flat=True))
    return {state: found.count(state) for state in set(found)}


def is_well(webhook: Destination) -> bool:
    webhook.refresh_from_db()
    return (webhook.problem, webhook.failures, webhook.open_until) == ("", 0, None) and not refusals_untold().exists()


@pytest.mark.usefixtures("one_landing", "no_jitter")
def test_it_waits_alone_until_it_shows_that_it_is_about_it(
    in_alder: Cast,
    goal: Goal,
    webhook: Destination,
    deliveries: list[Delivery],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    odd = deliveries[7]
    destination_send(webhook.id)
    assert states() == {"received": 15, "waiting": 1} and is_well(webhook)
    odd.refresh_from_db()
    assert (odd.state, odd.reason, odd.next_attempt_at) == ("waiting", "403", NOW + timedelta(seconds=10))
    # Nothing else happens meanwhile: nothing new is known.
    later(monkeypatch, seconds=11)
    destination_send(webhook.id)
    odd.refresh_from_db()
    assert (odd.state, odd.attempts) == ("waiting", 2) and is_well(webhook)
    later(monkeypatch, seconds=12)
    route(convert(goal, in_alder.site))
    destination_send(webhook.id)
    later(monkeypatch, minutes=1)
    destination_send(webhook.id)
    odd.refresh_from_db()
    assert (odd.state, odd.attempts) == ("rejected", 3) and is_well(webhook)


@pytest.mark.usefixtures("no_jitter")
def test_those_that_were_taken_since_it_left_speak_for_the_destination_too(
    webhook: Destination, deliveries: list[Delivery], receiver: Firewall, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Another worker's has begun before it and was answered while it was on its way.
    other, odd = deliveries[0], deliveries[7]
    Delivery.objects.exclude(id=odd.id).update(state="received", next_attempt_at=None)
    taken_at = NOW + timedelta(seconds=1)

    def answer(ask: Ask) -> Reply:
        monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(seconds=2))
        return Reply(403)

    attempt_put(other, begun_at=NOW - timedelta(seconds=1), ended_at=taken_at)
    monkeypatch.setattr(receiver, "answer", answer)
    destination_send(webhook.id)
    assert states() == {"received": 15, "waiting": 1} and is_well(webhook)


def test_where_none_was_taken_since_it_is_the_destination(
    webhook: Destination, deliveries: list[Delivery], receiver: Firewall, monkeypatch: pytest.MonkeyPatch
) -> None:
    other, odd = deliveries[0], deliveries[7]
    Delivery.objects.exclude(id=odd.id).update(state="received", next_attempt_at=None)
    attempt_put(other, begun_at=NOW - timedelta(seconds=2), ended_at=NOW - timedelta(seconds=1))
    destination_send(webhook.id)
    webhook.refresh_from_db()
    assert (webhook.problem, webhook.open_until) == ("403", NOW + timedelta(hours=1))


@pytest.mark.usefixtures("one_landing", "no_jitter")
def test_a_destination_that_shuts_while_some_are_on_their_way_is_found_out(
    webhook: Destination, deliveries: list[Delivery], receiver: Firewall, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver.odd |= {str(one.event_id) for one in deliveries[8:]}
    destination_send(webhook.id)
    assert states() == {"received": 7, "waiting": 9} and is_well(webhook)
    receiver.is_shut = True
    later(monkeypatch, seconds=30)
    destination_send(webhook.id)
    webhook.refresh_from_db()
    assert webhook.problem == "403" and states() == {"received": 7, "waiting": 9}
    # Nothing of it is lost once it is mended.
    receiver.is_shut, receiver.odd = False, set()
    later(monkeypatch, hours=2)
    destination_send(webhook.id)
    assert states() == {"received": 16} and is_well(webhook)


def test_after_a_pause_those_that_were_tried_the_least_go_first(
    in_alder: Cast, goal: Goal, webhook: Destination, deliveries: list[Delivery], monkeypatch: pytest.MonkeyPatch
) -> None:
    odd = deliveries[7]
    Delivery.objects.exclude(id=odd.id).delete()
    destination_send(webhook.id)
    webhook.refresh_from_db()
    assert webhook.problem == "403"
    later(monkeypatch, minutes=30)
    route(convert(goal, in_alder.site))
    later(monkeypatch, hours=2)
    destination_send(webhook.id)
    assert states() == {"received": 1, "rejected": 1} and is_well(webhook)


def attempt_put(delivery: Delivery, *, begun_at: datetime, ended_at: datetime) -> None:
    DeliveryAttempt.objects.create(
        delivery=delivery,
        destination_id=delivery.destination_id,
        number=1,
        request_key=delivery.event_id,
        begun_at=begun_at,
        ended_at=ended_at,
        outcome="received",
    )


REFUSED = Verdict(Outcome.REFUSED, "403", "The address answered 403.")


def test_the_same_is_told_once_a_day_however_often_it_comes_and_goes(
    in_alder: Cast, webhook: Destination, mailoutbox: list[EmailMessage], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(**when: float) -> int:
        later(monkeypatch, **when)
        destination_failed(webhook, REFUSED)
        told = refusal_tell(webhook.id)
        destination_worked(webhook)
        assert webhook.problem == "" and webhook.problem_at is None
        return told

    assert [refused(hours=hour) for hour in (0, 1, 2, 23)] == [4, 0, 0, 0]
    assert refused(hours=25) == 4


def test_another_refusal_is_news_and_so_is_one_after_a_person_has_changed_something(
    in_alder: Cast, webhook: Destination, mailoutbox: list[EmailMessage], monkeypatch: pytest.MonkeyPatch
) -> None:
    destination_failed(webhook, REFUSED)
    assert refusal_tell(webhook.id) == 4
    destination_worked(webhook)
    destination_failed(webhook, Verdict(Outcome.REFUSED, "404", "The address answered 404."))
    assert refusal_tell(webhook.id) == 4
    destination_change(
        destination=webhook, name="CRM", settings=webhook.settings, secrets={"secret": ""}, is_test_mode=False
    )
    destination_failed(webhook, Verdict(Outcome.REFUSED, "404", "The address answered 404."))
    assert refusal_tell(webhook.id) == 4
