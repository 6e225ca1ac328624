"""The rows of deliveries and attempts, as they are written: many in one statement."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from apps.core import clock

from .inserting import rows_json
from .masking import answer_masked, request_masked, telling_masked
from .models import Delivery
from .occurrences import Message
from .providers.base import Answer, Provider, Request, Target, Unanswered, Verdict

# What a message is told by everywhere and for ever: never change it.
KEYS = uuid.UUID("5b0f2c0e-4d0c-4f5a-9c36-8f0f7c7f1a4d")

# What was given up while it was on its way, as its destination was removed, doesn't wait again.
END = """
UPDATE delivery SET state = ended.state, reason = ended.reason, words = ended.words,
    next_attempt_at = ended.due_at, leased_until = NULL,
    -- What is sent again was received by that alone: the time for its verdict begins with it.
    receipt = CASE WHEN ended.receipt = '' AND ended.state != 'waiting' THEN delivery.receipt ELSE ended.receipt END,
    received_at = CASE WHEN ended.state != 'waiting'
        THEN coalesce(delivery.received_at, CASE WHEN ended.is_received THEN %(now)s END) END,
    finished_at = CASE WHEN ended.is_final THEN %(now)s ELSE NULL END,
    consent = ended.consent, match_keys = ended.match_keys
FROM json_to_recordset(%(ended)s::json) AS ended(
    id bigint, state text, reason text, words text, due_at timestamptz, receipt text, is_received boolean,
    is_final boolean, consent jsonb, match_keys jsonb, held_until timestamptz
) WHERE delivery.id = ended.id AND (
    delivery.leased_until IS NOT DISTINCT FROM ended.held_until
    -- Its destination was removed meanwhile, and what is known by now is more than that.
    OR (delivery.state = 'dead' AND ended.state != 'waiting')
) AND NOT (
    -- Received by a destination that was removed while its verdict was asked for: it isn't sent again.
    ended.state = 'waiting' AND delivery.state = 'received' AND delivery.next_attempt_at IS NULL
)
"""
# Counted and written in one: no worker's death can come between.
BEGIN = """
WITH given AS (
    SELECT * FROM json_to_recordset(%(given)s::json)
    AS given(id bigint, destination_id bigint, held_until timestamptz, key uuid, request text, counted_by text)
),
counted AS (
    UPDATE delivery SET attempts = attempts + 1, sent_at = coalesce(sent_at, %(now)s),
        counted_by = CASE WHEN delivery.counted_by = '' THEN given.counted_by ELSE delivery.counted_by END
    FROM given WHERE delivery.id = given.id AND delivery.leased_until IS NOT DISTINCT FROM given.held_until
    RETURNING delivery.id, delivery.attempts
)
INSERT INTO delivery_attempt
    (delivery_id, destination_id, number, request_key, begun_at, outcome, reason, request, answer)
SELECT counted.id, given.destination_id, counted.attempts, given.key, %(now)s, '', '', given.request, ''
FROM counted JOIN given USING (id) RETURNING delivery_id, number
"""
END_TRIES = """
UPDATE delivery_attempt SET ended_at = %(now)s, outcome = ended.outcome, reason = ended.reason,
    status = request.status, duration_ms = request.duration_ms, answer = request.answer
FROM json_to_recordset(%(requests)s::json) AS request(key uuid, status int, duration_ms int, answer text)
JOIN json_to_recordset(%(ended)s::json) AS ended(id bigint, key uuid, outcome text, reason text)
    ON ended.key = request.key
WHERE delivery_attempt.delivery_id = ended.id AND delivery_attempt.request_key = ended.key
"""


@dataclass(frozen=True, slots=True)
class Ending:
    """What became of a delivery by now. `due_at`: when it is looked at again, None: never by itself."""

    delivery: Delivery
    state: Delivery.State
    reason: str
    words: str
    receipt: str = ""
    due_at: datetime | None = None
    is_received: bool = False

    @property
    def is_final(self) -> bool:
        return self.state not in (Delivery.State.WAITING, Delivery.State.SENDING)


@dataclass(frozen=True, slots=True)
class Try:
    """A request on its way. `key` joins the attempts of its deliveries; `numbers`: which attempt of each this is."""

    request: Request
    key: uuid.UUID
    begun_at: datetime
    target: Target
    numbers: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of a request, for each of its messages in their order. `is_odd`: of its one message alone, whatever
    came of others: it says nothing of the destination.
    """

    of: Try
    answer: Answer | Unanswered
    verdicts: Sequence[Verdict]
    is_odd: bool = False


def delivery_key(delivery: Delivery) -> str:
    """Return what a delivery is called towards its provider: the same at every try, and nobody else's."""
    return f"msg_{uuid.uuid5(KEYS, f'{delivery.destination_id}:{delivery.event_id}:{delivery.occurrence}').hex}"


def attempts_begin(
    held: Mapping[int, Delivery],
    requests: Sequence[Request],
    target: Target,
    *,
    provider: Provider,
    shown: Callable[[Request, Message], str],
) -> list[Try]:
    """Write that requests are about to leave; return them so, in their order. One query.

    `held`: their deliveries by id. Those that are held by somebody else by now are left out of `Try.numbers`.
    """
    now = clock.now()
    keyed = [(uuid.uuid4(), request) for request in requests]
    rows = [
        {
            "id": message.delivery_id,
            "destination_id": held[message.delivery_id].destination_id,
            "held_until": held[message.delivery_id].leased_until,
            "key": key,
            "request": shown(request, message),
            "counted_by": counted_by_kept(provider, message),
        }
        for key, request in keyed
        for message in request.messages
    ]
    with connection.cursor() as cursor:
        cursor.execute(BEGIN, {"now": now, "given": rows_json(rows)})
        numbers: dict[int, int] = dict(cursor.fetchall())
    return [Try(request, key, now, target, numbers) for key, request in keyed]


def counted_by_kept(provider: Provider, message: Message) -> str:
    """Return what is kept of the id that a message is counted by: nothing where it looks like somebody's data."""
    found = provider.counted_by(message)
    return found if found == telling_masked(found) else ""


def attempts_end(tried: Sequence[Tried], provider: Provider, now: datetime) -> None:
    """Write what came of requests into the attempts of their deliveries. One query."""
    requests = [
        {
            "key": one.of.key,
            "status": one.answer.status if isinstance(one.answer, Answer) else None,
            "duration_ms": _duration_ms(one, now),
            "answer": _answer_shown(one, provider),
        }
        for one in tried
    ]
    ended = [
        {
            "id": message.delivery_id,
            "key": one.of.key,
            "outcome": verdict.outcome if isinstance(one.answer, Answer) else "unanswered",
            "reason": verdict.reason,
        }
        for one in tried
        for message, verdict in zip(one.of.request.messages, one.verdicts, strict=True)
    ]
    with connection.cursor() as cursor:
        cursor.execute(END_TRIES, {"now": now, "requests": rows_json(requests), "ended": rows_json(ended)})


def _duration_ms(one: Tried, now: datetime) -> int:
    if isinstance(one.answer, Answer):
        return one.answer.duration_ms
    return round((now - one.of.begun_at).total_seconds() * 1000)


def _answer_shown(one: Tried, provider: Provider) -> str:
    if isinstance(one.answer, Answer):
        return answer_masked(one.answer.text, provider.masked, secrets_shown(one.of.target))
    return str(one.answer)


def deliveries_end(endings: Sequence[Ending]) -> None:
    """Write what became of deliveries; of those that somebody else holds by now, they will. One query."""
    if not endings:
        return
    ended = [
        {
            "id": one.delivery.id,
            "state": one.state.value,
            "reason": one.reason,
            "words": one.words.replace("\x00", ""),
            "due_at": one.due_at,
            "receipt": one.receipt.replace("\x00", "")[:500],
            "is_received": one.is_received,
            "is_final": one.is_final,
            "consent": one.delivery.consent,
            "match_keys": one.delivery.match_keys,
            "held_until": one.delivery.leased_until,
        }
        for one in endings
    ]
    with connection.cursor() as cursor:
        cursor.execute(END, {"now": clock.now(), "ended": rows_json(ended)})


def request_shown(provider: Provider, target: Target, request: Request, message: Message) -> str:
    """Return what is kept of a message's request: as if it were alone in it, masked."""
    alone = request if len(request.messages) == 1 else provider.request(target, [message])
    return request_masked(alone, provider.masked, secrets_shown(target))


def secrets_shown(target: Target) -> list[str]:
    """Return the texts that are masked wherever they stand; short ones could be part of anything."""
    return [secret for secret in (*target.secrets.values(), *target.state.values()) if len(secret) >= 8]
