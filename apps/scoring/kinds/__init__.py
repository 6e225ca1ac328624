"""The kinds of rules there are: one table."""

from ..rules import RuleKind
from .base import GoalNames, Hit, Kind
from .events import EVENT, GOAL
from .pages import ENGAGED, ONLY_PAGES, PAGE, SCROLL
from .visits import FREQUENCY, RECENCY, SOURCE, VISITORS

KINDS: dict[RuleKind, Kind] = {
    RuleKind.PAGE: PAGE,
    RuleKind.EVENT: EVENT,
    RuleKind.GOAL: GOAL,
    RuleKind.FREQUENCY: FREQUENCY,
    RuleKind.RECENCY: RECENCY,
    RuleKind.VISITORS: VISITORS,
    RuleKind.SOURCE: SOURCE,
    RuleKind.SCROLL: SCROLL,
    RuleKind.ENGAGED: ENGAGED,
    RuleKind.ONLY_PAGES: ONLY_PAGES,
}

__all__ = ["KINDS", "GoalNames", "Hit", "Kind"]
