"""Making and undoing rules. Both are said at once, and carried out by `work`."""

from datetime import timedelta

from django.db import connection, transaction

from apps.core import clock, facts
from apps.core.errors import Refused
from apps.core.tenancy import current_schema

from ..facts import RuleChanged
from ..filters import Filters
from ..locks import site_lock
from ..models import ExclusionRule
from .conditions import MOST_CONDITIONS, OVER_AFTER, conditions_kept, waits_for_end
from .judging import State

# Each is asked of every visit.
MOST_RULES = 50
# A visit that is still going on began within this.
LONGEST_OPEN = timedelta(days=1)

QUEUE_OPEN = """
INSERT INTO visit_to_judge (session_id, site_id, due_at)
SELECT id, site_id, %s FROM session WHERE site_id = %s AND started_at >= %s AND ended_at > %s
ON CONFLICT (session_id) DO UPDATE SET due_at = excluded.due_at
"""


def rule_create(*, site_id: int, filters: Filters, reaches_back: bool, user_id: int, user_name: str) -> ExclusionRule:
    """Make a rule: in force at once, and applied to what is stored where it `reaches_back`.

    Raises Refused for no conditions, too many, a rule too many or one that there is. Takes the site's lock: what the
    writer stores next is stored by this rule.
    """
    if not filters:
        raise Refused("A rule needs a condition: without one it would set everything aside.")
    if len(filters.items) > MOST_CONDITIONS:
        raise Refused(f"A rule can have {MOST_CONDITIONS} conditions at most.")
    with transaction.atomic():
        site_lock([site_id])
        in_force = ExclusionRule.objects.filter(site_id=site_id, state__in=(State.ACTIVE, State.APPLYING))
        if in_force.filter(conditions=conditions_kept(filters), reaches_back=reaches_back).exists():
            raise Refused("There is just such a rule already.")
        if in_force.count() >= MOST_RULES:
            raise Refused(f"A site can have {MOST_RULES} rules at most: undo one that isn’t needed any more.")
        rule = ExclusionRule.objects.create(
            site_id=site_id,
            conditions=conditions_kept(filters),
            reaches_back=reaches_back,
            state=State.APPLYING if reaches_back else State.ACTIVE,
            created_at=clock.now(),
            created_by_id=user_id,
            created_by=user_name,
        )
        if reaches_back:
            if waits_for_end(filters):
                _judge_open(rule)
            facts.publish(RuleChanged(schema=current_schema(), rule_id=rule.id))
    return rule


def rule_undo(*, rule: ExclusionRule, user_id: int, user_name: str) -> bool:
    """Undo a rule: out of force at once, its visits come back by and by. False where it is undone already."""
    with transaction.atomic():
        site_lock([rule.site_id])
        undone = ExclusionRule.objects.filter(id=rule.id, state__in=(State.ACTIVE, State.APPLYING)).update(
            state=State.UNDOING,
            undone_at=clock.now(),
            undone_by_id=user_id,
            undone_by=user_name,
            visits_done=0,
            visits_total=None,
            leased_until=None,
        )
        if undone:
            facts.publish(RuleChanged(schema=current_schema(), rule_id=rule.id))
    return bool(undone)


def _judge_open(rule: ExclusionRule) -> None:
    """Have visits that are still going on judged once they are over; nothing more may come to remind of them."""
    now = clock.now()
    with connection.cursor() as cursor:
        cursor.execute(QUEUE_OPEN, [now + OVER_AFTER, rule.site_id, now - LONGEST_OPEN, now - OVER_AFTER])
