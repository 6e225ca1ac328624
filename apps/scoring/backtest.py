"""What rules would have said before it was known: which companies that converted had been hot. Pure.

A conversion must not predict itself: of a company that converted, only what lies before its first conversion counts
and could be known then, and conversions of the goals in question count for no rule anywhere.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median

from .activity import Activity
from .ordered import activity_before
from .reading import parts_at
from .rules import Scoring
from .running import Company, Running, run
from .sums import Temperature


@dataclass(frozen=True, slots=True)
class Tried:
    """A company that is tried. `converted_at`: its first conversion of the goals in question, None for none."""

    company_id: int
    activity: Activity
    company: Company
    converted_at: datetime | None


@dataclass(frozen=True, slots=True)
class Called:
    """A company that was hot. `hot_at`: since when, of the last time before its conversion; else of the first."""

    company_id: int
    hot_at: datetime
    converted_at: datetime | None

    @property
    def days_before(self) -> float | None:
        if self.converted_at is None:
            return None
        return (self.converted_at - self.hot_at).total_seconds() / 86_400


@dataclass(frozen=True, slots=True)
class BackTest:
    """`companies`: all that were there; `converted`: ids of those that converted; `called`: those that were hot."""

    companies: int
    converted: Sequence[int]
    called: Sequence[Called]

    @property
    def hits(self) -> list[Called]:
        return [one for one in self.called if one.converted_at is not None]

    @property
    def false_alarms(self) -> list[Called]:
        return [one for one in self.called if one.converted_at is None]

    @property
    def precision(self) -> float | None:
        """The share of companies called hot that converted; None where none was."""
        return len(self.hits) / len(self.called) if self.called else None

    @property
    def recall(self) -> float | None:
        """The share of companies that converted that had been called hot; None where none converted."""
        return len(self.hits) / len(self.converted) if self.converted else None

    @property
    def median_days_before(self) -> float | None:
        days = [one.days_before for one in self.hits if one.days_before is not None]
        return median(days) if days else None


def back_test(
    tried: Iterable[Tried], scoring: Scoring, *, goal_ids: frozenset[int], since: datetime, until: datetime
) -> BackTest:
    """Return what these rules would have called hot within [since, until).

    Companies that converted before `since` are left out: nothing was left to be foretold of them.
    """
    companies, converted, called = 0, [], []
    for one in tried:
        if one.converted_at is not None and one.converted_at < since:
            continue
        companies += 1
        converted_at = one.converted_at if one.converted_at is not None and one.converted_at < until else None
        if converted_at is not None:
            converted.append(one.company_id)
        hot_at = _hot_at(one, scoring, goal_ids, since, converted_at, until)
        if hot_at is not None:
            called.append(Called(one.company_id, hot_at, converted_at))
    return BackTest(companies, converted, called)


def _hot_at(
    one: Tried,
    scoring: Scoring,
    goal_ids: frozenset[int],
    since: datetime,
    converted_at: datetime | None,
    until: datetime,
) -> datetime | None:
    """Return since when a company was hot, the last time before its conversion; None where it wasn't in the time."""
    known = activity_before(one.activity, converted_at or until)
    known.reached = [reached for reached in known.reached if reached.goal_id not in goal_ids]
    peek = _Peek(since)
    running = run(known, scoring, company=one.company, watch=peek)
    if running is None:
        return None
    rises = [change.at for change in running.changes if change.after is Temperature.HOT]
    was_hot = peek.was_hot
    if was_hot is None:
        was_hot = parts_at(running.sums(), scoring.weights, since).temperature is Temperature.HOT
    earlier = [at for at in rises if at <= since][-1:] if was_hot else []
    within = [*earlier, *(at for at in rises if at > since)]
    if not within:
        return None
    return within[0] if converted_at is None else within[-1]


class _Peek:
    """Reads the temperature at a moment as the activity goes by. `was_hot`: None while nothing came after it."""

    def __init__(self, at: datetime) -> None:
        self._at = at
        self._has_begun = False
        self.was_hot: bool | None = None

    def __call__(self, running: Running, at: datetime, is_before: bool) -> None:
        if self.was_hot is None and at > self._at:
            self.was_hot = self._has_begun and running.parts(self._at).temperature is Temperature.HOT
        self._has_begun = True
