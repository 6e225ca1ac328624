"""Deliveries that a person decides on: what would be sent again, and having it sent; the same with other contents."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Count, Q, QuerySet

from apps.core.crypto import SealBroken
from apps.core.errors import Refused

from .loading import Wanted, occurrences_load
from .mapping import Mapped, message_of
from .match import match_keys_of
from .models import Delivery, Destination
from .providers.base import Problem
from .providers.registry import provider_of
from .recording import delivery_key
from .services import SENDABLE, deliveries_resend, delivery_edit
from .targets import target_of

State = Delivery.State
TOGETHER = 1_000


@dataclass(frozen=True, slots=True)
class Again:
    """What would be sent again to one destination. `uncertain`: may have arrived; `too_old`: wouldn't be taken."""

    destination: Destination
    count: int
    uncertain: int
    too_old: int


def sendable(deliveries: QuerySet[Delivery]) -> QuerySet[Delivery]:
    """Return those that can be sent again."""
    return deliveries.filter(state__in=SENDABLE, is_test=False, destination__archived_at=None)


def again_of(deliveries: QuerySet[Delivery], now: datetime) -> Sequence[Again]:
    """Return what sending these again would do, by destination. One query, and one for each destination."""
    found = sendable(deliveries).order_by()
    counted = found.values("destination_id").annotate(
        n=Count("pk"), unsure=Count("pk", filter=Q(state=State.UNCERTAIN))
    )
    rows = {row["destination_id"]: row for row in counted}
    plan = []
    for destination in Destination.objects.filter(id__in=rows).order_by("id"):
        row, provider = rows[destination.id], provider_of(destination.provider)
        oldest = now - provider.max_age if provider else now
        too_old = found.filter(destination_id=destination.id, occurred_at__lt=oldest).count()
        plan.append(Again(destination, row["n"], row["unsure"], too_old))
    return plan


def letters_resend(*, site_id: int, deliveries: QuerySet[Delivery]) -> int:
    """Have all of these sent again that can be; return how many. In slices, each of which is taken at once."""
    total, last_id = 0, 0
    while ids := list(
        sendable(deliveries).filter(id__gt=last_id).order_by("id").values_list("id", flat=True)[:TOGETHER]
    ):
        total += deliveries_resend(site_id=site_id, delivery_ids=ids)
        last_id = ids[-1]
    return total


def letter_problems(delivery: Delivery, *, name: str, mapped: Mapped) -> Sequence[Problem]:
    """Return why a delivery wouldn't be taken with these contents, by its provider's own rules.

    `delivery` has its destination. At most ten queries. Raises Refused where it can't be sent at all.
    """
    destination = delivery.destination
    provider = provider_of(destination.provider)
    if provider is None or destination.archived_at is not None:
        raise Refused("Its destination isn’t there any more: it can’t be sent.")
    wanted = [Wanted(delivery.event_id, delivery.occurred_at, delivery.goal_id)]
    match = match_keys_of([delivery.event_id])
    one = occurrences_load(site_id=delivery.site_id, wanted=wanted, match=match).get(
        (delivery.event_id, delivery.goal_id)
    )
    if one is None:
        raise Refused("The visit was erased meanwhile: there is nothing left to send.")
    message = message_of(
        delivery_id=delivery.id,
        key=delivery_key(delivery),
        name=name,
        mapped=mapped,
        occurrence=one.occurrence,
        counted_by=delivery.counted_by,
    )
    if words := provider.unmatchable(message):
        return [Problem("", words)]
    try:
        target = target_of(destination)
    except SealBroken:
        raise Refused("The destination’s secrets can’t be opened with this server’s key: enter them again.") from None
    return provider.problems(target, message)


def letter_send_changed(*, delivery: Delivery, name: str, mapped: Mapped) -> None:
    """Change what a delivery says and have it sent again. Raises Refused where it isn't one that can be."""
    with transaction.atomic():
        delivery_edit(delivery=delivery, name=name, mapped=mapped)
        deliveries_resend(site_id=delivery.site_id, delivery_ids=[delivery.id])
