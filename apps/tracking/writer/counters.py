"""What the writer counts, after each commit: a batch at a time, never an event at a time."""

from bisect import bisect_left
from collections.abc import Sequence

from redis.exceptions import RedisError

from apps.core import clock

from .. import measures
from ..ingest import Arrival
from ..ledger import State, Tally
from .batch import Stored


def count_stored(stored: Stored) -> None:
    """Count what one committed transaction has stored."""
    measures.STORED.inc(stored.rows)
    _count_lines(stored.tally)
    _count_lag(stored.arrivals)


def count_batch(entries: int, seconds: float) -> None:
    measures.BATCH_ENTRIES.observe(entries)
    measures.BATCH_SECONDS.observe(seconds)


def count_retry(error: Exception) -> None:
    measures.RETRIES.labels("durable" if isinstance(error, RedisError) else "database").inc()


def _count_lines(tally: Tally) -> None:
    for (_, _, state, reason), count in tally.items():
        if count <= 0:
            continue
        if state == State.COUNTED:
            measures.COUNTED.inc(count)
        elif state == State.FOLDED:
            measures.FOLDED.inc(count)
        elif state == State.SET_ASIDE:
            measures.SET_ASIDE.labels(reason).inc(count)
        elif state == State.REPEATED:
            measures.REPEATED.inc(count)
        elif state == State.PARKED:
            measures.PARKED.inc(count)


def _count_lag(arrivals: Sequence[Arrival]) -> None:
    now = clock.now_ms()
    bounds = measures.LAG_SECONDS.bounds
    counts, total = [0] * len(bounds), 0.0
    for arrival in arrivals:
        if arrival.envelope.import_id:
            continue  # an import goes at its own pace
        lag = max(0.0, (now - arrival.envelope.received_ms) / 1000)
        counts[bisect_left(bounds, lag)] += 1
        total += lag
    measures.LAG_SECONDS.add(counts, total)
