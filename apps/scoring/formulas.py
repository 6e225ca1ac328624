"""The formulas of a score. Pure; all that is constant in them stands here.

Source: product description, "Scores". What it leaves open is said where it is decided.

Shown scores are whole numbers, and thresholds ask the number that is shown: a company shown with 70 is hot.
"""

import math
from datetime import datetime, timedelta

from .rules import Weights
from .sums import Category, Temperature

HALF_LIFE = timedelta(days=7)
# Older activity isn't asked for: of it 2^(-180/7), less than a 50-millionth, would be left. Counted back from the
# company's last activity, not from now, so that the same activity has the same sums whenever they are made.
HORIZON = timedelta(days=180)

VISITS_SCALE = 3.0
VIEWS_SCALE = 3.0  # page views per visit
MINUTES_SCALE = 5.0
VISITORS_SCALE = 2.0

# A state is entered at the first and left below the second, so that a company at the edge doesn't flap.
HOT_FROM, HOT_UNTIL = 70, 65
WARM_FROM, WARM_UNTIL = 40, 35

_HALF_LIFE_S = HALF_LIFE.total_seconds()


class EngagementWeights:
    """What each of engagement's six ingredients weighs; they add up to 1."""

    VISITS = 0.25
    VIEWS = 0.15
    MINUTES = 0.25
    SCROLL = 0.10
    VISITORS = 0.15
    RECENCY = 0.10


def decay_ratio(since: datetime, at: datetime) -> float:
    """Return what is left at `at` of something that was worth 1 at `since`; above 1 where that is later."""
    return math.exp2((since - at).total_seconds() / _HALF_LIFE_S)


def sat(amount: float, scale: float) -> float:
    """Return how near to enough an amount is, 0-1: 0.63 at `scale`, 0.95 at three times that."""
    return 1.0 - math.exp(-amount / scale)


def engagement_ingredients(
    *, visits: float, views: float, engaged_minutes: float, scroll_ratio: float, visitors: float, recency_ratio: float
) -> tuple[float, float, float, float, float, float]:
    """Return points of engagement by ingredient, in the order of EngagementWeights. All amounts are decayed.

    Page views per visit are decayed views by decayed visits: the mean over visits, each counting as much as it is
    worth. Visitors are those of the one day that had most of them: one cookieless person on two days is two ids.
    """
    of = EngagementWeights
    per_visit = views / visits if visits else 0.0
    return (
        100 * of.VISITS * sat(visits, VISITS_SCALE),
        100 * of.VIEWS * sat(per_visit, VIEWS_SCALE),
        100 * of.MINUTES * sat(engaged_minutes, MINUTES_SCALE),
        100 * of.SCROLL * scroll_ratio,
        100 * of.VISITORS * sat(visitors, VISITORS_SCALE),
        100 * of.RECENCY * recency_ratio,
    )


def rule_points(amount: float, cap: float) -> float:
    """Return what a rule's hits add to intent: no more than its cap, which is the least where points are negative."""
    return max(cap, amount) if cap < 0 else min(cap, amount)


def clamped(points: float) -> float:
    return min(100.0, max(0.0, points))


def total_of(
    weights: Weights,
    *,
    contact: float | None,
    fit: float | None,
    intent: float,
    engagement: float,
    learned: float | None,
) -> float:
    """Return the weighted mean of the parts that are known; 0 where none of them weighs anything."""
    points = weights.intent * intent + weights.engagement * engagement
    weight = weights.intent + weights.engagement
    if contact is not None:
        points += weights.contact * contact
        weight += weights.contact
    if fit is not None:
        points += weights.fit * fit
        weight += weights.fit
    if learned is not None:
        points += weights.learned * learned
        weight += weights.learned
    return clamped(points / weight) if weight > 0 else 0.0


def as_shown(score: float) -> int:
    """Return a score as it is shown: the nearest whole number, halves up."""
    return math.floor(score + 0.5)


def temperature_after(before: Temperature, total: float) -> Temperature:
    """Return what a total makes of a company that was `before`."""
    shown = as_shown(total)
    if shown >= (HOT_UNTIL if before is Temperature.HOT else HOT_FROM):
        return Temperature.HOT
    if shown >= (WARM_FROM if before is Temperature.COLD else WARM_UNTIL):
        return Temperature.WARM
    return Temperature.COLD


def category_after(before: Category, intent: float) -> Category:
    """Return what an intent makes of a company that was `before`."""
    shown = as_shown(intent)
    if shown >= (HOT_UNTIL if before is Category.HIGH_INTENT else HOT_FROM):
        return Category.HIGH_INTENT
    if shown >= (WARM_FROM if before is Category.LOOKER else WARM_UNTIL):
        return Category.RESEARCHING
    return Category.LOOKER
