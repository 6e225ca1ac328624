"""What leaves open whether a delivery has arrived."""

from collections.abc import Collection, Iterable
from datetime import datetime

from django.db.models import F, Q

from .models import DeliveryAttempt
from .providers.base import FAILED_UNREAD, TAKEN_IN_PART, TAKEN_UNREAD, Outcome, Provider

STOPPED = "stopped"
# Reasons of `Unanswered` where something of the request was sent.
ARRIVED_PERHAPS = ("timeout", "broken_off")
_IN_PART = Q(outcome=Outcome.SPLIT, reason=TAKEN_IN_PART)
_UNREAD = Q(outcome=Outcome.RETRY, reason__in=(TAKEN_UNREAD, FAILED_UNREAD))
_UNKNOWN = Q(outcome="lost") | Q(outcome="unanswered", reason__in=ARRIVED_PERHAPS) | _IN_PART | _UNREAD


def attempts_in_doubt(delivery_ids: Iterable[int]) -> dict[int, str]:
    """Return deliveries that may have arrived by an attempt of which nobody knows, with why. One query.

    STOPPED: its worker died; TAKEN_IN_PART: the provider took some of its request, and nobody knows which;
    TAKEN_UNREAD: it took it, and what it said of it can't be read; FAILED_UNREAD: it failed at it, and didn't say
    whether it had taken it; else the reason for which there was no answer. What was before a person had it sent again
    is decided: its time begins anew with that.
    """
    return _doubts(Q(ended_at=None) | _UNKNOWN & Q(begun_at__gt=F("delivery__created_at")), delivery_ids)


def attempts_perhaps_arrived(delivery_ids: Iterable[int]) -> dict[int, str]:
    """Return deliveries that may have arrived by whichever attempt, with why; what was decided since counts for naught.

    Beside `attempts_in_doubt`'s reasons those of answers that left it open. One query, none without deliveries.
    """
    return _doubts(Q(ended_at=None) | _UNKNOWN | Q(outcome=Outcome.UNSURE), delivery_ids)


def _doubts(unknown: Q, delivery_ids: Iterable[int]) -> dict[int, str]:
    found = DeliveryAttempt.objects.filter(unknown, delivery_id__in=list(delivery_ids))
    rows = found.order_by("number").values_list("delivery_id", "reason")
    return {delivery_id: reason or STOPPED for delivery_id, reason in rows}


def attempts_end_lost(delivery_ids: Collection[int], now: datetime) -> None:
    """Say of lost attempts that they are."""
    if delivery_ids:
        DeliveryAttempt.objects.filter(delivery_id__in=delivery_ids, ended_at=None).update(
            ended_at=now, outcome="lost", reason=STOPPED
        )


def doubt_words(provider: Provider, doubt: str) -> str:
    """Return a sentence on why a delivery may have arrived, of a reason of `attempts_perhaps_arrived`."""
    if doubt == TAKEN_IN_PART:
        return f"{provider.label} took a part of the request that this was in, and it isn’t known which."
    if doubt == TAKEN_UNREAD:
        return f"{provider.label} answered that it took this, but nothing else that can be read."
    if doubt == FAILED_UNREAD:
        return f"{provider.label} failed at the request that this was in, and didn’t say whether it had taken it."
    if doubt not in (STOPPED, *ARRIVED_PERHAPS):
        return f"{provider.label} answered, and left open whether it took this."
    what = "Beacon was stopped" if doubt == STOPPED else "The connection to it was lost"
    return f"{what} while this was on its way."
