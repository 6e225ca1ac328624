"""What a kind of rule is: words for people, the conditions it takes, and how its hits are found."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from ..activity import Done, PageView, Reached, Visit
from ..ordered import Ordered
from ..rules import Match, Rule

# Of goals, by id; what isn't in it is gone.
GoalNames = Mapping[int, str]


class Hit(msgspec.Struct, frozen=True, gc=False):
    """What a rule is about has happened: when, in which visit, and what: the evidence."""

    at: datetime
    visit_id: UUID
    what: PageView | Done | Reached | Visit


@dataclass(frozen=True, slots=True)
class Kind:
    """`takes`: the fields of Match it reads, `needs`: those of them that must be filled.

    `hits(rule, index, ordered)`: in the order of time; `index`: the rule's place, by which `ordered` knows its pages.
    `words(match, goal_names)`: what is asked, to stand behind the rule's name.
    `lasts(match)`: how long a hit counts at most by the kind itself, whatever the rule's window; None: without end.
    """

    label: str
    help: str
    takes: tuple[str, ...]
    needs: tuple[str, ...]
    words: Callable[[Match, GoalNames], str]
    hits: Callable[[Rule, int, Ordered], Iterator[Hit]]
    lasts: Callable[[Match], timedelta | None] = lambda _: None


def pages_words(match: Match) -> str:
    """Return "/pricing*, /plans* or 3 more"."""
    shown = match.pages[:3]
    more = len(match.pages) - len(shown)
    return (
        f"{', '.join(shown)} or {more} more"
        if more
        else " or ".join(filter(None, [", ".join(shown[:-1]), *shown[-1:]]))
    )


def on_pages_words(match: Match) -> str:
    return f" on {pages_words(match)}" if match.pages else ""
