"""Webhooks through the whole of sending, to a receiver that checks as the standard says."""

from datetime import timedelta

import pytest

from apps.core import clock
from apps.core.errors import Refused
from apps.demo.standing_in.frame import Reply
from apps.demo.webhook_stand_in.receiver import SECRET, Receiver
from apps.destinations.delivering import destination_send
from apps.destinations.health import destination_failed, destination_judge
from apps.destinations.models import Delivery, DeliveryAttempt, Destination
from apps.destinations.providers.base import Outcome, Verdict
from apps.destinations.routing import conversions_unrouted
from apps.destinations.secrets import secrets_open
from apps.destinations.services import destination_change, destination_switch, secret_rotate, secrets_retiring
from apps.sites.models import Goal
from tests.cast import Cast

from .conftest import NOW, convert, later, only, route, webhook_make

GIVEN = "whsec_" + "Z" * 43 + "="


def send(webhook: Destination, goal: Goal, cast: Cast) -> Delivery:
    route(convert(goal, cast.site))
    destination_send(webhook.id)
    return Delivery.objects.latest("id")


def test_a_secret_is_rotated_without_loss_and_shown_once(
    in_alder: Cast, goal: Goal, receiver: Receiver, webhook: Destination, monkeypatch: pytest.MonkeyPatch
) -> None:
    new = secret_rotate(destination=webhook)
    assert new.startswith("whsec_") and new != SECRET
    assert webhook.secrets_hints == {"secret": f"••••{new[-4:]}"} and webhook.settings == {
        "url": "https://crm.example/hook"
    }
    assert secrets_retiring(webhook) == [(f"••••{SECRET[-4:]}", NOW + timedelta(hours=24))]
    # The receiver has the old one still, then both, then the new one alone.
    for hours, secrets in ((1, (SECRET,)), (2, (SECRET, new)), (3, (new,)), (25, (new,))):
        receiver.secrets = secrets
        later(monkeypatch, hours=hours)
        assert send(webhook, goal, in_alder).state == "received"
    assert sum(receiver.taken.values()) == 4
    assert secrets_retiring(webhook) == []
    kept = " ".join(DeliveryAttempt.objects.values_list("request", flat=True))
    assert new not in kept and SECRET not in kept
    # Who still has the old one after a day is told, and nothing is lost.
    receiver.secrets = (SECRET,)
    waiting = send(webhook, goal, in_alder)
    assert (waiting.state, waiting.reason) == ("waiting", "401")
    webhook.refresh_from_db()
    assert "signing secret" in webhook.problem_words


def test_a_secret_that_a_person_enters_is_rotated_just_so(
    in_alder: Cast, goal: Goal, receiver: Receiver, webhook: Destination
) -> None:
    given = {"name": "CRM", "settings": webhook.settings, "is_test_mode": False}
    destination_change(destination=webhook, secrets={"secret": ""}, **given)
    assert secrets_retiring(webhook) == []
    destination_change(destination=webhook, secrets={"secret": GIVEN}, **given)
    assert [hint for hint, _ in secrets_retiring(webhook)] == [f"••••{SECRET[-4:]}"]
    # Another change meanwhile leaves the rotation as it is.
    destination_change(destination=webhook, secrets={"secret": ""}, **given)
    for secret in (SECRET, GIVEN):
        receiver.secrets = (secret,)
        assert send(webhook, goal, in_alder).state == "received"


def test_secrets_made_elsewhere_are_not_made_here(in_alder: Cast) -> None:
    other = webhook_make(in_alder.site, "", provider="google_ads", settings={}, secrets={"client_secret": "abc"})
    with pytest.raises(Refused, match="made by the provider"):
        secret_rotate(destination=other)
    assert secrets_retiring(other) == [] and secrets_open(other.secrets_sealed) == {"client_secret": "abc"}


def test_what_it_took_before_it_was_gone_leaves_it_off_with_the_reason(in_alder: Cast, webhook: Destination) -> None:
    on_its_way = Destination.objects.get(id=webhook.id)
    destination_failed(webhook, Verdict(Outcome.GONE, "410", "It is gone."))
    on_its_way.refresh_from_db()
    destination_judge(on_its_way, [[Verdict(Outcome.RECEIVED, "200", "")]])
    webhook.refresh_from_db()
    assert (webhook.is_on, webhook.problem, webhook.problem_words) == (False, "410", "It is gone.")


def test_a_receiver_that_is_gone_switches_the_destination_off_until_a_person_switches_it_on(
    in_alder: Cast, goal: Goal, receiver: Receiver, webhook: Destination
) -> None:
    receiver.answer_with = Reply(410, "gone")
    delivery = send(webhook, goal, in_alder)
    webhook.refresh_from_db()
    assert (webhook.is_on, webhook.problem, delivery.state) == (False, "410", "waiting")
    receiver.answer_with = None
    meanwhile = convert(goal, in_alder.site)
    route(meanwhile)
    destination_send(webhook.id)
    assert not receiver.taken and Delivery.objects.count() == 1
    destination_switch(destination=webhook, is_on=True)
    assert conversions_unrouted(site_id=in_alder.site.id) == [meanwhile.id]
    route(meanwhile)
    destination_send(webhook.id)
    assert set(Delivery.objects.values_list("state", flat=True)) == {"received"}
    assert list(receiver.taken.values()) == [1, 1]


def test_a_redirect_is_never_followed(
    in_alder: Cast, goal: Goal, receiver: Receiver, receiver_url: str, webhook: Destination
) -> None:
    receiver.answer_with = Reply(307, "", {"Location": f"{receiver_url}/other"})
    send(webhook, goal, in_alder)
    assert (only().state, only().reason) == ("waiting", "307")
    attempt = DeliveryAttempt.objects.get()
    assert (attempt.outcome, attempt.status) == ("refused", 307)


def test_what_comes_twice_is_counted_and_handled_once(
    in_alder: Cast, goal: Goal, receiver: Receiver, webhook: Destination
) -> None:
    delivery = send(webhook, goal, in_alder)
    Delivery.objects.filter(id=delivery.id).update(state="waiting", next_attempt_at=clock.now())
    destination_send(webhook.id)
    assert list(receiver.taken.values()) == [2] and len(receiver.seen) == 1
