"""What leaves open whether a delivery has arrived."""

from collections.abc import Collection, Iterable
from datetime import datetime

from django.db.models import F, Q

from .models import DeliveryAttempt
from .providers.base import FAILED_UNREAD, TAKEN_IN_PART, TAKEN_UNREAD, Outcome, Provider

STOPPED = "stopped"
# Reasons of `Unanswered` where something of the request was sent.
ARRIVED_PERHAPS = ("timeout", "broken_off")


def attempts_in_doubt(delivery_ids: Iterable[int]) -> dict[int, str]:
    """Return deliveries that may have arrived by an attempt of which nobody knows, with why. One query.

    STOPPED: its worker died; TAKEN_IN_PART: the provider took some of its request, and nobody knows which;
    TAKEN_UNREAD: it took it, and what it said of it can't be read; FAILED_UNREAD: it failed at it, and didn't say
    whether it had taken it; else the reason for which there was no answer. What was before a person had it sent again
    is decided: its time begins anew with that.
    """
    in_part = Q(outcome=Outcome.SPLIT, reason=TAKEN_IN_PART)
    unread = Q(outcome=Outcome.RETRY, reason__in=(TAKEN_UNREAD, FAILED_UNREAD))
    unknown = Q(outcome="lost") | Q(outcome="unanswered", reason__in=ARRIVED_PERHAPS) | in_part | unread
    found = DeliveryAttempt.objects.filter(
        Q(ended_at=None) | unknown & Q(begun_at__gt=F("delivery__created_at")), delivery_id__in=list(delivery_ids)
    )
    rows = found.order_by("number").values_list("delivery_id", "reason")
    return {delivery_id: reason or STOPPED for delivery_id, reason in rows}


def attempts_end_lost(delivery_ids: Collection[int], now: datetime) -> None:
    """Say of lost attempts that they are."""
    if delivery_ids:
        DeliveryAttempt.objects.filter(delivery_id__in=delivery_ids, ended_at=None).update(
            ended_at=now, outcome="lost", reason=STOPPED
        )


def doubt_words(provider: Provider, doubt: str) -> str:
    """Return a sentence on why a delivery may have arrived, of `attempts_in_doubt`'s reasons."""
    if doubt == TAKEN_IN_PART:
        return f"{provider.label} took a part of the request that this was in, and it isn’t known which."
    if doubt == TAKEN_UNREAD:
        return f"{provider.label} answered that it took this, but nothing else that can be read."
    if doubt == FAILED_UNREAD:
        return f"{provider.label} failed at the request that this was in, and didn’t say whether it had taken it."
    what = "Beacon was stopped" if doubt == STOPPED else "The connection to it was lost"
    return f"{what} while this was on its way."
