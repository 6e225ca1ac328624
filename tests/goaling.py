"""Goals in tests: making them, storing by the writer, and what counts."""

from datetime import UTC, datetime
from typing import Any

from apps.core.tenancy import current_schema
from apps.sites.goals.rules import GoalKind, GoalRule, ValueFrom
from apps.sites.models import Goal, Site
from apps.tracking.envelope import Envelope
from apps.tracking.facts import GoalReached
from apps.tracking.goals.selectors import GoalFigures, goal_figures
from apps.tracking.goals.services import goal_create
from apps.tracking.goals.work import goal_work
from apps.tracking.models import Conversion
from apps.tracking.selectors import session_all
from apps.tracking.writer.leaves import Leaves
from apps.tracking.writer.share import store_share
from tests.tracking.arrivals import EPOCHS, entry

FIRST, LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


def goal_make(site: Site, kind: str, *, name: str = "", back: bool = False, **asked: Any) -> Goal:
    """Make a goal and, if it reaches back, apply it."""
    rule = GoalRule(0, GoalKind(kind), **{**asked, "value_from": ValueFrom(asked.get("value_from", "none"))})
    name = name or f"Goal {Goal.objects.count() + 1}"
    goal = goal_create(site=site, name=name, rule=rule, reaches_back=back, user_name="Ann")
    if back:
        assert goal_work(goal.id)
    return goal


def reach(*bodies: Envelope) -> list[GoalReached]:
    """Have the writer store `bodies` as one batch; return which goals it tells of."""
    entries = [entry(body) for body in bodies]
    told = store_share(current_schema(), entries, EPOCHS, Leaves())
    return [fact for stored in told for fact in stored.reached]


def met(goal: Goal) -> list[tuple[object, ...]]:
    """Return all conversions of a goal as they are stored, in order: event, visit, value, currency."""
    rows = Conversion.objects.filter(goal_id=goal.id).order_by("occurred_at", "event_id")
    return list(rows.values_list("event_id", "session_id", "value", "currency"))


def counted(goal: Goal) -> GoalFigures:
    """Return what came of a goal in all visits of its site that count."""
    goal.refresh_from_db()
    visits = session_all(site_id=goal.site_id, since=FIRST, until=LAST)
    return goal_figures([goal], site_id=goal.site_id, visits=visits, since=FIRST).get(goal.id, GoalFigures())


def figures(goal: Goal) -> tuple[int, int]:
    """Return how many conversions of a goal count, in how many visits."""
    found = counted(goal)
    return found.conversions, found.visits


def amounts(goal: Goal) -> list[tuple[str, object]]:
    return [(one.currency, one.amount) for one in counted(goal).amounts]
