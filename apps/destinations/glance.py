"""How each of a site's destinations is doing: what became of what was due over a period, in figures that add up."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection

from .models import Delivery
from .windows import Window

State = Delivery.State
ARRIVED = (State.RECEIVED, State.CONFIRMED)
WAITING = (State.WAITING, State.SENDING)
FAILED = (State.REJECTED, State.UNCERTAIN, State.DEAD)
# How long it takes is read from the latest so many of a destination in each state: few enough to be read at once.
LATEST = 500

# Nothing but what `delivery_by_state` has: with a hundred thousand deliveries the table itself would take long.
DUE = """
SELECT destination_id, state, date_bin(%(span)s, created_at, %(since)s), count(*)
FROM delivery WHERE destination_id = ANY(%(ids)s) AND created_at >= %(since)s AND NOT is_test
GROUP BY 1, 2, 3
"""
# Whatever has arrived was sent; of the rest some never were.
TRIED = """
SELECT destination_id, count(*) FROM delivery
WHERE destination_id = ANY(%(ids)s) AND state IN ('waiting', 'rejected', 'uncertain', 'dead')
    AND created_at >= %(since)s AND NOT is_test AND sent_at IS NOT NULL
GROUP BY 1
"""
# From the first try on, or from when it was asked for again, until the provider had it.
TOOK = """
SELECT asked.id, percentile_disc(0.95) WITHIN GROUP (ORDER BY latest.took), max(latest.received_at)
FROM unnest(%(ids)s::bigint[]) AS asked(id)
CROSS JOIN (VALUES ('received'), ('confirmed')) AS arrived(state)
CROSS JOIN LATERAL (
    SELECT received_at, date_part('epoch', received_at - greatest(sent_at, created_at)) AS took FROM delivery
    WHERE destination_id = asked.id AND state = arrived.state AND created_at >= %(since)s
        AND NOT is_test AND received_at IS NOT NULL
    ORDER BY created_at DESC LIMIT %(latest)s
) AS latest
GROUP BY asked.id
"""


@dataclass(slots=True)
class Span:
    """What was due in one span, by what became of it until now."""

    since: datetime
    arrived: int = 0
    waiting: int = 0
    failed: int = 0
    withheld: int = 0

    @property
    def due(self) -> int:
        return self.arrived + self.waiting + self.failed + self.withheld


@dataclass(slots=True)
class Figures:
    """What was due at one destination. Every delivery is in one of `states` and in one span.

    `missed`: those that were sent at least once, didn't arrive, and aren't on their way now. `p95_seconds`: 95% of the
    latest arrived within so much time; None: none has.
    """

    spans: Sequence[Span]
    states: Counter[str] = field(default_factory=Counter)
    missed: int = 0
    p95_seconds: float | None = None
    last_arrived_at: datetime | None = None

    def sum(self, states: Iterable[str]) -> int:
        return sum(self.states[state] for state in states)

    @property
    def due(self) -> int:
        return self.states.total()

    @property
    def arrived(self) -> int:
        return self.sum(ARRIVED)

    @property
    def waiting(self) -> int:
        return self.sum(WAITING)

    @property
    def failed(self) -> int:
        return self.sum(FAILED)

    @property
    def withheld(self) -> int:
        return self.states[State.WITHHELD]

    @property
    def arrived_ratio(self) -> float | None:
        """The share of those sent that arrived; None: nothing was sent."""
        sent = self.arrived + self.missed
        return self.arrived / sent if sent else None


def figures_of(*, destination_ids: Sequence[int], window: Window, now: datetime) -> Mapping[int, Figures]:
    """Return destinations' figures by id; tests are in none of them. Three queries."""
    since = window.since(now)
    found = {id_: _empty(window, since) for id_ in destination_ids}
    given: dict[str, Any] = {"since": since, "span": window.span_length, "ids": list(found), "latest": LATEST}
    with connection.cursor() as cursor:
        cursor.execute(DUE, given)
        for destination_id, state, span_since, count in cursor.fetchall():
            figures = found[destination_id]
            figures.states[state] += count
            # A clock that is a little ahead made it just now.
            at = min((span_since - since) // window.span_length, window.spans - 1)
            _add(figures.spans[at], state, count)
        cursor.execute(TRIED, given)
        for destination_id, missed in cursor.fetchall():
            found[destination_id].missed = missed
        cursor.execute(TOOK, given)
        for destination_id, p95_seconds, last_arrived_at in cursor.fetchall():
            found[destination_id].p95_seconds = p95_seconds
            found[destination_id].last_arrived_at = last_arrived_at
    return found


def states_together(figures: Iterable[Figures]) -> Counter[str]:
    """Return how many there are in each state over several destinations."""
    return sum((one.states for one in figures), Counter())


def _empty(window: Window, since: datetime) -> Figures:
    return Figures([Span(since + number * window.span_length) for number in range(window.spans)])


def _add(span: Span, state: str, count: int) -> None:
    if state in ARRIVED:
        span.arrived += count
    elif state in WAITING:
        span.waiting += count
    elif state in FAILED:
        span.failed += count
    else:
        span.withheld += count
