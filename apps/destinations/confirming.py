"""Asking providers for their verdict on what they have received, where they give one later."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from django.db import transaction
from django.db.models import Q

from apps.core import clock
from apps.core.crypto import SealBroken

from .ages import age_words
from .endings import finish
from .exchange import calling
from .health import REFUSALS, destination_failed, destination_worked
from .match import match_keys_settle
from .models import Delivery, Destination
from .providers.base import Outcome, PrepareFailed, Provider, Unanswered, Verdict
from .providers.registry import provider_of
from .recording import Ending
from .targets import SEALED, target_of

State = Delivery.State
TOGETHER = 2_000
AGAIN = timedelta(minutes=30)
# For so long after its time a verdict is still asked for that couldn't be meanwhile: as long as match keys are kept.
UNASKED = timedelta(days=7)
REMOVED = "The destination was removed before its provider’s verdict came."


def deliveries_confirm(destination_id: int) -> int:
    """Ask what became of received deliveries that are due; return how many have a verdict now. Blocks.

    Where the provider has none within its time they stay received, and say so.
    """
    destination = Destination.objects.filter(id=destination_id, archived_at=None).first()
    provider = provider_of(destination.provider) if destination else None
    if destination is None or provider is None or not provider.checks:
        return 0
    due = _claimed(destination)
    if not due:
        return 0
    verdicts = _asked(destination, provider, due)
    endings = [ending for one in due if (ending := _ending(one, provider, verdicts.get(one.receipt)))]
    finish(endings)
    return len(endings)


def checks_close(destination: Destination) -> int:
    """Have no verdict awaited any more where none will come, and say why; return of how many. Many at once.

    Of a removed destination none is asked for; of another, those that couldn't be for long after their time.
    """
    now = clock.now()
    provider = provider_of(destination.provider)
    found = Delivery.objects.filter(destination=destination, state=State.RECEIVED, next_attempt_at__isnull=False)
    reason, words = "removed", REMOVED
    if destination.archived_at is None:
        if provider is None:
            return 0
        wait = provider.check_until + UNASKED
        found = found.filter(Q(received_at__lt=now - wait) | Q(received_at=None, created_at__lt=now - wait))
        reason = "verdict_unasked"
        words = f"{provider.label} took it; for {age_words(wait)} Beacon couldn’t ask whether it counts: look there."
    count = 0
    while rows := list(found.values_list("id", "event_id")[:TOGETHER]):
        found.filter(id__in=[id_ for id_, _ in rows]).update(next_attempt_at=None, reason=reason, words=words)
        match_keys_settle(event_id for _, event_id in rows)
        count += len(rows)
    return count


def _asked(destination: Destination, provider: Provider, due: Sequence[Delivery]) -> Mapping[str, Verdict]:
    """Return what the provider says of receipts; those that it couldn't be asked about are left out."""
    with calling(stand_in_url=destination.stand_in_url, timeout=provider.timeout_seconds) as call:
        try:
            target = provider.prepare(target_of(destination), call)
            verdicts = provider.check(target, sorted({one.receipt for one in due if one.receipt}), call)
        except SealBroken:
            destination_failed(destination, SEALED)
        except PrepareFailed as failed:
            if failed.verdict.outcome in REFUSALS:
                destination_failed(destination, failed.verdict)
        except Unanswered:
            pass
        else:
            _answered(destination, verdicts)
            return verdicts
    return {}


def _answered(destination: Destination, verdicts: Mapping[str, Verdict]) -> None:
    """Note that credentials hold which didn't, where nothing waits to be sent that would show it."""
    waiting = Delivery.objects.filter(destination=destination, state__in=(State.WAITING, State.SENDING))
    if verdicts and destination.problem and not waiting.exists():
        destination_worked(destination)


def _claimed(destination: Destination) -> list[Delivery]:
    """Take those that are due: whoever asks beside this finds others, or nothing."""
    now = clock.now()
    with transaction.atomic():
        due = list(
            Delivery.objects.filter(destination=destination, state=State.RECEIVED, next_attempt_at__lte=now)
            .select_for_update(skip_locked=True)
            .order_by("next_attempt_at")[:TOGETHER]
        )
        taken = Delivery.objects.filter(id__in=[one.id for one in due], state=State.RECEIVED)
        taken.update(next_attempt_at=now + AGAIN)
    return due


def _ending(delivery: Delivery, provider: Provider, verdict: Verdict | None) -> Ending | None:
    """Return what a verdict makes of a delivery; None: it is asked for again."""
    if verdict is None:
        return None
    match verdict.outcome:
        case Outcome.CONFIRMED:
            return Ending(delivery, State.CONFIRMED, verdict.reason, verdict.words, is_received=True)
        case Outcome.REJECTED:
            return Ending(delivery, State.REJECTED, verdict.reason, verdict.words)
        case Outcome.RECEIVED:
            # As of all of a request's events together, which leaves open what became of this one.
            return Ending(delivery, State.RECEIVED, verdict.reason, verdict.words, is_received=True)
        case Outcome.RETRY:
            return _again(delivery, provider, verdict)
        case Outcome.PENDING if clock.now() > (delivery.received_at or delivery.created_at) + provider.check_until:
            hours = round(provider.check_until.total_seconds() / 3600)
            words = f"{provider.label} took it, and gave no verdict within {hours} hours."
            return Ending(delivery, State.RECEIVED, "no_verdict", words, is_received=True)
        case _:
            return None


def _again(delivery: Delivery, provider: Provider, verdict: Verdict) -> Ending:
    due_at = clock.now() + timedelta(seconds=verdict.retry_after or 0)
    if due_at >= delivery.created_at + provider.give_up_after:
        return Ending(delivery, State.REJECTED, verdict.reason, f"{verdict.words} Given up by now.")
    return Ending(delivery, State.WAITING, verdict.reason, verdict.words, due_at=due_at)
