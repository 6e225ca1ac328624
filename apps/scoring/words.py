"""Rules in words, and how two versions of them differ. Pure."""

from collections.abc import Iterator, Sequence

from apps.core import countries, formats

from .fit import size_words
from .kinds import KINDS, GoalNames
from .rules import IdealCustomer, Rule, Scoring, Weights

WEIGHT_LABELS = {
    "contact": "Contact",
    "fit": "Fit",
    "intent": "Intent",
    "engagement": "Engagement",
    "learned": "Learned",
}
_NOTHING = "nothing"


def amount_words(amount: float) -> str:
    """Return `25`, `2.5` or `−30`."""
    whole = round(amount, 2)
    text = f"{abs(whole):,.2f}".rstrip("0").rstrip(".")
    return f"−{text}" if whole < 0 else text


def points_words(rule: Rule) -> str:
    """Return what a rule brings: "25 points each, 50 at most"."""
    if rule.points < 0:
        return f"{amount_words(rule.points)} points, once"
    noun = "point" if rule.points == 1 else "points"
    if rule.points == rule.end:
        return f"{amount_words(rule.points)} {noun}, once"
    return f"{amount_words(rule.points)} {noun} each, {amount_words(rule.end)} at most"


def asked_words(rule: Rule, goal_names: GoalNames) -> str:
    """Return what a rule asks: "a view of /pricing*, within 30 days"."""
    asked = KINDS[rule.kind].words(rule.match, goal_names)
    return asked if rule.window_days is None else f"{asked}; the last {_days(rule.window_days)} only"


def ideal_lines(ideal: IdealCustomer) -> list[tuple[str, str]]:
    """Return what an ideal customer is asked for, as label and words; what isn't asked is left out."""
    lines = (
        ("Industry", ", ".join(ideal.industries)),
        ("Size", size_words(ideal.employees_from, ideal.employees_to)),
        ("Country", ", ".join(countries.NAMES.get(code, code) for code in ideal.countries)),
        ("Technology", ", ".join(ideal.technologies)),
    )
    return [(label, words) for label, words in lines if words]


def weight_lines(weights: Weights) -> list[tuple[str, str]]:
    """Return each part's weight, as label and words."""
    return [(label, amount_words(100 * getattr(weights, name))) for name, label in WEIGHT_LABELS.items()]


def differences(before: Scoring, after: Scoring, goal_names: GoalNames) -> list[str]:
    """Return in words what makes `after` of `before`; nothing where they are the same."""
    old, new = {rule.key: rule for rule in before.rules}, {rule.key: rule for rule in after.rules}
    lines = [
        f"Added “{rule.name}”: {asked_words(rule, goal_names)}; {points_words(rule)}"
        for rule in after.rules
        if rule.key not in old
    ]
    lines += [f"Removed “{rule.name}”" for rule in before.rules if rule.key not in new]
    for key, rule in new.items():
        if key in old:
            changes = list(_rule_changes(old[key], rule, goal_names))
            if changes:
                lines.append(f"“{rule.name}”: {'; '.join(changes)}")
    if [key for key in old if key in new] != [key for key in new if key in old]:
        lines.append("Order of the rules changed")
    lines += _pairs_changed("Weight of ", weight_lines(before.weights), weight_lines(after.weights))
    lines += _pairs_changed("Ideal customer, ", ideal_lines(before.ideal), ideal_lines(after.ideal))
    return lines


def _rule_changes(before: Rule, after: Rule, goal_names: GoalNames) -> Iterator[str]:
    if before.name != after.name:
        yield f"was called “{before.name}”"
    if before.is_on != after.is_on:
        yield "switched on" if after.is_on else "switched off"
    if before.points != after.points:
        yield f"points {amount_words(before.points)} → {amount_words(after.points)}"
    if before.end != after.end and (before.points > 0 or after.points > 0):
        yield f"at most {amount_words(before.end)} → {amount_words(after.end)}"
    if before.window_days != after.window_days:
        yield f"counts {_window(before.window_days)} → {_window(after.window_days)}"
    if (before.kind, before.match) != (after.kind, after.match):
        yield _match_change(before, after, goal_names)


def _match_change(before: Rule, after: Rule, goal_names: GoalNames) -> str:
    """Return how what is asked differs: for pages which came and went, else from what to what."""
    old, new = set(before.match.pages), set(after.match.pages)
    old_words = KINDS[before.kind].words(before.match, goal_names)
    new_words = KINDS[after.kind].words(after.match, goal_names)
    if old and new and old != new:
        changes = [f"+ {page}" for page in after.match.pages if page not in old]
        changes += [f"− {page}" for page in before.match.pages if page not in new]
        return f"pages {', '.join(changes)}"
    if old_words == new_words:
        return "conditions changed"
    return f"asks for {new_words} instead of {old_words}"


def _pairs_changed(prefix: str, before: Sequence[tuple[str, str]], after: Sequence[tuple[str, str]]) -> Iterator[str]:
    old, new = dict(before), dict(after)
    for label in [*old, *(label for label in new if label not in old)]:
        if old.get(label) != new.get(label):
            yield f"{prefix}{label.lower()}: {old.get(label, _NOTHING)} → {new.get(label, _NOTHING)}"


def _window(days: int | None) -> str:
    return "always" if days is None else f"for {_days(days)}"


def _days(count: int) -> str:
    return "day" if count == 1 else f"{formats.number(count)} days"
