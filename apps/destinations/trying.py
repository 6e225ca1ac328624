"""Sending a test: one request, at once, while a person waits, with the provider's answer shown as it came.

A row and an attempt are kept as of any delivery, marked as a test: it counts for no goal, is never sent again, and what
the visitor is recognised by stays there for what is due.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from apps.core import clock
from apps.core.facts import publish
from apps.core.tenancy import current_schema

from . import recording
from .consent import receipt_kept
from .exchange import calling
from .facts import DeliveriesDue
from .health import destination_worked
from .mapping import Mapped, kept, message_of
from .masking import answer_masked, request_masked
from .models import Delivery, Destination
from .occurrences import Message
from .providers.base import Answer, Outcome, PrepareFailed, Problem, Provider, Target, Unanswered, Verdict
from .recording import Ending, Tried
from .samples import Sample
from .twin_keys import keys_told

State = Delivery.State
# Of each request of a test: a person waits for it, and the page for 20 seconds at most.
LONGEST_SECONDS = 8.0
STATES = {
    Outcome.RECEIVED: State.RECEIVED,
    Outcome.CONFIRMED: State.CONFIRMED,
    # What a test is for: nothing else was to come of it.
    Outcome.CHECKED: State.RECEIVED,
    Outcome.UNSURE: State.UNCERTAIN,
    # Passing, but a test isn't tried again.
    Outcome.RETRY: State.DEAD,
}


@dataclass(frozen=True, slots=True)
class Tested:
    """What came of a test. `problems`: why nothing was sent; else `verdict`. `request` and `answer` are masked.

    `status`, `duration_ms`: of the answer, None where there was none.
    """

    sample: Sample
    problems: Sequence[Problem] = ()
    verdict: Verdict | None = None
    request: str = ""
    answer: str = ""
    status: int | None = None
    duration_ms: int | None = None
    delivery_id: int | None = None

    @property
    def is_fine(self) -> bool:
        fine = (Outcome.RECEIVED, Outcome.CONFIRMED, Outcome.CHECKED)
        return self.verdict is not None and self.verdict.outcome in fine


def destination_try(
    *, destination: Destination, provider: Provider, target: Target, sample: Sample, name: str, mapped: Mapped
) -> Tested:
    """Send a destination a test and return what came of it. Blocks, at most twice LONGEST_SECONDS.

    A destination that was left alone and takes it gets what is due, where that proves anything.
    """
    delivery = _delivery(destination, sample, name, mapped)
    message = _message(delivery, sample, mapped)
    if problems := provider.problems(target, message):
        return Tested(sample, problems)
    delivery.match_keys = keys_told(provider, message)
    delivery.save(force_insert=True)
    message = _message(delivery, sample, mapped)
    timeout = min(provider.timeout_seconds, LONGEST_SECONDS)
    with calling(stand_in_url=destination.stand_in_url, timeout=timeout) as call:
        try:
            target = provider.prepare(target, call)
        except PrepareFailed as failed:
            return _ended(delivery, Tested(sample, verdict=failed.verdict, delivery_id=delivery.id))
        except Unanswered as error:
            verdict = Verdict(Outcome.RETRY, error.reason, error.words)
            return _ended(delivery, Tested(sample, verdict=verdict, delivery_id=delivery.id))
        request = provider.test_request(target, message)
        secrets = recording.secrets_shown(target)
        shown = request_masked(request, provider.masked, secrets)
        held = {delivery.id: delivery}
        [begun] = recording.attempts_begin(held, [request], target, provider=provider, shown=lambda *_: shown)
        answer: Answer | Unanswered
        try:
            answer = call(request)
            verdict = provider.verdicts(request, answer)[0]
        except Unanswered as error:
            answer = error
            verdict = Verdict(Outcome.UNSURE if error.may_have_arrived else Outcome.RETRY, error.reason, error.words)
    recording.attempts_end([Tried(begun, answer, [verdict])], provider, clock.now())
    tested = Tested(
        sample,
        verdict=verdict,
        request=shown,
        answer=answer_masked(answer.text, provider.masked, secrets) if isinstance(answer, Answer) else "",
        status=answer.status if isinstance(answer, Answer) else None,
        duration_ms=answer.duration_ms if isinstance(answer, Answer) else None,
        delivery_id=delivery.id,
    )
    # One that is off stays so, with the reason: whether it goes on is a person's to say.
    is_proof = isinstance(answer, Answer) and tested.is_fine and provider.test_proves_access
    if is_proof and destination.is_on and (destination.problem or destination.failures):
        destination_worked(destination)
        publish(DeliveriesDue(current_schema(), destination.id))
    return _ended(delivery, tested)


def _delivery(destination: Destination, sample: Sample, name: str, mapped: Mapped) -> Delivery:
    """Return a test's row: as it stands should the server be stopped before the answer."""
    occurrence, now = sample.occurrence, clock.now()
    return Delivery(
        destination=destination,
        site_id=destination.site_id,
        event_id=occurrence.event_id,
        # Of no goal, and beside the event's own delivery: neither keeps the other from being sent.
        occurrence=f"test:{uuid.uuid4().hex}",
        session_id=occurrence.session_id,
        occurred_at=occurrence.occurred_at,
        source_name=occurrence.goal_name or occurrence.event_name,
        name=name,
        mapped=kept(mapped),
        consent=receipt_kept(occurrence.consent),
        has_twin_id=bool(occurrence.match.event_id),
        state=State.UNCERTAIN,
        reason="stopped",
        words="Beacon was stopped before the test’s answer came.",
        created_at=now,
        finished_at=now,
        is_test=True,
    )


def _message(delivery: Delivery, sample: Sample, mapped: Mapped) -> Message:
    made = message_of(
        delivery_id=delivery.id or 0,
        key=recording.delivery_key(delivery),
        name=delivery.name,
        mapped=mapped,
        occurrence=sample.occurrence,
    )
    return Message(
        made.delivery_id, made.key, made.name, made.value, made.currency, made.params, made.occurrence, is_test=True
    )


def _ended(delivery: Delivery, tested: Tested) -> Tested:
    verdict = tested.verdict
    assert verdict is not None  # it was sent
    state = STATES.get(verdict.outcome, State.REJECTED)
    # What the visitor is recognised by isn't forgotten by this: the conversion itself may still be due.
    recording.deliveries_end(
        [Ending(delivery, state, verdict.reason, verdict.words, receipt=verdict.receipt, is_received=tested.is_fine)]
    )
    return tested
