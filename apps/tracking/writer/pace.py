"""How far apart batches begin. Pure.

A batch costs some fifteen milliseconds of the writer's and PostgreSQL's time whatever it holds: as much as hundreds of
events. So the more comes, the longer it is gathered; what comes into silence waits for nothing.
"""

from .streams import BATCH_ENTRIES

LEAST_SECONDS = 0.05  # a steady trickle is stored by a few together rather than one by one
MOST_SECONDS = 0.2  # somebody may be watching
GATHERED = 100  # entries that make a batch worth its price


def pause_after(entries: int, seconds: float) -> float:
    """Return how many seconds after this batch the next should begin. `seconds`: since the one before this began."""
    if entries >= BATCH_ENTRIES:
        return 0.0  # there is more, and it has waited already
    a_second = entries / max(seconds, LEAST_SECONDS)
    return min(MOST_SECONDS, max(LEAST_SECONDS, MOST_SECONDS * a_second * MOST_SECONDS / GATHERED))
