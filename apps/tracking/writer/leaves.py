"""What the writer remembers of the agencies' leaves, so that a batch asks only when it meets a new month."""

from bisect import bisect_right
from collections.abc import Iterable
from datetime import datetime, timedelta

from apps.core import clock

from ..partitions import Leaf, ensure

# A resent event's corrected time differs from the first one's by as much as it may be late.
RESENT = timedelta(days=7)


class Leaves:
    """The leaves of each schema, oldest first."""

    def __init__(self) -> None:
        self._known: dict[str, list[Leaf]] = {}

    def ensure(self, schema: str, moments_ms: Iterable[int]) -> None:
        """Make what is missing for events at `moments_ms` in the current agency, `schema`."""
        missing = self._missing(self._known.get(schema, []), sorted(moments_ms))
        if missing or schema not in self._known:
            self._known[schema] = ensure(missing)

    def forget(self, schema: str) -> None:
        self._known.pop(schema, None)

    def near(self, schema: str, first: datetime, last: datetime) -> list[Leaf]:
        """Return the leaves in which the same events may lie that came at `first` to `last` this time."""
        start, end = first - RESENT, last + RESENT
        return [leaf for leaf in self._known[schema] if leaf.starts_at <= end and leaf.ends_at > start]

    def _missing(self, leaves: list[Leaf], ordered: list[int]) -> set[datetime]:
        """Return the starts of the months, one for each, that no leaf holds."""
        if not ordered:
            return set()
        first, last = clock.from_ms(ordered[0]), clock.from_ms(ordered[-1])
        if any(leaf.holds(first) and leaf.holds(last) for leaf in leaves):
            return set()
        starts = [leaf.starts_at for leaf in leaves]
        missing = set()
        for at_ms in ordered:
            moment = clock.from_ms(at_ms)
            place = bisect_right(starts, moment) - 1
            if place < 0 or not leaves[place].holds(moment):
                missing.add(moment.replace(day=1, hour=0, minute=0, second=0, microsecond=0))
        return missing
