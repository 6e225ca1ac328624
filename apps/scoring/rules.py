"""What a score asks: rules, weights and the ideal customer, as one value that is stored in versions. Pure.

Source: product description, "Scores".
"""

from enum import StrEnum

import msgspec

from apps.sites.goals.conditions import PropCondition


class RuleKind(StrEnum):
    """What a rule looks at. What each takes as conditions, and how it finds its hits: `kinds`."""

    PAGE = "page"  # a page view whose address fits a pattern
    ONLY_PAGES = "only_pages"  # a visit that saw pages of a pattern and none beside
    EVENT = "event"  # an event of a name, with conditions on its props
    GOAL = "goal"  # a goal that was reached: one, or any
    FREQUENCY = "frequency"  # the n-th visit within so many days
    RECENCY = "recency"  # back after so many days away
    VISITORS = "visitors"  # n or more visitors within so many days: the most within one day
    SOURCE = "source"  # a visit that came by a source, channel or campaign
    SCROLL = "scroll"  # a page view scrolled at least so deep
    ENGAGED = "engaged"  # a page view read at least so long


class Match(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a rule's hits are; each kind reads its own fields and leaves the others empty."""

    pages: tuple[str, ...] = ()  # patterns as goals have them (apps.sites.goals.patterns)
    event: str = ""
    conditions: tuple[PropCondition, ...] = ()
    goal_id: int | None = None  # None: any goal
    count: int = 0  # visits, visitors
    days: int = 0  # within which those are counted; away for so long
    channels: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    campaigns: tuple[str, ...] = ()  # a star stands for anything
    percent: int = 0
    seconds: int = 0


class Rule(msgspec.Struct, frozen=True, omit_defaults=True):
    """`points` per hit, at most `cap` in all. With negative points the points are the floor, whatever `cap` says.

    `window_days`: hits older than that count nothing; None: they fade away by their half-life alone. `key` stays when
    a rule is changed: reasons and histories of versions are compared by it.
    """

    key: str
    name: str
    kind: RuleKind
    points: float
    cap: float
    match: Match = Match()
    window_days: int | None = None
    is_on: bool = True

    @property
    def end(self) -> float:
        """Where the sum of its hits ends: the cap, or the floor of a rule with negative points."""
        return self.points if self.points < 0 else self.cap


class Weights(msgspec.Struct, frozen=True):
    """Weights of the total's parts. A part that isn't known leaves its weight to the others."""

    contact: float = 0.25
    fit: float = 0.25
    intent: float = 0.15
    engagement: float = 0.35
    learned: float = 0.10


class IdealCustomer(msgspec.Struct, frozen=True, omit_defaults=True):
    """Whom the agency's client wants: what is empty isn't asked."""

    industries: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()  # ISO 3166-1 alpha-2
    employees_from: int | None = None
    employees_to: int | None = None
    technologies: tuple[str, ...] = ()


class Scoring(msgspec.Struct, frozen=True):
    rules: tuple[Rule, ...]
    weights: Weights = Weights()
    ideal: IdealCustomer = IdealCustomer()
