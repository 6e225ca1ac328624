"""How a destination is as a whole: its breaker, and what only a person can mend, told once."""

from collections.abc import Sequence
from datetime import timedelta

from django.db.models import Case, F, Q, When
from django.db.models.functions import Least

from apps.core import clock
from apps.core.facts import publish
from apps.core.tenancy import current_schema

from . import measures
from .backoff import FAILURES, REFUSED_PAUSE, breaker_pause
from .facts import DestinationRefused
from .models import Destination
from .offs import off_note
from .providers.base import Outcome, Verdict

REFUSALS = (Outcome.REFUSED, Outcome.GONE)
TOLD_AGAIN = timedelta(days=1)
# A whole destination waits for no longer than this, whatever its provider asks for.
LONGEST_ASKED_SECONDS = 3600.0


def is_probe(destination: Destination) -> bool:
    """Return whether the destination was left alone: whatever is sent now is to show whether it is well again."""
    return destination.failures >= FAILURES or bool(destination.problem)


def destination_judge(destination: Destination, verdicts: Sequence[Sequence[Verdict]]) -> None:
    """Note how a destination is, by what came of some requests that were on their way together.

    `verdicts`: of each request's messages. The destination is the caller's, read a moment ago.
    """
    failures = [failure for of_request in verdicts if (failure := _failure(of_request))]
    refused = next((one for one in failures if one.outcome in REFUSALS), None)
    if refused:
        destination_failed(destination, refused)
    elif failures and len(failures) == len(verdicts):
        destination_failed(destination, _longest(failures), times=len(failures))
    elif verdicts:
        destination_worked(destination)
        if failures:
            _pause(destination, _longest(failures).retry_after)


def destination_failed(destination: Destination, verdict: Verdict, *, times: int = 1) -> None:
    """Note failures in a row: the destination is left alone where it fails as a whole, longer each time."""
    now = clock.now()
    mine = Destination.objects.filter(id=destination.id)
    if verdict.outcome in REFUSALS:
        # The same again within a day, though it worked between, is no news: it was told.
        is_told = When(problem_told_at__gt=now - TOLD_AGAIN, problem_words=verdict.words, then=F("problem_told_at"))
        is_new = bool(mine.filter(problem="").update(problem_at=now, problem_told_at=Case(is_told, default=None)))
        mine.update(
            problem=verdict.reason,
            problem_words=verdict.words,
            open_until=now + REFUSED_PAUSE,
        )
        if verdict.outcome is Outcome.GONE:
            off_note(mine, destination.provider, now)
        destination.refresh_from_db()
        if is_new:
            measures.PAUSES.labels(destination.provider, "refused").inc()
            publish(DestinationRefused(current_schema(), destination.id))
        return
    # What was on its way already when it was left alone says nothing new: else one bad moment of a busy destination
    # would count as many.
    is_alone = Q(failures__gte=FAILURES, open_until__gt=now)
    counted = mine.exclude(is_alone).update(
        failures=Case(
            When(failures__gte=FAILURES, then=F("failures") + 1), default=Least(F("failures") + times, FAILURES)
        )
    )
    destination.refresh_from_db()
    pause = breaker_pause(destination.failures) if counted else None
    if pause is not None:
        mine.update(open_until=now + pause)
        destination.open_until = now + pause
        measures.PAUSES.labels(destination.provider, verdict.reason).inc()
    _pause(destination, verdict.retry_after)


def destination_worked(destination: Destination) -> None:
    """Note that the provider takes what it is sent. No query where it did before.

    What it has asked to wait for, it is waited for all the same.
    """
    was_left_alone = is_probe(destination)
    is_over = destination.open_until is not None and (was_left_alone or destination.open_until <= clock.now())
    if not (destination.failures or was_left_alone or is_over):
        return
    # One that an answer has switched off meanwhile stays off, with the reason.
    Destination.objects.filter(id=destination.id, is_on=True).update(
        failures=0,
        # Its words, and when it was told, stay: see `destination_failed`.
        problem="",
        problem_at=None,
        open_until=None if is_over else destination.open_until,
    )
    destination.refresh_from_db()


def _pause(destination: Destination, asked: float | None) -> None:
    """Leave a destination alone for as long as its provider asks; never for less than it is already."""
    if asked is None:
        return
    until = clock.now() + timedelta(seconds=min(asked, LONGEST_ASKED_SECONDS))
    if destination.open_until is not None and destination.open_until >= until:
        return
    Destination.objects.filter(id=destination.id).update(open_until=until)
    destination.open_until = until
    measures.PAUSES.labels(destination.provider, "asked").inc()


def _failure(verdicts: Sequence[Verdict]) -> Verdict | None:
    """Return what of a request's verdicts speaks against the destination as a whole."""
    refused = next((verdict for verdict in verdicts if verdict.outcome in REFUSALS), None)
    return refused or next((one for one in verdicts if one.outcome in (Outcome.RETRY, Outcome.UNSURE)), None)


def _longest(failures: Sequence[Verdict]) -> Verdict:
    return max(failures, key=lambda one: one.retry_after or 0.0)
