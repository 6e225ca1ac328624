"""When something that failed is tried again. Pure but for chance."""

import random
from datetime import timedelta

FIRST = timedelta(seconds=5)
LONGEST = timedelta(hours=2)
# A destination that fails as a whole: after so many in a row it is left alone, each time longer. Briefly at first:
# where one request in five fails, five do so in a row every few thousand.
FAILURES = 5
PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(minutes=15)
# What only a person can mend is tried once an hour, in case they did it elsewhere.
REFUSED_PAUSE = timedelta(hours=1)
LONGEST_ASKED = timedelta(hours=24)


def retry_delay(tries: int, *, retry_after: float | None = None) -> timedelta:
    """Return the pause after `tries` tries: full jitter below a doubling bound, never less than was asked for.

    Source: "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
    """
    bound = min(FIRST * 2 ** min(tries, 20), LONGEST)
    delay = timedelta(seconds=random.uniform(0, bound.total_seconds()))
    if retry_after is None:
        return delay
    # Those that were asked to wait don't come back all at once either.
    return min(timedelta(seconds=retry_after), LONGEST_ASKED) + min(delay, FIRST)


def breaker_pause(failures: int) -> timedelta | None:
    """Return how long a destination is left alone after so many failures in a row; None: not at all."""
    if failures < FAILURES:
        return None
    bound = min(PAUSE * 2 ** min(failures - FAILURES, 20), LONGEST_PAUSE)
    return timedelta(seconds=bound.total_seconds() * random.uniform(0.8, 1.2))
