"""Counts by UTC day for the statistics page, in "volatile": one small hash a day, kept for 35 days. No address in it.

What is counted here is counted for Prometheus too, which sees further back and each machine by itself.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import cast

from apps.core import clock
from apps.tracking import valkey

from . import measures
from .providers.base import Failure, ProviderError

KEPT_DAYS = 35
# Upper bounds of what a request takes, ms; the last one is for all that take longer.
BOUNDS_MS = (10, 20, 35, 50, 75, 100, 150, 200, 300, 450, 700, 1_000, 1_500, 2_500, 4_000, 6_000, 10_000, 30_000)
LAST_ERROR = "beacon:enrichment:last-error"
SUCCEEDED = "succeeded"


class Outcome(StrEnum):
    """What became of an address that was to be resolved."""

    HIT = "hit"  # known from before
    HIT_NOTHING = "hit_nothing"  # known from before that IPinfo knows nothing
    SHARED = "shared"  # somebody else asked at the same moment
    FOUND = "found"
    MISSED = "missed"  # IPinfo knows nothing
    FAILED = "failed"  # the request failed, ours or somebody else's
    BREAKER = "breaker"  # IPinfo is being left alone
    BUDGET = "budget"  # the day's budget is spent
    RESERVED = "reserved"  # nobody's on the internet: never asked


HITS = (Outcome.HIT, Outcome.HIT_NOTHING, Outcome.SHARED)


def addresses_count(outcomes: "Counter[Outcome]") -> None:
    outcomes = +outcomes
    if not outcomes:
        return
    for outcome, count in outcomes.items():
        measures.ADDRESSES.labels(outcome.value).inc(count)
    _add({f"of:{outcome.value}": count for outcome, count in outcomes.items()})


def request_count(*, entries: int, seconds: float, error: ProviderError | None = None) -> None:
    """Count a request to IPinfo: how many addresses it had, how long it took, and how it failed."""
    outcome = error.failure.value if error else SUCCEEDED
    measures.REQUESTS.labels(outcome).inc()
    measures.ENTRIES.inc(entries)
    measures.REQUEST_SECONDS.observe(seconds)
    bucket = bisect_left(BOUNDS_MS, 1000 * seconds)
    _add({f"requests:{outcome}": 1, "entries": entries, f"took:{bucket}": 1})
    if error is not None:
        pipeline = valkey.volatile().pipeline()
        pipeline.hset(LAST_ERROR, mapping={"at": str(clock.now_ms()), "text": str(error)})
        pipeline.expire(LAST_ERROR, KEPT_DAYS * 24 * 3600)
        pipeline.execute()


@dataclass(frozen=True, slots=True)
class Summary:
    """Sums of some days. Ratios and times are None where there is nothing to say."""

    outcomes: "Counter[str]" = field(default_factory=Counter)
    requests: "Counter[str]" = field(default_factory=Counter)
    entries: int = 0
    took: Sequence[int] = ()  # by bucket

    @property
    def addresses(self) -> int:
        return self.outcomes.total()

    @property
    def hit_ratio(self) -> float | None:
        """The share of what could have been asked that needn't be."""
        hits = sum(self.outcomes[outcome] for outcome in HITS)
        asked = self.addresses - self.outcomes[Outcome.RESERVED]
        return hits / asked if asked else None

    @property
    def errors(self) -> int:
        return sum(self.requests[failure] for failure in Failure)

    def percentile_ms(self, ratio: float) -> int | None:
        """Return the upper bound of the time that `ratio` of the requests took."""
        total, reached = sum(self.took), 0
        for bucket, count in enumerate(self.took):
            reached += count
            if total and reached >= ratio * total:
                return BOUNDS_MS[min(bucket, len(BOUNDS_MS) - 1)]
        return None


@dataclass(frozen=True, slots=True)
class LastError:
    at: datetime
    text: str


def summary(*, days: int) -> Summary:
    """Return the sums of the last `days` days, today among them. One round trip. Raises RedisError."""
    today = clock.today()
    pipeline = valkey.volatile().pipeline(transaction=False)
    for back in range(days):
        pipeline.hgetall(_name(today - timedelta(days=back)))
    sums: Counter[str] = Counter()
    for held in cast("list[dict[bytes, bytes]]", pipeline.execute()):
        sums.update({name.decode(): int(count) for name, count in held.items()})
    return Summary(
        outcomes=_part(sums, "of:"),
        requests=_part(sums, "requests:"),
        entries=sums["entries"],
        took=[sums[f"took:{bucket}"] for bucket in range(len(BOUNDS_MS) + 1)],
    )


def last_error() -> LastError | None:
    held = cast("dict[bytes, bytes]", valkey.volatile().hgetall(LAST_ERROR))
    if b"at" not in held:
        return None
    at = datetime.fromtimestamp(int(held[b"at"]) / 1000, UTC)
    return LastError(at, held.get(b"text", b"").decode())


def _part(sums: "Counter[str]", prefix: str) -> "Counter[str]":
    return Counter({name.removeprefix(prefix): count for name, count in sums.items() if name.startswith(prefix)})


def _add(counts: dict[str, int]) -> None:
    pipeline = valkey.volatile().pipeline()
    name = _name(clock.today())
    for field_name, count in counts.items():
        pipeline.hincrby(name, field_name, count)
    pipeline.expire(name, KEPT_DAYS * 24 * 3600)
    pipeline.execute()


def _name(day: date) -> str:
    return f"beacon:enrichment:day:{day:%Y-%m-%d}"
