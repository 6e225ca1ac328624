"""What changes a site's goals. Callers hold the site's lock where the writer is to follow at once (tracking)."""

from django.db import IntegrityError, transaction

from apps.core import clock
from apps.core.errors import Refused

from ..models import Goal, Site
from .rules import GoalRule

# Each is asked of every event of the site.
MOST_GOALS = 50
NAME_TAKEN = "There is a goal of this name already."
_ASKED = tuple(name for name in GoalRule.__struct_fields__ if name != "id")


def goal_create(*, site: Site, name: str, rule: GoalRule, user_name: str) -> Goal:
    """Make a goal, on at once. Raises Refused for a name that is taken and for one goal too many."""
    if Goal.objects.filter(site=site, archived_at__isnull=True).count() >= MOST_GOALS:
        raise Refused(f"A site can have {MOST_GOALS} goals at most: archive one that isn’t needed any more.")
    now = clock.now()
    goal = Goal(site=site, created_at=now, created_by=user_name)
    _write(goal, name, rule, user_name)
    return goal


def goal_change(*, goal: Goal, name: str, rule: GoalRule, user_name: str) -> None:
    """Have a goal ask something else from now on; its kind stays. Raises Refused for a name that is taken."""
    _write(goal, name, rule, user_name)


def goal_switch(*, goal: Goal, is_active: bool, user_name: str) -> None:
    """Have a goal reached from now on, or not any more; what was reached stays."""
    goal.is_active, goal.changed_at, goal.changed_by = is_active, clock.now(), user_name
    goal.save(update_fields=["is_active", "changed_at", "changed_by"])


def goal_archive(*, goal: Goal, user_name: str) -> None:
    """Take a goal out of the lists: nobody reaches it any more, what was reached stays stored."""
    goal.archived_at, goal.changed_at, goal.changed_by = clock.now(), clock.now(), user_name
    goal.save(update_fields=["archived_at", "changed_at", "changed_by"])


def goal_restore(*, goal: Goal, user_name: str) -> None:
    """Bring an archived goal back. Raises Refused where its name has been taken since, and for one goal too many."""
    if Goal.objects.filter(site_id=goal.site_id, archived_at__isnull=True).count() >= MOST_GOALS:
        raise Refused(f"A site can have {MOST_GOALS} goals at most: archive one that isn’t needed any more.")
    goal.archived_at, goal.changed_at, goal.changed_by = None, clock.now(), user_name
    _save(goal)


def _write(goal: Goal, name: str, rule: GoalRule, user_name: str) -> None:
    goal.name, goal.changed_at, goal.changed_by = name, clock.now(), user_name
    for field in _ASKED:
        setattr(goal, field, getattr(rule, field))
    goal.kind, goal.value_from = rule.kind.value, rule.value_from.value
    goal.conditions = [{"prop": one.prop, "op": one.op.value, "value": one.value} for one in rule.conditions]
    _save(goal)


def _save(goal: Goal) -> None:
    try:
        with transaction.atomic():
            goal.save()
    except IntegrityError as error:
        raise Refused(NAME_TAKEN) from error
