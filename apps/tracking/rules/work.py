"""Carrying rules out: applying to the past, undoing, and judging visits that have changed.

In slices, each a transaction under the site's lock. How far it is lies in rows, so that whoever is killed is taken up
by the next, and two at once do no harm: a visit's flag follows from the visit and the rules, not from who looks first.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

from apps.core import clock

from ..filters import Filters, Level
from ..locks import site_lock
from ..models import ExclusionRule, Session, VisitToJudge
from ..setting_aside import visits_flag
from ..steps.sessions import GAP_MS
from .conditions import NotUnderstood, conditions_of, visit_condition
from .judging import Rule, State, judgeable, rules_in_force, unreadable_tell, visits_judged

# Visits in one transaction: the writer waits for the site's lock meanwhile.
SLICE_VISITS = 500
# Whoever works on a rule says so for this long, and again with each slice.
LEASE = timedelta(seconds=60)
# A task ends well before its message would be given to another; the sweep goes on.
WORK_FOR = timedelta(minutes=2)
GAP = timedelta(milliseconds=GAP_MS)


def rule_work(rule_id: int) -> bool:
    """Apply or undo a rule as far as there is time; return whether it is done. Does nothing where another is at it."""
    until = clock.now() + WORK_FOR
    if not _lease(rule_id):
        return False
    while rule_slice(rule_id):
        if clock.now() >= until:
            _release(rule_id)
            return False
    return True


def rules_unfinished() -> list[int]:
    """Return the rules that are being applied or undone and that nobody works on. One query."""
    return list(_unfinished().values_list("id", flat=True).order_by("id"))


def rule_slice(rule_id: int) -> bool:
    """Do the next slice of a rule; return whether there may be more."""
    site_id = ExclusionRule.objects.filter(id=rule_id).values_list("site_id", flat=True).first()
    if site_id is None:
        return False
    with transaction.atomic():
        site_lock([site_id])
        rule = ExclusionRule.objects.filter(id=rule_id).first()
        steps: dict[str, Callable[[ExclusionRule], bool]] = {State.APPLYING: _apply, State.UNDOING: _undo}
        step = steps.get(rule.state) if rule else None
        return step(rule) if rule and step else False


def visits_judge() -> int:
    """Judge the current agency's visits that have changed and are due; return how many. May run twice, or at once."""
    now = clock.now()
    due = VisitToJudge.objects.filter(due_at__lte=now)
    judged = 0
    while (site_id := due.values_list("site_id", flat=True).order_by("due_at").first()) is not None:
        judged += _judge_slice(site_id, due.filter(site_id=site_id))
    return judged


def _judge_slice(site_id: int, due: QuerySet[VisitToJudge]) -> int:
    with transaction.atomic():
        site_lock([site_id])
        session_ids = list(due.values_list("session_id", flat=True).order_by("due_at")[:SLICE_VISITS])
        # One moment for both: a visit that was still going on when it was judged is judged again.
        now = clock.now()
        rules = _judge(site_id, session_ids, now)
        judged = VisitToJudge.objects.filter(session_id__in=session_ids)
        if any(rule.waits_for_end for rule in rules):
            # Those that are still going on are judged once more, when they are over.
            still_open = Session.objects.filter(id__in=session_ids, ended_at__gt=now - GAP)
            ends = dict(still_open.values_list("id", "ended_at"))
            waiting = [VisitToJudge(id_, site_id, ended_at + GAP) for id_, ended_at in ends.items()]
            VisitToJudge.objects.bulk_update(waiting, ["due_at"])
            judged = judged.exclude(session_id__in=list(ends))
        judged.delete()
    return len(session_ids)


def _apply(rule: ExclusionRule) -> bool:
    """Judge the next visits that may meet the rule. The cursor goes from the oldest on; what comes behind is judged.

    One that this code can't read waits for a newer one.
    """
    now = clock.now()
    try:
        visits = _candidates(rule, now)
    except NotUnderstood:
        unreadable_tell(rule.id)
        return False
    if rule.visits_total is None:
        rule.visits_total = visits.count()
    if rule.cursor_at is not None:
        # Both: the row's comparison alone isn't looked up in the index by time.
        visits = visits.filter(started_at__gte=rule.cursor_at).exclude(
            started_at=rule.cursor_at, id__lte=rule.cursor_id
        )
    chosen = list(visits.order_by("started_at", "id").values_list("started_at", "id")[:SLICE_VISITS])
    _judge(rule.site_id, [session_id for _, session_id in chosen], now)
    if chosen:
        rule.cursor_at, rule.cursor_id = chosen[-1]
    return _on(rule, len(chosen), State.ACTIVE)


def _candidates(rule: ExclusionRule, now: datetime) -> QuerySet[Session]:
    """Return the visits that meet the rule as far as their own row says.

    What their pages say is asked for the chosen ones alone: to find such pages first could mean to read all of a site's
    events for each slice.
    """
    items = tuple(item for item in conditions_of(rule.conditions).items if item.field.level is Level.SESSION)
    return judgeable(rule.site_id).filter(visit_condition(Filters(items), since=now, until=now, now=now))


def _judge(site_id: int, session_ids: list[UUID], now: datetime) -> list[Rule]:
    """Give visits the flags that they should have; return the rules that say so."""
    rules = rules_in_force([site_id]).get(site_id, [])
    visits_flag(site_id=site_id, flags=visits_judged(site_id=site_id, session_ids=session_ids, rules=rules, now=now))
    return rules


def _undo(rule: ExclusionRule) -> bool:
    """Judge the next visits that the rule has by those that are left: counted again, or another one's."""
    held = Session.objects.filter(site_id=rule.site_id, excluded_by=rule.id)
    if rule.visits_total is None:
        rule.visits_total = held.count()
    session_ids = list(held.values_list("id", flat=True)[:SLICE_VISITS])
    _judge(rule.site_id, session_ids, clock.now())
    return _on(rule, len(session_ids), State.UNDONE)


def _on(rule: ExclusionRule, visits: int, when_done: ExclusionRule.State) -> bool:
    """Note how far the rule is; return whether there may be more."""
    is_done = visits < SLICE_VISITS
    rule.visits_done += visits
    rule.leased_until = None if is_done else clock.now() + LEASE
    if is_done:
        rule.state = when_done
    rule.save(update_fields=["state", "visits_done", "visits_total", "cursor_at", "cursor_id", "leased_until"])
    return not is_done


def _unfinished() -> QuerySet[ExclusionRule]:
    free = Q(leased_until__isnull=True) | Q(leased_until__lte=clock.now())
    return ExclusionRule.objects.filter(free, state__in=(State.APPLYING, State.UNDOING))


def _lease(rule_id: int) -> bool:
    return bool(_unfinished().filter(id=rule_id).update(leased_until=clock.now() + LEASE))


def _release(rule_id: int) -> None:
    ExclusionRule.objects.filter(id=rule_id).update(leased_until=None)
