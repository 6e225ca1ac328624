"""Asking providers for their verdict on what they have received, where they give one later."""

from datetime import timedelta

from django.db import transaction

from apps.core import clock

from .endings import finish
from .exchange import calling
from .models import Delivery, Destination
from .providers.base import Outcome, PrepareFailed, Provider, Unanswered, Verdict
from .providers.registry import provider_of
from .recording import Ending
from .targets import target_of

State = Delivery.State
TOGETHER = 2_000
AGAIN = timedelta(minutes=30)


def deliveries_confirm(destination_id: int) -> int:
    """Ask what became of received deliveries that are due; return how many have a verdict now. Blocks.

    Where there is none within the provider's time they stay received, and say so.
    """
    destination = Destination.objects.filter(id=destination_id, archived_at=None).first()
    provider = provider_of(destination.provider) if destination else None
    if destination is None or provider is None or not provider.checks:
        return 0
    due = _claimed(destination)
    if not due:
        return 0
    with calling(stand_in_url=destination.stand_in_url, timeout=provider.timeout_seconds) as call:
        try:
            target = provider.prepare(target_of(destination), call)
            verdicts = provider.check(target, sorted({one.receipt for one in due if one.receipt}), call)
        except (PrepareFailed, Unanswered):
            verdicts = {}
    endings = [ending for one in due if (ending := _ending(one, verdicts.get(one.receipt)))]
    finish(endings)
    return len(endings)


def _claimed(destination: Destination) -> list[Delivery]:
    """Take those that are due: whoever asks beside this finds others, or nothing."""
    now = clock.now()
    with transaction.atomic():
        due = list(
            Delivery.objects.filter(destination=destination, state=State.RECEIVED, next_attempt_at__lte=now)
            .select_related("destination")
            .select_for_update(skip_locked=True, of=("self",))
            .order_by("next_attempt_at")[:TOGETHER]
        )
        taken = Delivery.objects.filter(id__in=[one.id for one in due], state=State.RECEIVED)
        taken.update(next_attempt_at=now + AGAIN)
    return due


def _ending(delivery: Delivery, verdict: Verdict | None) -> Ending | None:
    provider = provider_of(delivery.destination.provider)
    assert provider is not None  # it was asked
    if verdict is not None and verdict.outcome is Outcome.CONFIRMED:
        return Ending(delivery, State.CONFIRMED, verdict.reason, verdict.words, is_received=True)
    if verdict is not None and verdict.outcome is Outcome.REJECTED:
        return Ending(delivery, State.REJECTED, verdict.reason, verdict.words)
    if verdict is not None and verdict.outcome is Outcome.RECEIVED:
        # A verdict on all of a request's events together, which leaves open what became of this one.
        return Ending(delivery, State.RECEIVED, verdict.reason, verdict.words, is_received=True)
    if verdict is not None and verdict.outcome is Outcome.RETRY:
        return _again(delivery, provider, verdict)
    received_at = delivery.received_at or delivery.created_at
    if clock.now() > received_at + provider.check_until:
        hours = round(provider.check_until.total_seconds() / 3600)
        words = f"{provider.label} took it, and gave no verdict within {hours} hours."
        return Ending(delivery, State.RECEIVED, "no_verdict", words, is_received=True)
    return None


def _again(delivery: Delivery, provider: Provider, verdict: Verdict) -> Ending:
    due_at = clock.now() + timedelta(seconds=verdict.retry_after or 0)
    if due_at >= delivery.created_at + provider.give_up_after:
        return Ending(delivery, State.REJECTED, verdict.reason, f"{verdict.words} Given up by now.")
    return Ending(delivery, State.WAITING, verdict.reason, verdict.words, due_at=due_at)
