"""Telling that a company's temperature or category is another than was told last: a row for it, and a fact."""

from collections.abc import Sequence
from datetime import datetime

from apps.core import facts
from apps.core.tenancy import current_schema

from .facts import CategoryChanged, TemperatureChanged
from .formulas import as_shown
from .models import Score, ScoreChange
from .reading import parts_at
from .rows import sums_in, weights_in
from .sums import Category, Parts, Temperature

What = ScoreChange.What


def parts_of(row: Score, at: datetime) -> Parts:
    """Return what a row's score is at a moment; one before its last activity, by a visitor's wrong clock, is that."""
    return parts_at(sums_in(row), weights_in(row), max(at, row.as_of))


def changes_of(row: Score, *, at: datetime, is_backfill: bool) -> list[ScoreChange]:
    """Return what is to be told of a row at a moment, not stored yet, and note in the row that it was."""
    parts = parts_of(row, at)
    changes = []
    if parts.temperature != row.told_temperature:
        changes.append(
            _change(row, What.TEMPERATURE, row.told_temperature, parts.temperature, parts.total, at, is_backfill)
        )
        row.told_temperature = parts.temperature.value
    if parts.category != row.told_category:
        changes.append(_change(row, What.CATEGORY, row.told_category, parts.category, parts.intent, at, is_backfill))
        row.told_category = parts.category.value
    return changes


def is_rise(change: ScoreChange) -> bool:
    """Return whether a change is one for the better."""
    states = list(Temperature if change.what == What.TEMPERATURE else Category)
    return states.index(change.after) > states.index(change.before)  # type: ignore[arg-type]


def changes_of_gone(row: Score, *, at: datetime) -> list[ScoreChange]:
    """Return what is to be told of a company that has no visits any more."""
    gone = (
        (What.TEMPERATURE, row.told_temperature, Temperature.COLD),
        (What.CATEGORY, row.told_category, Category.LOOKER),
    )
    return [_change(row, what, before, after, 0, at, True) for what, before, after in gone if before != after]


def changes_tell(changes: Sequence[ScoreChange]) -> None:
    """Store changes and tell of them once the transaction is done. One query, where there are any."""
    if not changes:
        return
    for change in ScoreChange.objects.bulk_create(changes):
        facts.publish(_fact(change))


def _change(
    row: Score, what: str, before: str, after: str, score: float, at: datetime, is_backfill: bool
) -> ScoreChange:
    return ScoreChange(
        site_id=row.site_id,
        company_id=row.company_id,
        what=what,
        before=str(before),
        after=str(after),
        score=as_shown(score),
        is_backfill=is_backfill,
        at=at,
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
        is_backfill=change.is_backfill,
    )
