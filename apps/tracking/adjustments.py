"""What rules have moved after it was stored, as the ledger holds it: lines beside the others, which stay as they were.

A line's reason says what did it and which way: `rule:7` has set aside what was counted, `undo:7` has it counted again.
A number is an exclusion rule's; a word is the reason of a built-in check that looks back. Pure.
"""

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from .drop_reasons import SetAside

# What a rule that was made by the agency sets aside is set aside for this reason, whichever rule it was.
EXCLUDED = SetAside.EXCLUDED.value
RULE, UNDO = "rule", "undo"


class Adjustment(NamedTuple):
    """`who`: a rule's number or a built-in reason; `is_undo`: counted again; `reason`: for which it is set aside."""

    who: str
    is_undo: bool
    reason: str


def adjustment(reason: str) -> Adjustment:
    """Return what the reason of an adjusted line says."""
    way, _, who = reason.rpartition(":")
    return Adjustment(who, way == UNDO, EXCLUDED if who.isdigit() else who)


def moved_by(who: str) -> str:
    """Return the reason of a line for events that `who` has set aside."""
    return f"{RULE}:{who}"


def moved_back_from(who: str) -> str:
    """Return the reason of a line for events that `who` had set aside and that are counted again."""
    return f"{UNDO}:{who}"


def set_aside_later(lines: Iterable[tuple[str, int]]) -> Counter[str]:
    """Return how many events adjusted lines (reason, count) have moved from counted to set aside, by reason.

    Negative where more have come back than went, which nothing may cause.
    """
    moved: Counter[str] = Counter()
    for reason, count in lines:
        what = adjustment(reason)
        moved[what.reason] += -count if what.is_undo else count
    return moved
