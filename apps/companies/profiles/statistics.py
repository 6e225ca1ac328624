"""What is counted of asking for profiles, by day for the statistics page and for Prometheus. No domain in it."""

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum

from apps.companies.asking.days import DayCounts, LastError
from apps.companies.asking.failures import Failure, ProviderError

from . import measures

# What breaker, budget and counts are kept under.
SERVICE = "profiles"
_counts = DayCounts(SERVICE)


class Outcome(StrEnum):
    """What became of a request, beside the failures."""

    FOUND = "found"
    UNKNOWN = "unknown"  # nothing is known of the company there
    LATER = "later"  # it is being looked for


@dataclass(frozen=True, slots=True)
class Summary:
    """Sums of some days: requests by outcome."""

    outcomes: "Counter[str]"

    @property
    def asked(self) -> int:
        return self.outcomes.total()

    @property
    def errors(self) -> int:
        return sum(self.outcomes[failure] for failure in Failure)


def request_count(outcome: Outcome | ProviderError, *, seconds: float) -> None:
    """Count a request: what came of it, and how long it took. Raises RedisError."""
    word = outcome.failure.value if isinstance(outcome, ProviderError) else outcome.value
    measures.REQUESTS.labels(word).inc()
    measures.REQUEST_SECONDS.observe(seconds)
    _counts.add({word: 1})
    if isinstance(outcome, ProviderError):
        _counts.error_note(str(outcome))


def summary(*, days: int) -> Summary:
    """Return the sums of the last `days` days, today among them. One round trip. Raises RedisError."""
    return Summary(_counts.sums(days=days))


def last_error() -> LastError | None:
    return _counts.last_error()
