"""A company's activity from its first moment to its last, with the score after each. Pure.

Temperature and category depend on what they were before (hysteresis, formulas). They start cold and step

- right before each visit begins, so that what has cooled down since the last one has cooled down,
- right after each moment of activity,
- and once more at the moment at which they are read (reading.parts_at),

always in the order of time. So they follow from activity, rules and that moment alone, whatever order facts came in.
What is known of a visit or a page view today (how long it was read, that nothing else was seen) is taken as known from
its own moment on, and what is known of the company (fit) always.

One step costs the same however much came before it. Where only the end is asked for, states of long ago are left out if
they can't have mattered (`sums_of`): what is higher before is never lower after.
"""

from bisect import bisect_left
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from operator import itemgetter

import msgspec

from .activity import Activity, PageView, Visit
from .formulas import (
    as_shown,
    category_after,
    clamped,
    decay_ratio,
    engagement_ingredients,
    temperature_after,
    total_of,
)
from .kinds import KINDS, Hit
from .ordered import Ordered
from .rules import Rule, Scoring
from .sums import Category, Parts, RuleSum, Sums, Temperature

State = Temperature | Category


@dataclass(frozen=True, slots=True)
class Changed:
    """A temperature or category that changed at a moment. `shown`: the total, or the intent, as shown then."""

    at: datetime
    before: State
    after: State
    shown: int


@dataclass(frozen=True, slots=True)
class Company:
    """What of a score doesn't come from activity, 0-100 each; None: not known."""

    fit: float | None = None
    contact: float | None = None
    learned: float | None = None


class Found(msgspec.Struct, frozen=True, gc=False):
    """A hit with its rule's place among the rules."""

    index: int
    hit: Hit


# What happened at a moment: one thing of it.
Moment = tuple[datetime, Visit | PageView | Found | None]
# Of a long activity the states are followed through so many moments, the last ones, at first: nearly always they come
# to the same whatever was before. Else all are.
STEPPED_FIRST = 2_000
_EVER = datetime.min.replace(tzinfo=UTC)


class Brief:
    """Hits of a rule that count up to a moment only; all are asked for in the order of time."""

    def __init__(self) -> None:
        self._hits: deque[tuple[float, datetime]] = deque()
        self._sum = 0.0

    def add(self, points: float, until: datetime) -> None:
        self._hits.append((points, until))
        self._sum += points

    def amount(self, at: datetime) -> float:
        """Return what those that count at a moment sum up to, and forget the others."""
        while self._hits and self._hits[0][1] <= at:
            self._sum -= self._hits.popleft()[0]
        if not self._hits:
            self._sum = 0.0
        return self._sum

    def left(self, at: datetime) -> tuple[tuple[float, datetime], ...]:
        """Return what those that count at a moment add up to from now on, as sums.RuleSum has it."""
        amount = 0.0
        found: list[tuple[float, datetime]] = []
        for points, until in reversed(self._hits):
            if until <= at:
                break
            amount += points
            if found and found[-1][1] == until:
                found.pop()
            found.append((amount, until))
        return tuple(reversed(found))


class Running:
    """The score as the activity goes on. Amounts are decayed to `as_of`, the end: earlier they were worth more."""

    def __init__(self, scoring: Scoring, *, as_of: datetime, company: Company) -> None:
        self.scoring, self.as_of, self.company = scoring, as_of, company
        self.visits = self.views = self.engaged_minutes = self.scroll = self.visitors = 0.0
        self.last_at = as_of
        self.temperature, self.category = Temperature.COLD, Category.LOOKER
        self.changes: list[Changed] = []
        # Where the way up to here isn't known: what the states would be after the highest that they could have been.
        self.highest: tuple[Temperature, Category] | None = None
        self._known: tuple[datetime, tuple[float, float, float]] | None = None
        self._lasting: dict[int, float] = {}
        self._brief: dict[int, Brief] = {}
        self._ends = [rule.end for rule in scoring.rules]
        self._lasts = [hits_last(rule) for rule in scoring.rules]
        self._days: defaultdict[date, dict[int, float]] = defaultdict(dict)
        self._day_sums: defaultdict[date, float] = defaultdict(float)

    def add(self, at: datetime, things: Iterable[Visit | PageView | Found | None]) -> None:
        """Take in all that happened at a moment, which is later than the last; None: somebody was still there."""
        left = decay_ratio(at, self.as_of)
        for thing in things:
            self.take(at, thing, left)
        self.last_at = at
        self.step(at)

    def take(self, at: datetime, thing: Visit | PageView | Found | None, left: float) -> None:
        """Take in one thing, and leave temperature and category as they are."""
        self._known = None
        if isinstance(thing, PageView):
            self.views += left
            self.engaged_minutes += left * (thing.engaged_ms / 60_000)
            self.scroll += left * (thing.scroll_percent / 100)
        elif isinstance(thing, Found):
            self._add_hit(thing, at, left)
        elif isinstance(thing, Visit):
            self.visits += left
            self._add_visitor(thing, left)

    def take_all(self, moments: Iterable[Moment]) -> None:
        """Take in what happened in a long time. As `take` does, with what there is most of written out here."""
        views, minutes, scroll = self.views, self.engaged_minutes, self.scroll
        lasting, lasts = self._lasting, self._lasts
        points = [rule.points for rule in self.scoring.rules]
        known, left = None, 1.0
        for at, thing in moments:
            if thing is None:
                continue
            if at is not known:
                known, left = at, decay_ratio(at, self.as_of)
            if isinstance(thing, PageView):
                views += left
                minutes += left * (thing.engaged_ms / 60_000)
                scroll += left * (thing.scroll_percent / 100)
            elif isinstance(thing, Found) and lasts[thing.index] is None:
                lasting[thing.index] = lasting.get(thing.index, 0.0) + left * points[thing.index]
            else:
                self.take(at, thing, left)
        self.views, self.engaged_minutes, self.scroll = views, minutes, scroll
        self._known = None

    def step(self, at: datetime) -> None:
        """Let temperature and category follow what the score is at a moment."""
        _, intent, total = self.worth(at)
        temperature = temperature_after(self.temperature, total)
        category = category_after(self.category, intent)
        if temperature is not self.temperature:
            self.changes.append(Changed(at, self.temperature, temperature, as_shown(total)))
            self.temperature = temperature
        if category is not self.category:
            self.changes.append(Changed(at, self.category, category, as_shown(intent)))
            self.category = category
        if self.highest is not None:
            self.highest = temperature_after(self.highest[0], total), category_after(self.highest[1], intent)

    def parts(self, at: datetime) -> Parts:
        """Return the score at a moment that isn't before the last that was added, and leave everything as it is."""
        engagement, intent, total = self.worth(at)
        company = self.company
        temperature, category = temperature_after(self.temperature, total), category_after(self.category, intent)
        return Parts(engagement, intent, company.fit, company.contact, company.learned, total, temperature, category)

    def sums(self) -> Sums:
        """Return what a score is read from later, once all is added."""
        return Sums(
            as_of=self.as_of,
            visits=self.visits,
            views=self.views,
            engaged_minutes=self.engaged_minutes,
            scroll_ratio=self._scroll_ratio,
            visitors=self.visitors,
            rules=tuple(self._rule_sums()),
            fit=self.company.fit,
            contact=self.company.contact,
            learned=self.company.learned,
            temperature=self.temperature,
            category=self.category,
        )

    def _rule_sums(self) -> Iterator[RuleSum]:
        # By key: rules in another order leave the same, to the last bit.
        for index, rule in sorted(enumerate(self.scoring.rules), key=lambda one: one[1].key):
            brief = self._brief[index].left(self.as_of) if index in self._brief else ()
            if index in self._lasting or brief:
                yield RuleSum(rule.key, self._lasting.get(index, 0.0), rule.end, brief)

    @property
    def _scroll_ratio(self) -> float:
        return self.scroll / self.views if self.views else 0.0

    def worth(self, at: datetime) -> tuple[float, float, float]:
        """Return engagement, intent and total at a moment. Asked again before anything is taken in, they are known."""
        if self._known is None or self._known[0] != at:
            self._known = at, self._worth_anew(at)
        return self._known[1]

    def _worth_anew(self, at: datetime) -> tuple[float, float, float]:
        left = decay_ratio(self.as_of, at)
        ingredients = engagement_ingredients(
            visits=left * self.visits,
            views=left * self.views,
            engaged_minutes=left * self.engaged_minutes,
            scroll_ratio=self._scroll_ratio,
            visitors=left * self.visitors,
            recency_ratio=decay_ratio(self.last_at, at),
        )
        engagement, intent = sum(ingredients), self._intent(at, left)
        company = self.company
        total = total_of(
            self.scoring.weights,
            contact=company.contact,
            fit=company.fit,
            intent=intent,
            engagement=engagement,
            learned=company.learned,
        )
        return engagement, intent, total

    def _intent(self, at: datetime, left: float) -> float:
        amounts = self._lasting
        if self._brief:
            amounts = dict(amounts)
            for index, brief in self._brief.items():
                amounts[index] = amounts.get(index, 0.0) + brief.amount(at)
        points, ends = 0.0, self._ends
        for index, amount in amounts.items():
            # formulas.rule_points, written out: it is asked most often of all.
            end, worth = ends[index], left * amount
            points += end if (worth < end if end < 0 else worth > end) else worth
        return clamped(points)

    def _add_hit(self, found: Found, at: datetime, left: float) -> None:
        points = left * self.scoring.rules[found.index].points
        lasts = self._lasts[found.index]
        if lasts is None:
            self._lasting[found.index] = self._lasting.get(found.index, 0.0) + points
            return
        self._brief.setdefault(found.index, Brief()).add(points, at + lasts)

    def _add_visitor(self, visit: Visit, left: float) -> None:
        """Count the visitors of the day that has most of them, each by their last visit of that day."""
        day = visit.started_at.astimezone(UTC).date()
        self._day_sums[day] += left - self._days[day].get(visit.visitor_id, 0.0)
        self._days[day][visit.visitor_id] = left
        self.visitors = max(self.visitors, self._day_sums[day])


# Called right before and right after a moment.
Watch = Callable[[Running, datetime, bool], None]


def hits_last(rule: Rule) -> timedelta | None:
    """Return how long a rule's hits count: its window, or what its kind says where that is shorter."""
    own = KINDS[rule.kind].lasts(rule.match)
    window = None if rule.window_days is None else timedelta(days=rule.window_days)
    known = [one for one in (own, window) if one is not None]
    return min(known) if known else None


def hits_found(ordered: Ordered, scoring: Scoring) -> Sequence[Found]:
    """Return all hits of the rules that are on, by rule. Found once for an activity in order."""
    if ordered.found is None or ordered.found[0] is not scoring:
        ordered.found = scoring, list(_hits_found(ordered, scoring))
    return ordered.found[1]


def _hits_found(ordered: Ordered, scoring: Scoring) -> Iterator[Found]:
    for index, rule in enumerate(scoring.rules):
        if rule.is_on:
            for hit in KINDS[rule.kind].hits(rule, index, ordered):
                yield Found(index, hit)


def run(
    activity: Activity,
    scoring: Scoring,
    *,
    company: Company | None = None,
    watch: Watch | None = None,
) -> Running | None:
    """Return the score after all of an activity, with all changes on its way; None where there is no visit.

    `watch(running, at, is_before)` is called right before and right after each moment.
    """
    return run_ordered(Ordered(activity, scoring.rules), scoring, company=company, watch=watch or _look_on)


def run_ordered(
    ordered: Ordered,
    scoring: Scoring,
    *,
    company: Company | None = None,
    watch: Watch | None = None,
    since: datetime = _EVER,
) -> Running | None:
    """Return the score after all of an activity that is in order; None where there is no visit.

    `watch` is called from `since` on. Changes before that, without it all of them, are left out where they needn't be
    followed: of a long activity the states right then come to the same whatever was long before.
    """
    if ordered.as_of is None or not ordered.visits:
        return None
    moments = _moments(ordered, scoring)
    watched = len(moments) if watch is None else bisect_left(moments, since, key=itemgetter(0))
    for start in (_beginning(moments, max(0, watched - STEPPED_FIRST)), 0):
        running = Running(scoring, as_of=ordered.as_of, company=company or Company())
        if start:
            running.highest = Temperature.HOT, Category.HIGH_INTENT
            running.take_all(moments[:start])
            running.last_at = moments[start - 1][0]
        _step_all(running, moments[start:watched], None)
        # From the lowest and from the highest states it comes to the same: so it does from those that there were.
        if running.highest in (None, (running.temperature, running.category)):
            break
    running.highest = None
    _step_all(running, moments[watched:], watch)
    return running


def sums_of(
    activity: Activity,
    scoring: Scoring,
    *,
    fit: float | None = None,
    contact: float | None = None,
    learned: float | None = None,
) -> Sums | None:
    """Return what an activity sums up to under these rules; None where there is no visit."""
    running = run_ordered(Ordered(activity, scoring.rules), scoring, company=Company(fit, contact, learned))
    return running.sums() if running else None


def _look_on(running: Running, at: datetime, is_before: bool) -> None:
    """Watch, and do nothing."""


def _step_all(running: Running, moments: Sequence[Moment], watch: Watch | None) -> None:
    """Take in moments in their order, with all states on the way."""
    is_first = running.visits == 0
    for at, grouped in groupby(moments, key=itemgetter(0)):
        things = [thing for _, thing in grouped]
        if not is_first:
            if watch is not None:
                watch(running, at, True)
            if any(isinstance(thing, Visit) for thing in things):
                running.step(at)
        running.add(at, things)
        if watch is not None:
            watch(running, at, False)
        is_first = False


def _beginning(moments: Sequence[Moment], start: int) -> int:
    """Return the place at which the moment at a place begins."""
    while start > 0 and moments[start - 1][0] == moments[start][0]:
        start -= 1
    return start


def _moments(ordered: Ordered, scoring: Scoring) -> list[Moment]:
    """Return what happened, in the order of time; at one moment in that of this function."""
    moments: list[Moment] = []
    moments += [(visit.started_at, visit) for visit in ordered.visits]
    moments += [(view.at, view) for view in ordered.views]
    moments += [(found.hit.at, found) for found in hits_found(ordered, scoring)]
    moments += [(visit.ended_at, None) for visit in ordered.visits if visit.ended_at > visit.started_at]
    moments += [(event.at, None) for event in ordered.events]
    moments += [(one.at, None) for one in ordered.reached]
    moments.sort(key=itemgetter(0))
    return moments
