"""A goal in words. Pure."""

from decimal import Decimal

from apps.core import formats

from .rules import GoalKind, GoalRule, ValueFrom

KIND_LABELS = {
    GoalKind.PAGE: "Page viewed",
    GoalKind.EVENT: "Event sent",
    GoalKind.SCROLL: "Scrolled down",
    GoalKind.ENGAGED: "Time engaged",
}


def asked_words(rule: GoalRule) -> str:
    """Return what a goal asks: "signup with plan is team, on /pricing*"."""
    if rule.kind is GoalKind.PAGE:
        return f"Page {rule.page}"
    if rule.kind is GoalKind.SCROLL:
        return f"Scrolled {rule.threshold}% of {rule.page or 'any page'}"
    if rule.kind is GoalKind.ENGAGED:
        return f"Engaged {formats.duration(rule.threshold)} with {rule.page or 'any page'}"
    conditions = " and ".join(condition.words for condition in rule.conditions)
    asked = f"{rule.event_name} with {conditions}" if conditions else rule.event_name
    return f"Event {asked}{f', on {rule.page}' if rule.page else ''}"


def counted_words(rule: GoalRule) -> str:
    """Return how a goal counts, and what it is worth: "once a visit, worth 50 EUR"."""
    often = "each time" if rule.counts_every else "once a visit"
    if rule.value_from is ValueFrom.FIXED and rule.value is not None:
        return f"{often}, worth {money(rule.value, rule.currency)}"
    if rule.value_from is ValueFrom.EVENT:
        return f"{often}, worth the event’s value"
    return often


def money(amount: Decimal, currency: str) -> str:
    """Return `1,250 EUR` or `19.90 EUR`; the number alone where no currency is known."""
    decimals = 0 if amount == amount.to_integral_value() else 2
    return f"{formats.number(amount, decimals)} {currency}".rstrip()
