"""Another server's key doesn't stop what was set up under the one before."""

from typing import Any

from django.core.management import call_command

from apps.demo.webhook_stand_in.receiver import Receiver
from apps.destinations.delivering import destination_send
from apps.destinations.models import Delivery, Destination
from apps.sites.models import Goal
from tests.cast import Cast
from tests.secret_keys import former_key_drop, key_change

from .conftest import convert, route


def state_of_next(webhook: Destination, goal: Goal, cast: Cast) -> str:
    route(convert(goal, cast.site))
    destination_send(webhook.id)
    return str(Delivery.objects.latest("id").state)


def test_secrets_sign_with_the_former_key_at_hand_and_sealed_anew_without_it(
    in_alder: Cast, goal: Goal, webhook: Destination, receiver: Receiver, settings: Any
) -> None:
    key_change(settings)
    assert state_of_next(webhook, goal, in_alder) == "received"
    call_command("seal_anew")
    former_key_drop(settings)
    assert state_of_next(webhook, goal, in_alder) == "received"
    assert sum(receiver.taken.values()) == 2
