"""Telling that a company's temperature or category is another than was told last: a row for it, and a fact."""

from collections.abc import Sequence
from datetime import datetime

from apps.core import facts
from apps.core.tenancy import current_schema

from .facts import CategoryChanged, TemperatureChanged
from .formulas import as_shown, decay_ratio, rule_points
from .models import Score, ScoreChange
from .reading import parts_at, rule_amount
from .rows import sums_in, weights_in
from .sums import Category, Parts, Sums, Temperature

What = ScoreChange.What


def parts_of(row: Score, at: datetime) -> Parts:
    """Return what a row's score is at a moment; one before its last activity, by a visitor's wrong clock, is that."""
    return parts_at(sums_in(row), weights_in(row), max(at, row.as_of))


def changes_of(row: Score, *, at: datetime, is_backfill: bool) -> list[ScoreChange]:
    """Return what is to be told of a row at a moment, not stored yet, and note in the row that it was."""
    sums, moment = sums_in(row), max(at, row.as_of)
    parts = parts_at(sums, weights_in(row), moment)
    is_other = parts.temperature != row.told_temperature or parts.category != row.told_category
    rule_keys = _rules_that_count(sums, moment) if is_other else []
    changes = []
    if parts.temperature != row.told_temperature:
        states = row.told_temperature, parts.temperature
        changes.append(_change(row, What.TEMPERATURE, states, parts.total, at, is_backfill, rule_keys))
        row.told_temperature = parts.temperature.value
    if parts.category != row.told_category:
        known = row.told_category, parts.category
        changes.append(_change(row, What.CATEGORY, known, parts.intent, at, is_backfill, rule_keys))
        row.told_category = parts.category.value
    return changes


def state_of(parts: Parts, what: str) -> str:
    """Return what a score is by a ScoreChange's `what`: its temperature or its category."""
    return (parts.temperature if what == What.TEMPERATURE else parts.category).value


def rank_of(state: str, what: str) -> int:
    """Return how high a temperature or category is, the lowest being 0."""
    states = Temperature if what == What.TEMPERATURE else Category
    return [one.value for one in states].index(state)


def is_rise(change: ScoreChange) -> bool:
    """Return whether a change is one for the better."""
    return rank_of(change.after, change.what) > rank_of(change.before, change.what)


def changes_of_gone(row: Score, *, at: datetime) -> list[ScoreChange]:
    """Return what is to be told of a company that has no visits any more."""
    gone = (
        (What.TEMPERATURE, (row.told_temperature, Temperature.COLD)),
        (What.CATEGORY, (row.told_category, Category.LOOKER)),
    )
    return [_change(row, what, states, 0, at, True, []) for what, states in gone if states[0] != states[1]]


def changes_tell(changes: Sequence[ScoreChange]) -> None:
    """Store changes and tell of them once the transaction is done. One query, where there are any."""
    if not changes:
        return
    for change in ScoreChange.objects.bulk_create(changes):
        facts.publish(_fact(change))


def _rules_that_count(sums: Sums, at: datetime) -> list[str]:
    """Return the keys of the rules whose hits are worth something at a moment, those first that weigh most."""
    left = decay_ratio(sums.as_of, at)
    points = {rule.key: rule_points(left * rule_amount(rule, at), rule.cap) for rule in sums.rules}
    return sorted((key for key, worth in points.items() if worth), key=lambda key: (-abs(points[key]), key))


def _change(
    row: Score,
    what: str,
    states: tuple[str, str],
    score: float,
    at: datetime,
    is_backfill: bool,
    rule_keys: list[str],
) -> ScoreChange:
    return ScoreChange(
        site_id=row.site_id,
        company_id=row.company_id,
        what=what,
        before=str(states[0]),
        after=str(states[1]),
        score=as_shown(score),
        is_backfill=is_backfill,
        at=at,
        rule_keys=rule_keys,
    )


def _fact(change: ScoreChange) -> TemperatureChanged | CategoryChanged:
    kind = TemperatureChanged if change.what == What.TEMPERATURE else CategoryChanged
    return kind(
        schema=current_schema(),
        change_id=change.id,
        site_id=change.site_id,
        company_id=change.company_id,
        before=change.before,
        after=change.after,
        score=change.score,
        at=change.at,
        rule_keys=tuple(change.rule_keys),
        is_backfill=change.is_backfill,
    )
