"""What a score is made of at a moment, and what it is worth at any later one. Pure.

This is what lies in a row (`models.Score`): with it a score is read right tomorrow though no job has touched it.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Temperature(StrEnum):
    COLD = "cold"
    WARM = "warm"
    HOT = "hot"


class Category(StrEnum):
    LOOKER = "looker"
    RESEARCHING = "researching"
    HIGH_INTENT = "high_intent"


@dataclass(frozen=True, slots=True)
class RuleSum:
    """Of one rule: what its lasting hits sum up to, and what those add that count up to a moment only.

    `brief`: (amount, until), in the order of time: what all that count until then or longer add up to. So what they add
    at a moment is the amount of the first that ends later, and nothing after the last.
    """

    key: str
    total: float
    cap: float
    brief: tuple[tuple[float, datetime], ...] = ()


@dataclass(frozen=True, slots=True)
class Sums:
    """Amounts decayed to `as_of`, the last activity; the same names as in models.Score."""

    as_of: datetime
    visits: float
    views: float
    engaged_minutes: float
    scroll_ratio: float
    visitors: float
    rules: tuple[RuleSum, ...]
    fit: float | None
    contact: float | None
    learned: float | None
    temperature: Temperature
    category: Category


@dataclass(frozen=True, slots=True)
class Parts:
    """A score at a moment; 0-100 each, not rounded. None: not known, so it neither helps nor harms."""

    engagement: float
    intent: float
    fit: float | None
    contact: float | None
    learned: float | None
    total: float
    temperature: Temperature
    category: Category
