"""How asking a service goes, as the statistics page shows it: a table's lines, and the breaker in words."""

from collections.abc import Sequence
from dataclasses import dataclass

from .breaker import Seen, State

PERIODS = (("Today", 1), ("7 days", 7), ("30 days", 30))


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the table: a figure for each period, and how it is made."""

    label: str
    texts: Sequence[str]
    note: str = ""

    @property
    def figures(self) -> list[tuple[str, str]]:
        return [(period, text) for (period, _), text in zip(PERIODS, self.texts, strict=True)]


def breaker_shown(seen: Seen) -> dict[str, object]:
    """Return the breaker's state for the state component, and when it is tried again."""
    states = {
        State.CLOSED: ("good", "asked as needed"),
        State.HALF_OPEN: ("waiting", "about to be tried again"),
        State.OPEN: ("bad", "left alone"),
    }
    state, text = states[seen.state]
    return {"state": state, "text": text, "till": seen.till if seen.state is State.OPEN else None}
