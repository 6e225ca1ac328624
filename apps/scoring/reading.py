"""A score read from its sums, at any moment. Pure.

At a moment t after `as_of` every amount is worth d = 2^(-(t - as_of) / 7 days) of itself: activity that is older by the
same time has all lost the same share. So nothing has to be added up again, and nobody has to touch a row for it to be
right tomorrow. `at_moment` says the same in SQL.
"""

from datetime import datetime

from .formulas import (
    category_after,
    clamped,
    decay_ratio,
    engagement_ingredients,
    rule_points,
    temperature_after,
    total_of,
)
from .rules import Weights
from .sums import Parts, RuleSum, Sums


def parts_at(sums: Sums, weights: Weights, at: datetime) -> Parts:
    """Return what a score is worth at a moment, which isn't before `sums.as_of`."""
    left = decay_ratio(sums.as_of, at)
    engagement = sum(ingredients_at(sums, at))
    intent = clamped(sum(rule_points(left * rule_amount(rule, at), rule.cap) for rule in sums.rules))
    total = total_of(
        weights, contact=sums.contact, fit=sums.fit, intent=intent, engagement=engagement, learned=sums.learned
    )
    return Parts(
        engagement=engagement,
        intent=intent,
        fit=sums.fit,
        contact=sums.contact,
        learned=sums.learned,
        total=total,
        temperature=temperature_after(sums.temperature, total),
        category=category_after(sums.category, intent),
    )


def ingredients_at(sums: Sums, at: datetime) -> tuple[float, ...]:
    """Return points of engagement by ingredient, in the order of formulas.EngagementWeights."""
    left = decay_ratio(sums.as_of, at)
    return engagement_ingredients(
        visits=left * sums.visits,
        views=left * sums.views,
        engaged_minutes=left * sums.engaged_minutes,
        scroll_ratio=sums.scroll_ratio,
        visitors=left * sums.visitors,
        recency_ratio=left,
    )


def rule_amount(rule: RuleSum, at: datetime) -> float:
    """Return what a rule's hits that still count at a moment sum up to, decayed to `as_of`."""
    return rule.total + next((amount for amount, until in rule.brief if at < until), 0.0)
