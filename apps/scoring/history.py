"""A score over the last days, made anew from the activity under today's rules and what is known of the company today.

So the line and today's score are of one piece; what was told at the time is in models.ScoreChange. Pure.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from .activity import Activity
from .formulas import as_shown
from .kinds import Hit
from .ordered import Ordered
from .reading import parts_at
from .rules import Rule, Scoring
from .running import Changed, Company, Running, hits_found, run_ordered
from .sums import Category, Parts, Sums, Temperature

# A moment that moved the total by so many points has a point of its own on the line.
MOVED = 3.0


@dataclass(frozen=True, slots=True)
class Point:
    """The score at a moment: at the end of a day, or right after something that moved it."""

    at: datetime
    parts: Parts


@dataclass(frozen=True, slots=True)
class Moved:
    """What moved a score: a rule's first hit within the time shown, or a state that changed; the total right after.

    `hit`: what was done; None for changes. `rule`, `changed`: one of them. What cooled down while nobody came did so in
    the day that ends at `at`.
    """

    at: datetime
    total: int
    rule: Rule | None = None
    hit: Hit | None = None
    changed: Changed | None = None


@dataclass(frozen=True, slots=True)
class History:
    points: Sequence[Point]
    moved: Sequence[Moved]


class _Watch:
    """Collects points and changes as the activity goes by, from the first mark on."""

    def __init__(self, marks: Sequence[datetime]) -> None:
        self.points: list[Point] = []
        self.totals: dict[datetime, float] = {}
        self.changes: list[Changed] = []
        self._marks, self._next, self._is_begun = marks, 0, False
        self._temperature, self._category = Temperature.COLD, Category.LOOKER
        self._before = 0.0

    def __call__(self, running: Running, at: datetime, is_before: bool) -> None:
        if is_before and not self._is_begun:
            # As what came before left them.
            self._temperature, self._category = running.temperature, running.category
        self._is_begun = True
        while self._next < len(self._marks) and self._marks[self._next] < at:
            mark = self._marks[self._next]
            self._next += 1
            # Else it lies before the first moment: there is no score yet.
            if is_before:
                self.mark(mark, running.parts(mark))
        _, intent, total = running.worth(at)
        if not is_before:
            self._see(at, total, intent, running.temperature, running.category)
            if abs(total - self._before) >= MOVED:
                self.points.append(Point(at, running.parts(at)))
        self._before = total

    def end(self, sums: Sums, scoring: Scoring) -> None:
        """Take in the marks after the last activity."""
        for mark in self._marks[self._next :]:
            self.mark(mark, parts_at(sums, scoring.weights, mark))

    def mark(self, at: datetime, parts: Parts) -> None:
        self.points.append(Point(at, parts))
        self._see(at, parts.total, parts.intent, parts.temperature, parts.category)

    def _see(self, at: datetime, total: float, intent: float, temperature: Temperature, category: Category) -> None:
        self.totals[at] = total
        if temperature is not self._temperature:
            self.changes.append(Changed(at, self._temperature, temperature, as_shown(total)))
            self._temperature = temperature
        if category is not self._category:
            self.changes.append(Changed(at, self._category, category, as_shown(intent)))
            self._category = category


def history_of(
    activity: Activity, scoring: Scoring, *, at: datetime, days: int, zone: tzinfo, company: Company | None = None
) -> History:
    """Return a company's score over the last `days` local days, up to a moment that isn't before its last activity.

    Before its first activity there are no points.
    """
    ordered = Ordered(activity, scoring.rules)
    return history_followed(ordered, scoring, at=at, days=days, zone=zone, company=company)[0]


def history_followed(
    ordered: Ordered, scoring: Scoring, *, at: datetime, days: int, zone: tzinfo, company: Company | None = None
) -> tuple[History, Running | None]:
    """Return the same of an activity that is in order, and the score after all of it; None where there is none."""
    marks = _ends_of_days(at, days, zone)
    watch = _Watch(marks)
    running = run_ordered(ordered, scoring, company=company, watch=watch, since=marks[0])
    if running is None:
        return History((), ()), None
    watch.end(running.sums(), scoring)
    changes = (Moved(one.at, as_shown(watch.totals[one.at]), changed=one) for one in watch.changes)
    moved = [*_first_hits(ordered, scoring, watch, marks[0]), *changes]
    return History(watch.points, sorted(moved, key=lambda one: one.at)), running


def _first_hits(ordered: Ordered, scoring: Scoring, watch: _Watch, since: datetime) -> Iterator[Moved]:
    seen: set[int] = set()
    for found in hits_found(ordered, scoring):
        if found.index not in seen and found.hit.at >= since:
            seen.add(found.index)
            total = as_shown(watch.totals[found.hit.at])
            yield Moved(found.hit.at, total, rule=scoring.rules[found.index], hit=found.hit)


def _ends_of_days(at: datetime, days: int, zone: tzinfo) -> list[datetime]:
    """Return the beginnings of the local days after the first of these days, and the moment itself.

    In UTC: a local midnight that is there twice, or not at all, equals no other moment.
    """
    today = at.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    return [(today - timedelta(days=back)).astimezone(UTC) for back in range(days - 1, -1, -1)] + [at]
