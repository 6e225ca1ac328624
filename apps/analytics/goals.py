"""A site's goals with what came of them, as their page and the overview's panel show them."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from django.urls import reverse

from apps.core import formats
from apps.sites.goals.words import asked_words, counted_words, money
from apps.sites.models import Goal
from apps.tracking.goals.selectors import Amount, GoalLine, goal_lines

from .panels import BarRow
from .report import Report
from .reports import total

PANEL_ROWS = 8
NOT_UNDERSTOOD = "Not understood by this version of Beacon: nobody reaches it, it keeps what it has"


@dataclass(frozen=True, slots=True)
class GoalRow:
    """A goal as a line of a table. `percent`: how far it is in the past, if it is on its way there; `found`: so far."""

    goal: Goal
    asked: str
    counted: str
    conversions: int
    visits: int
    ratio: float | None
    value: str
    is_moving: bool
    percent: int | None
    found: int
    edit_url: str


@dataclass(frozen=True, slots=True)
class GoalPanel:
    """The overview's panel: as many goals as it has room for, those with most conversions first."""

    rows: Sequence[BarRow]
    found: int
    note: str


def goal_rows(report: Report) -> list[GoalRow]:
    """Return the site's goals with the figures of the period and filters.

    Four queries and those of a sum, or one where there are no goals.
    """
    lines = _lines(report)
    visits = _visits(report) if lines else 0
    return [_row(report, line, visits) for line in lines]


def goal_panel(report: Report) -> GoalPanel:
    """Return the same, as a panel. As many queries."""
    lines = sorted(_lines(report), key=lambda line: (-line.figures.conversions, line.goal.id))
    shown = [line for line in lines if line.figures.conversions or line.goal.is_active][:PANEL_ROWS]
    most = max((line.figures.conversions for line in shown), default=0)
    sums: dict[str, Amount] = {}
    for line in lines:
        for one in line.figures.amounts:
            before = sums[one.currency].amount if one.currency in sums else 0
            sums[one.currency] = Amount(one.currency, one.amount + before)
    worth = money_words(list(sums.values()))
    visits = _visits(report) if shown else 0
    note = f"share of visits{f' · worth {worth}' if worth else ''}"
    return GoalPanel([_bar(report, line, most, visits) for line in shown], len(lines), note)


def money_words(amounts: Sequence[Amount]) -> str:
    return " + ".join(money(one.amount, one.currency) for one in amounts)


def _lines(report: Report) -> Sequence[GoalLine]:
    span = report.period.span
    return goal_lines(site_id=report.site.id, since=span.start, until=span.end, filters=report.filters)


def _visits(report: Report) -> int:
    """Return how many visits there were, whatever they reached."""
    span = report.period.span
    return total(site_id=report.site.id, span=span, filters=report.filters, until=span.end).visits


def _rate(line: GoalLine, visits: int) -> float | None:
    """Return the share of visits that reached a goal; None where there were none."""
    return line.figures.visits / visits if visits else None


def _row(report: Report, line: GoalLine, visits: int) -> GoalRow:
    asked, counted = _words(line.goal)
    ratio = line.done_ratio
    return GoalRow(
        goal=line.goal,
        asked=asked,
        counted=counted,
        conversions=line.figures.conversions,
        visits=line.figures.visits,
        ratio=_rate(line, visits),
        value=money_words(line.figures.amounts),
        is_moving=line.run is not None,
        percent=None if ratio is None else int(100 * ratio),
        found=line.run.found if line.run else 0,
        edit_url=reverse("tracking:site-goal", args=[report.site.slug, line.goal.id]),
    )


def _words(goal: Goal) -> tuple[str, str]:
    """Return what a goal asks and how it counts."""
    try:
        rule = goal.rule
    except msgspec.ValidationError:
        return NOT_UNDERSTOOD, ""
    return asked_words(rule), counted_words(rule)


def _bar(report: Report, line: GoalLine, most: int, visits: int) -> BarRow:
    figures = line.figures
    worth = money_words(figures.amounts)
    title = f"{line.goal.name}: {formats.number(figures.conversions)}{f', worth {worth}' if worth else ''}"
    return BarRow(
        name=line.goal.name,
        value=formats.number(figures.conversions),
        share=formats.percent(_rate(line, visits)),
        width=100 * figures.conversions / most if most else 0,
        url=report.url("site-goals"),
        title=title,
    )
