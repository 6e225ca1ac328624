"""Making and changing goals. Under the site's lock: what the writer stores next is stored by what was said."""

from django.db import transaction

from apps.core import clock, facts
from apps.core.tenancy import current_schema
from apps.sites.goals import services as goals
from apps.sites.goals.rules import GoalRule
from apps.sites.models import Goal, Site

from ..facts import GoalChanged
from ..locks import site_lock
from ..models import Conversion, GoalRun


def goal_create(*, site: Site, name: str, rule: GoalRule, reaches_back: bool, user_name: str) -> Goal:
    """Make a goal, on at once, and where it `reaches_back` applied to what is stored. Raises Refused."""
    with transaction.atomic():
        site_lock([site.id])
        goal = goals.goal_create(site=site, name=name, rule=rule, user_name=user_name)
        if reaches_back:
            goal_apply(goal=goal)
    return goal


def goal_change(*, goal: Goal, name: str, rule: GoalRule, reaches_back: bool, user_name: str) -> None:
    """Have a goal ask something else: from now on, or anew of all that is stored. Raises Refused."""
    with transaction.atomic():
        site_lock([goal.site_id])
        goals.goal_change(goal=goal, name=name, rule=rule, user_name=user_name)
        if reaches_back:
            Conversion.objects.filter(goal_id=goal.id).delete()
            goal_apply(goal=goal)


def goal_switch(*, goal: Goal, is_active: bool, user_name: str) -> None:
    with transaction.atomic():
        site_lock([goal.site_id])
        goals.goal_switch(goal=goal, is_active=is_active, user_name=user_name)


def goal_archive(*, goal: Goal, user_name: str) -> None:
    with transaction.atomic():
        site_lock([goal.site_id])
        goals.goal_archive(goal=goal, user_name=user_name)
        GoalRun.objects.filter(goal_id=goal.id).delete()


def goal_restore(*, goal: Goal, user_name: str) -> None:
    """Bring a goal back from the archive. Raises Refused."""
    with transaction.atomic():
        site_lock([goal.site_id])
        goals.goal_restore(goal=goal, user_name=user_name)


def goal_apply(*, goal: Goal) -> None:
    """Have a goal find what it would have counted in the past, from the beginning. In the caller's transaction."""
    anew = {
        "site_id": goal.site_id,
        "state": GoalRun.State.APPLYING,
        "asked_at": clock.now(),
        "first_at": None,
        "last_at": None,
        "cursor_at": None,
        "cursor_id": None,
        "found": 0,
        "leased_until": None,
    }
    GoalRun.objects.update_or_create(goal_id=goal.id, defaults=anew)
    facts.publish(GoalChanged(schema=current_schema(), goal_id=goal.id))
