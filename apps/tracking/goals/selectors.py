"""Reads of goals and of the conversions that count.

A conversion counts while its visit isn't set aside; of a goal that counts once a visit, the visit's earliest does. It
belongs to the day on which its visit began: so the share of visits that reached a goal is never above one.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet, Sum

from apps.sites.models import Goal

from ..filters import Filters
from ..models import Conversion, GoalRun, Session
from ..selectors import session_all


@dataclass(frozen=True, slots=True)
class Amount:
    """A sum of money; `currency` is empty where nobody said which."""

    currency: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class GoalFigures:
    """What came of a goal in some visits, and of these how many reached it."""

    conversions: int = 0
    visits: int = 0
    amounts: Sequence[Amount] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True)
class GoalLine:
    """A goal with what came of it in a period; `run`: on its way through the past."""

    goal: Goal
    figures: GoalFigures
    run: GoalRun | None = None

    @property
    def done_ratio(self) -> float | None:
        """How far it is in the past; None until that is known, and where it isn't on its way."""
        run = self.run
        if run is None or run.first_at is None or run.last_at is None or run.cursor_at is None:
            return None
        whole = (run.last_at - run.first_at).total_seconds()
        return min(1.0, (run.cursor_at - run.first_at).total_seconds() / whole) if whole else 1.0


def goals_of(*, site_id: int) -> QuerySet[Goal]:
    """Return a site's goals that aren't archived, the oldest first."""
    return Goal.objects.filter(site_id=site_id, archived_at__isnull=True).order_by("id")


def goals_archived(*, site_id: int) -> QuerySet[Goal]:
    """Return a site's archived goals, the last archived first."""
    return Goal.objects.filter(site_id=site_id, archived_at__isnull=False).order_by("-archived_at")


def goal_lines(*, site_id: int, since: datetime, until: datetime, filters: Filters | None = None) -> Sequence[GoalLine]:
    """Return a site's goals with what visits that began in [since, until) reached, the oldest first.

    Three queries and one more for several currencies; one where there are no goals.
    """
    goals = list(goals_of(site_id=site_id))
    if not goals:
        return []
    # First who is still being applied: of one that ends now the figures are whole, and a page doesn't ask again for it.
    runs = {run.goal_id: run for run in GoalRun.objects.filter(site_id=site_id, state=GoalRun.State.APPLYING)}
    visits = session_all(site_id=site_id, since=since, until=until, filters=filters)
    figures = goal_figures(goals, site_id=site_id, visits=visits, since=since)
    return [GoalLine(goal, figures.get(goal.id, GoalFigures()), runs.get(goal.id)) for goal in goals]


def goal_figures(
    goals: Iterable[Goal], *, site_id: int, visits: QuerySet[Session], since: datetime
) -> dict[int, GoalFigures]:
    """Return what came of goals in some visits of a site, by goal; those that nobody reached are left out.

    `since`: when the first of the visits began, or before. One query; it counts each visit once for each goal and
    currency, and a second one where a goal has several.
    """
    of_visits = Conversion.objects.filter(site_id=site_id, occurred_at__gte=since, session_id__in=visits.values("id"))
    found = conversions_counted(goals, of_visits)
    by_currency = found.order_by().values("goal_id", "currency")
    rows = by_currency.annotate(n=Count("pk"), visits=Count("session_id", distinct=True), sum=Sum("value"))
    grouped: defaultdict[int, list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        grouped[row["goal_id"]].append(row)
    several = [goal_id for goal_id, of_goal in grouped.items() if len(of_goal) > 1]
    visits_of = _visits_of(found.filter(goal_id__in=several)) if several else {}
    return {
        goal_id: GoalFigures(
            conversions=sum(row["n"] for row in of_goal),
            visits=visits_of.get(goal_id, of_goal[0]["visits"]),
            amounts=amounts_of((row["currency"], row["sum"]) for row in of_goal),
        )
        for goal_id, of_goal in grouped.items()
    }


def conversions_counted(goals: Iterable[Goal], found: QuerySet[Conversion]) -> QuerySet[Conversion]:
    """Return which of these conversions count, given all of some visits that count."""
    known = list(goals)
    every = [goal.id for goal in known if goal.counts_every]
    once = [goal.id for goal in known if not goal.counts_every]
    order = ("goal_id", "session_id", "occurred_at", "event_id")
    first = found.filter(goal_id__in=once).order_by(*order).distinct("goal_id", "session_id").values("id")
    return found.filter(Q(goal_id__in=every) | Q(id__in=first))


def session_conversions(session: Session) -> dict[UUID, list[tuple[str, Conversion]]]:
    """Return the conversions of a visit that would count if it does, with their goals' names, by event.

    One query; two more where there are any.
    """
    found = Conversion.objects.filter(session_id=session.id, site_id=session.site_id)
    goal_ids = set(found.values_list("goal_id", flat=True))
    if not goal_ids:
        return {}
    goals = {goal.id: goal for goal in Goal.objects.filter(id__in=goal_ids)}
    by_event: defaultdict[UUID, list[tuple[str, Conversion]]] = defaultdict(list)
    for conversion in conversions_counted(goals.values(), found).order_by("goal_id"):
        by_event[conversion.event_id].append((goals[conversion.goal_id].name, conversion))
    return dict(by_event)


def amounts_of(values: Iterable[tuple[str, Decimal | None]]) -> list[Amount]:
    """Return sums by currency, the largest first; conversions without a value add nothing."""
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    for currency, value in values:
        if value is not None:
            sums[currency] += value
    return [Amount(currency, amount) for currency, amount in sorted(sums.items(), key=lambda one: -one[1])]


def _visits_of(found: QuerySet[Conversion]) -> dict[int, int]:
    counted = found.order_by().values("goal_id").annotate(visits=Count("session_id", distinct=True))
    return {row["goal_id"]: row["visits"] for row in counted}
