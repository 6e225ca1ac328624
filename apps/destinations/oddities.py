"""One delivery alone that its destination refuses, as for want of credentials, while it takes others.

A firewall before a receiver, say, may let in all but one. That one mustn't stop the whole destination.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from django.db.models import Q

from .models import Delivery, DeliveryAttempt
from .providers.base import Outcome
from .recording import Tried

State = Delivery.State
TAKEN = (Outcome.RECEIVED, Outcome.CONFIRMED)
# Longer than any request takes (exchange.LONGEST_SECONDS): what has ended since a moment began no longer before it.
BEGUN_BEFORE = timedelta(minutes=5)


def oddities_told(tried: Sequence[Tried], deliveries: Mapping[int, Delivery]) -> list[Tried]:
    """Return what came of requests that landed together, with refusals that are about one delivery told as such.

    `deliveries`: those that are held, by id. No query where nothing was refused alone.
    """
    is_any_taken = any(verdict.outcome in TAKEN for one in tried for verdict in one.verdicts)
    return [_told(one, deliveries, is_any_taken=is_any_taken) for one in tried]


def _told(one: Tried, deliveries: Mapping[int, Delivery], *, is_any_taken: bool) -> Tried:
    verdict, *others = one.verdicts
    delivery = deliveries.get(one.of.request.messages[0].delivery_id)
    if others or verdict.outcome is not Outcome.REFUSED or delivery is None:
        return one
    if delivery.attempts > 1 and _is_taken_since_last_try(delivery, verdict.reason):
        words = f"{verdict.words} Others were taken since it was refused before: it is about this one."
        return replace(one, verdicts=[replace(verdict, outcome=Outcome.REJECTED, words=words)])
    if is_any_taken or _is_taken_since(delivery.destination_id, one.of.begun_at) or _is_known(delivery, verdict.reason):
        words = f"{verdict.words} Others were taken beside it, so this one is tried again by itself."
        return replace(one, verdicts=[replace(verdict, outcome=Outcome.RETRY, words=words)], is_odd=True)
    return one


def _is_taken_since_last_try(delivery: Delivery, reason: str) -> bool:
    """Return whether its destination took another one since a delivery was refused the last time. Two queries."""
    is_refusal = Q(outcome=Outcome.REFUSED) | Q(outcome=Outcome.RETRY, reason=reason)
    refused = DeliveryAttempt.objects.filter(is_refusal, delivery_id=delivery.id).order_by("-number")
    refused_at = refused.values_list("ended_at", flat=True).first()
    others = Delivery.objects.filter(destination_id=delivery.destination_id, is_test=False)
    return refused_at is not None and others.filter(received_at__gt=refused_at).exists()


def _is_taken_since(destination_id: int, begun_at: datetime) -> bool:
    taken = DeliveryAttempt.objects.filter(destination_id=destination_id, outcome__in=TAKEN, delivery__is_test=False)
    return taken.filter(begun_at__gt=begun_at - BEGUN_BEFORE, ended_at__gt=begun_at).exists()


def _is_known(delivery: Delivery, reason: str) -> bool:
    """Return whether it was one of these the last time, and no other is. Then nothing new is known of the destination:
    where none is taken any more the next other one shows it.
    """
    last = DeliveryAttempt.objects.filter(delivery_id=delivery.id, number=delivery.attempts - 1)
    waiting = Delivery.objects.filter(
        destination_id=delivery.destination_id, state__in=(State.WAITING, State.SENDING), reason=reason
    )
    return last.filter(outcome=Outcome.RETRY, reason=reason).exists() and not waiting.exclude(id=delivery.id).exists()
