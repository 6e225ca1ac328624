"""Sending what is due to one destination: claimed by rows, an attempt noted before each request, its answer after.

Where a worker dies in between, the claim ends by its lease and the attempt stands there without an end: sent again
where the provider itself drops what comes twice, else `uncertain`, for a person to decide.
"""

import logging
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction
from django.db.models import Q

from apps.core import clock
from apps.core.crypto import SealBroken

from . import measures, recording
from .archived import may_leave
from .doubts import attempts_end_lost
from .endings import endings_of, finish, verdicts_of
from .exchange import calling
from .flights import Flights, Landed, flights
from .health import destination_failed, destination_judge, is_probe
from .lanes import lane
from .leases import deliveries_claim, leases_end, leases_renew
from .models import Delivery, Destination
from .occurrences import Message
from .oddities import oddities_told
from .providers.base import (
    Call,
    Outcome,
    PrepareFailed,
    Provider,
    Target,
    Unanswered,
    Verdict,
)
from .providers.registry import provider_of
from .recording import Tried, Try
from .sendable import still_sendable
from .targets import SEALED, target_of

logger = logging.getLogger(__name__)
State = Delivery.State

TURN_SECONDS = 10.0
# Halves still leave after that, but for so long: a turn's connections end (exchange.LONGEST_SECONDS), and a request
# that is cut off by that would be in doubt and count as a failure.
HALVES_SECONDS = 90.0
# Requests on their way at once, where each has one message.
THREADS = 8
# In a turn nobody waits longer for the provider's pace, in seconds.
LONGEST_WAIT = 1.0
# Leave together, or more where the provider takes more in a request. The next do when half of them have been answered:
# all that are on their way are in doubt should the worker die now.
CHUNK = 16
# Taken up together at most, in times of CHUNK and in all (one request's messages in any case).
MOST_STRETCH, MOST_CLAIMED = 8, 256
QUICK_SECONDS = 1.0

# What others may have noted of a destination meanwhile.
HEALTH = ("problem", "failures", "open_until", "next_request_at", "is_on", "changed_at")


@dataclass(slots=True)
class Turn:
    """A turn's destination with what is needed for all its requests."""

    destination: Destination
    provider: Provider
    target: Target
    call: Call
    flights: Flights
    # Those taken up, as they were then; the messages of those that haven't left; halves of batches that were refused.
    deliveries: dict[int, Delivery] = field(default_factory=dict)
    ready: list[Message] = field(default_factory=list)
    halves: list[list[Message]] = field(default_factory=list)
    stretch: int = 1
    claimed_at: float = 0.0
    changed_at: datetime = field(init=False)

    def __post_init__(self) -> None:
        self.changed_at = self.destination.changed_at

    @property
    def is_outdated(self) -> bool:
        """Whether a person has changed the destination since: `target` is what it was before."""
        return self.destination.changed_at != self.changed_at


def destination_send(destination_id: int) -> bool:
    """Send what is due to a destination, for some seconds; return whether there is more. Blocks.

    Does nothing where the destination is off or left alone, where its site is archived, or where as many as may are at
    it already.
    """
    until = time.monotonic() + TURN_SECONDS
    with lane(destination_id) as number:
        if number is None:
            return False
        destination = Destination.objects.filter(id=destination_id, archived_at=None, is_on=True).first()
        provider = provider_of(destination.provider) if destination else None
        if destination is None or provider is None or not _may_send(destination, number):
            return False
        if not may_leave(destination.site_id):
            return False
        target = _target(destination)
        if target is None:
            return False
        with (
            calling(
                stand_in_url=destination.stand_in_url, timeout=provider.timeout_seconds, connections=THREADS
            ) as call,
            flights(call, at_once=THREADS) as flying,
        ):
            return _work(Turn(destination, provider, target, call, flying), number, until)


def due_within(destination_id: int, seconds: int) -> int | None:
    """Return in how many seconds (1 at least) something is due to a destination; None: not within `seconds`.

    Two queries. What is due already is in others' hands, who may be about to end.
    """
    waiting = Delivery.objects.filter(
        destination_id=destination_id, destination__is_on=True, destination__archived_at=None, state=State.WAITING
    )
    fields = ("next_attempt_at", "destination__open_until", "site_id")
    row = waiting.order_by("next_attempt_at").values_list(*fields).first()
    if row is None or row[0] is None:
        return None
    left = (max(row[0], row[1] or row[0]) - clock.now()).total_seconds()
    # Of an archived site none is sent for as long as it is.
    return max(1, math.ceil(left)) if left <= seconds and may_leave(row[2]) else None


def _work(turn: Turn, number: int, until: float) -> bool:
    """Send what is due until then, and wait for what is on its way by then; return whether there is more."""
    while True:
        is_more = _fill(turn, number, until)
        if not turn.flights.messages:
            return is_more
        _hold(turn)
        _settle(turn, turn.flights.landed())


def _hold(turn: Turn) -> None:
    """Hold on to what was taken up; forget what others have taken since, as this worker must have stood still."""
    held = leases_renew(turn.deliveries.values())
    turn.deliveries = {id_: delivery for id_, delivery in turn.deliveries.items() if id_ in held}
    turn.ready = [message for message in turn.ready if message.delivery_id in held]


def _fill(turn: Turn, number: int, until: float) -> bool:
    """Have what is due leave for as long as there is room on the way; return whether there may be more."""
    _halves_depart(turn, number, until - TURN_SECONDS + HALVES_SECONDS)
    while turn.flights.messages <= _size(turn) // 2:
        is_over = time.monotonic() >= until
        if is_over or not _may_go_on(turn, number):
            _give_back(turn)
            return is_over or turn.is_outdated
        if turn.ready:
            together, turn.ready = turn.ready[: _size(turn)], turn.ready[_size(turn) :]
            _depart(turn, together)
        elif not _take_up(turn):
            return False
    return True


def _halves_depart(turn: Turn, number: int, until: float) -> None:
    """Have halves leave as any request does: at the provider's pace, after a new look at destination and deliveries.

    Also when the turn is over, as the next one would begin with the whole batch again, but not after `until`. What may
    not leave now waits.
    """
    halves, turn.halves = turn.halves, []
    for half in halves:
        turn.destination.refresh_from_db(fields=HEALTH)
        may_leave_now = time.monotonic() < until and _may_go_on(turn, number) and _paced(turn)
        mine = [delivery for one in half if (delivery := turn.deliveries.pop(one.delivery_id, None))]
        if not may_leave_now:
            leases_end(mine)
        elif messages := _messages(turn, mine):
            _depart(turn, messages)


def _may_go_on(turn: Turn, number: int) -> bool:
    """Return whether more may leave in this turn: since it began its site may have been archived, or it been changed.

    A query at most.
    """
    return not turn.is_outdated and _may_send(turn.destination, number) and may_leave(turn.destination.site_id)


def _may_send(destination: Destination, number: int) -> bool:
    now = clock.now()
    if not destination.is_on or (destination.open_until is not None and now < destination.open_until):
        return False
    # After a pause one tries for all.
    return not (is_probe(destination) and number > 0)


def _target(destination: Destination) -> Target | None:
    try:
        return target_of(destination)
    except SealBroken:
        destination_failed(destination, SEALED)
        return None


def _take_up(turn: Turn) -> bool:
    """Take up what is due next; return whether there was anything."""
    if not _paced(turn):
        return False
    claimed = deliveries_claim(turn.destination.id, _claims(turn), is_probe=is_probe(turn.destination))
    turn.ready = _messages(turn, claimed) if claimed else []
    return bool(claimed)


def _paced(turn: Turn) -> bool:
    """Wait for the provider's pace; return whether its time came, within a moment."""
    waits = _waits(turn)
    if 0 < waits <= LONGEST_WAIT:
        time.sleep(waits)
    return waits <= LONGEST_WAIT


def _give_back(turn: Turn) -> None:
    """Let go of what was taken up and hasn't left."""
    leases_end(turn.deliveries.pop(message.delivery_id) for message in turn.ready)
    turn.ready = []


def _size(turn: Turn) -> int:
    """Return how many messages leave together: one where it is a try, or where each has to wait for its turn."""
    provider = turn.provider
    if is_probe(turn.destination) or (provider.pace_seconds and provider.batch_size == 1):
        return 1
    return max(provider.batch_size, CHUNK)


def _claims(turn: Turn) -> int:
    """Return how many deliveries are taken up together: more each time that the last were gone within a second.

    So a quick destination costs few queries, and a slow one holds few whose visitors could still change their minds.
    """
    size = _size(turn)
    now = time.monotonic()
    was_quick = now - turn.claimed_at < QUICK_SECONDS
    turn.claimed_at = now
    turn.stretch = min(2 * turn.stretch, MOST_STRETCH) if was_quick else max(1, turn.stretch // 2)
    return size if size == 1 or turn.provider.pace_seconds else min(size * turn.stretch, max(size, MOST_CLAIMED))


def _waits(turn: Turn) -> float:
    """Return for how many seconds the provider's own pace or quiet hours ask to wait; takes the next place.

    A place that nobody would wait for stays free: whoever is at it already goes on at the provider's pace.
    """
    provider, destination = turn.provider, turn.destination
    now = clock.now()
    quiet_until = provider.not_before(turn.target, now)
    if quiet_until is not None and quiet_until > now:
        _put_off(destination.id, quiet_until)
        return float("inf")
    if not provider.pace_seconds:
        return 0.0
    pace = timedelta(seconds=provider.pace_seconds)
    free = Q(next_request_at__isnull=True) | Q(next_request_at__lte=now)
    if Destination.objects.filter(free, id=destination.id).update(next_request_at=now + pace):
        return 0.0
    destination.refresh_from_db(fields=["next_request_at"])
    at = destination.next_request_at or now
    waits = max(0.0, (at - now).total_seconds())
    if waits > LONGEST_WAIT:
        return waits
    mine = Destination.objects.filter(id=destination.id, next_request_at=destination.next_request_at)
    # Where another worker has just taken it, the one after it is too far off.
    return waits if mine.update(next_request_at=at + pace) else float("inf")


def _put_off(destination_id: int, until: datetime) -> None:
    due = Delivery.objects.filter(destination_id=destination_id, state=State.WAITING, next_attempt_at__lt=until)
    due.update(next_attempt_at=until, reason="quiet", words="Quiet hours: it is sent when they end.")


def _messages(turn: Turn, claimed: Sequence[Delivery]) -> list[Message]:
    """Return claimed deliveries as messages; those that may not or can't be sent (any more) end here."""
    found = still_sendable(claimed, turn.destination, turn.provider, turn.target)
    turn.deliveries.update(found.deliveries)
    # Together: once its lost attempt is ended, nothing else would tell that one may have arrived.
    with transaction.atomic():
        attempts_end_lost(found.in_doubt, clock.now())
        finish(found.endings)
    return found.messages


def _depart(turn: Turn, messages: Sequence[Message]) -> None:
    """Have messages leave in the provider's batches, once it is prepared and their attempts are written."""
    provider = turn.provider
    try:
        target = provider.prepare(turn.target, turn.call)
    except PrepareFailed as failed:
        _end(turn, [(message, failed.verdict) for message in messages])
        _judge(turn, [[failed.verdict]])
        return
    except Unanswered as error:
        # Nothing of the messages has left.
        verdict = Verdict(Outcome.RETRY, error.reason, error.words)
        _end(turn, [(message, verdict) for message in messages])
        _judge(turn, [[verdict]])
        return
    _hold(turn)
    mine = [message for message in messages if message.delivery_id in turn.deliveries]
    requests = [provider.request(target, batch) for batch in provider.batches(mine)]
    shown = partial(recording.request_shown, provider, target)
    for one in recording.attempts_begin(turn.deliveries, requests, target, provider=provider, shown=shown):
        if begun := _begun(turn, one):
            turn.flights.begin(begun)


def _begun(turn: Turn, one: Try) -> Try | None:
    """Return a try with those of its messages that were still ours when it was written; None: none was."""
    for message in one.request.messages:
        number = one.numbers.get(message.delivery_id)
        if number is None:
            turn.deliveries.pop(message.delivery_id, None)
        else:
            delivery = turn.deliveries[message.delivery_id]
            delivery.attempts = number
            delivery.sent_at = delivery.sent_at or one.begun_at
            delivery.counted_by = delivery.counted_by or recording.counted_by_kept(turn.provider, message)
    mine = [message for message in one.request.messages if message.delivery_id in one.numbers]
    if len(mine) < len(one.request.messages):
        return replace(one, request=turn.provider.request(one.target, mine)) if mine else None
    return one


def _settle(turn: Turn, landed: Sequence[Landed]) -> None:
    """Note what became of requests and their messages, and how the destination is. Five queries, however many."""
    if not landed:
        return
    answered = [Tried(one, answer, verdicts_of(turn.provider, one.request, answer)) for one, answer in landed]
    tried = oddities_told(answered, turn.deliveries)
    each = [
        (message, verdict)
        for one in tried
        for message, verdict in zip(one.of.request.messages, one.verdicts, strict=True)
    ]
    with transaction.atomic():
        recording.attempts_end(tried, turn.provider, clock.now())
        _end(turn, [(message, verdict) for message, verdict in each if verdict.outcome is not Outcome.SPLIT])
    for _, verdict in each:
        measures.ATTEMPTS.labels(turn.provider.key, verdict.outcome.value).inc()
    _judge(turn, [one.verdicts for one in tried if not one.is_odd])
    for one in tried:
        together = [
            message
            for message, verdict in zip(one.of.request.messages, one.verdicts, strict=True)
            if verdict.outcome is Outcome.SPLIT
        ]
        middle = (len(together) + 1) // 2
        turn.halves += [half for half in (together[:middle], together[middle:]) if half]


def _judge(turn: Turn, verdicts: Sequence[Sequence[Verdict]]) -> None:
    """Note how the destination is, by what came of requests; as it was before a change says nothing of it."""
    turn.destination.refresh_from_db(fields=HEALTH)
    if not turn.is_outdated:
        destination_judge(turn.destination, verdicts)


def _end(turn: Turn, verdicts: Sequence[tuple[Message, Verdict]]) -> None:
    """Note what became of messages, as far as they are ours."""
    ended = [(turn.deliveries.pop(message.delivery_id, None), verdict) for message, verdict in verdicts]
    mine = [(delivery, verdict) for delivery, verdict in ended if delivery is not None]
    finish(endings_of(turn.provider, mine, clock.now()))
