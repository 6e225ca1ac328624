"""What an answer, or none, means for deliveries, and how that is written."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Count, F

from . import recording
from .backoff import retry_delay
from .checked import TEST_MODE
from .match import match_keys_settle
from .models import Delivery, DeliveryAttempt
from .occurrences import Message
from .providers.base import Answer, Outcome, Provider, Request, Unanswered, Verdict
from .recording import Ending

State = Delivery.State
# The reason of attempts that were to be checked alone, and weren't answered.
UNCHECKED = "unchecked"


def verdicts_of(provider: Provider, request: Request, answer: Answer | Unanswered) -> list[Verdict]:
    """Return a verdict for each of a request's messages, in their order."""
    if isinstance(answer, Answer):
        return provider.verdicts(request, answer)
    if request.is_check:
        # Nothing would have been kept: it is in no doubt.
        return [Verdict(Outcome.RETRY, UNCHECKED, answer.words)] * len(request.messages)
    return [_of_silence(provider, message, answer) for message in request.messages]


def _of_silence(provider: Provider, message: Message, error: Unanswered) -> Verdict:
    if not error.may_have_arrived or provider.repeats_safely(message):
        return Verdict(Outcome.RETRY, error.reason, error.words)
    words = (
        f"{error.words} It may have arrived, and {provider.label} would count a second one: look there, then send it "
        "again or leave it."
    )
    return Verdict(Outcome.UNSURE, error.reason, words)


def endings_of(provider: Provider, ended: Sequence[tuple[Delivery, Verdict]], now: datetime) -> list[Ending]:
    """Return what verdicts make of deliveries. A query where one is tried again that a person had sent again before."""
    tries = _tries_since([one for one, verdict in ended if verdict.outcome is Outcome.RETRY])
    return [_ending(provider, one, verdict, now, tries=tries.get(one.id, one.attempts)) for one, verdict in ended]


def _tries_since(deliveries: Sequence[Delivery]) -> dict[int, int]:
    """Return how often those were tried that a person had sent again, since then: their time has begun anew."""
    again = [one.id for one in deliveries if one.sent_at and one.sent_at < one.created_at]
    if not again:
        return {}
    since = DeliveryAttempt.objects.filter(delivery_id__in=again, begun_at__gte=F("delivery__created_at"))
    counted = since.values("delivery_id").annotate(tries=Count("id")).values_list("delivery_id", "tries")
    return dict.fromkeys(again, 0) | dict(counted)


def _ending(provider: Provider, delivery: Delivery, verdict: Verdict, now: datetime, *, tries: int) -> Ending:
    """Return what a verdict makes of a delivery after so many tries."""
    outcome = verdict.outcome
    if outcome in (Outcome.RECEIVED, Outcome.CONFIRMED):
        is_open = outcome is Outcome.RECEIVED and provider.checks and bool(verdict.receipt)
        return Ending(
            delivery,
            State.CONFIRMED if outcome is Outcome.CONFIRMED else State.RECEIVED,
            verdict.reason,
            verdict.words,
            receipt=verdict.receipt,
            due_at=now + provider.check_after if is_open else None,
            is_received=True,
        )
    if outcome is Outcome.CHECKED:
        return Ending(delivery, State.WITHHELD, TEST_MODE, verdict.words)
    if outcome is Outcome.REJECTED:
        return Ending(delivery, State.REJECTED, verdict.reason, verdict.words, receipt=verdict.receipt)
    if outcome is Outcome.UNSURE:
        return Ending(delivery, State.UNCERTAIN, verdict.reason, verdict.words)
    until = min(delivery.created_at + provider.give_up_after, delivery.occurred_at + provider.max_age)
    due_at = now + retry_delay(tries, retry_after=verdict.retry_after)
    if due_at >= until:
        words = f"{verdict.words} Given up after {tries} {'try' if tries == 1 else 'tries'}."
        return Ending(delivery, State.DEAD, verdict.reason, words)
    if outcome in (Outcome.REFUSED, Outcome.GONE):
        due_at = now  # held up by the destination's own pause, and sent as soon as a person has mended it
    return Ending(delivery, State.WAITING, verdict.reason, verdict.words, due_at=due_at)


def finish(endings: Sequence[Ending]) -> None:
    """Write what became of deliveries, and forget what isn't needed for them any more once that is committed."""
    recording.deliveries_end(endings)
    final = {one.delivery.event_id for one in endings if one.state not in (State.WAITING, State.SENDING)}
    if final:
        match_keys_settle(final)
