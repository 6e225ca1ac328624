"""What is counted of asking IPinfo, by day for the statistics page and for Prometheus. No address in it."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from apps.companies.asking.days import DayCounts, LastError, counts_part
from apps.companies.asking.failures import Failure, ProviderError

from . import measures

# What breaker, budget and counts are kept under.
SERVICE = "enrichment"
# Upper bounds of what a request takes, ms; the last one is for all that take longer.
BOUNDS_MS = (10, 20, 35, 50, 75, 100, 150, 200, 300, 450, 700, 1_000, 1_500, 2_500, 4_000, 6_000, 10_000, 30_000)
SUCCEEDED = "succeeded"
_counts = DayCounts(SERVICE)


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
    _counts.add({f"of:{outcome.value}": count for outcome, count in outcomes.items()})


def request_count(*, entries: int, seconds: float, error: ProviderError | None = None) -> None:
    """Count a request to IPinfo: how many addresses it had, how long it took, and how it failed."""
    outcome = error.failure.value if error else SUCCEEDED
    measures.REQUESTS.labels(outcome).inc()
    measures.ENTRIES.inc(entries)
    measures.REQUEST_SECONDS.observe(seconds)
    bucket = bisect_left(BOUNDS_MS, 1000 * seconds)
    _counts.add({f"requests:{outcome}": 1, "entries": entries, f"took:{bucket}": 1})
    if error is not None:
        _counts.error_note(str(error))


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


def summary(*, days: int) -> Summary:
    """Return the sums of the last `days` days, today among them. One round trip. Raises RedisError."""
    sums = _counts.sums(days=days)
    return Summary(
        outcomes=counts_part(sums, "of:"),
        requests=counts_part(sums, "requests:"),
        entries=sums["entries"],
        took=[sums[f"took:{bucket}"] for bucket in range(len(BOUNDS_MS) + 1)],
    )


def last_error() -> LastError | None:
    return _counts.last_error()
