"""A goal's way through what was stored before it: from the oldest event on, in slices, each a transaction under the
site's lock.

How far it is lies in its GoalRun, so that whoever is killed is taken up by the next; two at once do no harm, as an
event counts once for a goal. What is stored meanwhile is the writer's, wherever in time it lies.
"""

import logging
from datetime import datetime, timedelta

import msgspec
from django.db import transaction
from django.db.models import Max, Min, Q, QuerySet

from apps.core import clock, facts
from apps.core.tenancy import current_schema
from apps.sites.goals.rules import GoalRule
from apps.sites.models import Goal

from ..locks import site_lock
from ..models import Event, GoalRun
from .candidates import candidates, those_that_meet
from .storing import conversions_add

logger = logging.getLogger(__name__)

# In one transaction: the writer waits for the site's lock meanwhile. So many events, of so long a time.
SLICE_EVENTS = 2_000
SLICE_SPAN = timedelta(days=1)
# Whoever works on a goal says so for this long, and again with each slice.
LEASE = timedelta(seconds=60)
# A task ends well before its message would be given to another; the sweep goes on.
WORK_FOR = timedelta(minutes=2)


def goal_work(goal_id: int) -> bool:
    """Apply a goal to the past as far as there is time; return whether it is done. Nothing where another is at it."""
    until = clock.now() + WORK_FOR
    if not _unfinished().filter(goal_id=goal_id).update(leased_until=clock.now() + LEASE):
        return False
    while goal_slice(goal_id):
        if clock.now() >= until:
            GoalRun.objects.filter(goal_id=goal_id).update(leased_until=None)
            return False
    return not GoalRun.objects.filter(goal_id=goal_id, state=GoalRun.State.APPLYING).exists()


def goals_unfinished() -> list[int]:
    """Return the goals that are being applied and that nobody works on. One query."""
    return list(_unfinished().values_list("goal_id", flat=True).order_by("goal_id"))


def goal_slice(goal_id: int) -> bool:
    """Do the next slice of a goal; return whether there may be more."""
    site_id = GoalRun.objects.filter(goal_id=goal_id).values_list("site_id", flat=True).first()
    if site_id is None:
        return False
    with transaction.atomic():
        site_lock([site_id])
        run = GoalRun.objects.filter(goal_id=goal_id, state=GoalRun.State.APPLYING).first()
        goal = Goal.objects.filter(id=goal_id, archived_at__isnull=True).first()
        if run is None:
            return False
        if goal is None:
            return _done(run)
        try:
            rule = goal.rule
        except msgspec.ValidationError:
            # A newer version made it, and applies it.
            logger.exception("goal %s of agency %s isn't understood and isn't applied", goal_id, current_schema())
            return False
        return _step(run, rule)


def _step(run: GoalRun, rule: GoalRule) -> bool:
    if run.cursor_at is None:
        ends = Event.objects.filter(site_id=run.site_id).aggregate(first=Min("occurred_at"), last=Max("occurred_at"))
        run.first_at, run.last_at, run.cursor_at = ends["first"], ends["last"], ends["first"]
    if run.cursor_at is None or run.last_at is None:
        return _done(run)
    end = min(run.cursor_at + SLICE_SPAN, run.last_at)
    events = candidates(site_id=run.site_id, rule=rule).filter(occurred_at__gte=run.cursor_at, occurred_at__lte=end)
    if run.cursor_id is not None:
        # Both: the row's comparison alone isn't looked up in the index by time.
        events = events.exclude(occurred_at=run.cursor_at, event_id__lte=run.cursor_id)
    rows = list(events.order_by("occurred_at", "event_id")[:SLICE_EVENTS])
    met = list(those_that_meet(rule, rows))
    for fact in conversions_add(current_schema(), met):
        facts.publish(fact)
    run.found += len(met)
    if len(rows) == SLICE_EVENTS:
        run.cursor_at, run.cursor_id = rows[-1]["occurred_at"], rows[-1]["event_id"]
        return _go_on(run)
    following = None if end >= run.last_at else _next_at(run.site_id, end)
    if following is None:
        return _done(run)
    run.cursor_at, run.cursor_id = following, None
    return _go_on(run)


def _next_at(site_id: int, after: datetime) -> datetime | None:
    """Return when the site's next event was: days without any are no slices of their own."""
    later = Event.objects.filter(site_id=site_id, occurred_at__gt=after).order_by("occurred_at", "event_id")
    return later.values_list("occurred_at", flat=True).first()


def _go_on(run: GoalRun) -> bool:
    run.leased_until = clock.now() + LEASE
    run.save()
    return True


def _done(run: GoalRun) -> bool:
    run.state, run.leased_until = GoalRun.State.DONE, None
    run.save()
    return False


def _unfinished() -> QuerySet[GoalRun]:
    free = Q(leased_until__isnull=True) | Q(leased_until__lte=clock.now())
    return GoalRun.objects.filter(free, state=GoalRun.State.APPLYING)
