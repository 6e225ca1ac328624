"""Reads of a site's rules."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db import connection

from apps.core import clock

from ..filters import Filters
from ..flags import BEHAVIOUR
from ..models import ExclusionRule, Session
from .conditions import NotUnderstood, conditions_of
from .judging import State
from .preview import PREVIEW_DAYS
from .words import rule_words

HELD = """
SELECT rule.id, count(*), sum(session.pageviews + session.events),
  count(*) FILTER (WHERE session.started_at < rule.created_at)
FROM exclusion_rule AS rule JOIN session ON session.excluded_by = rule.id
WHERE rule.site_id = %s GROUP BY rule.id
"""


@dataclass(frozen=True, slots=True)
class Held:
    """Visits that a rule has now, with page views and events in them; of the visits, those from before it was made."""

    visits: int = 0
    events: int = 0
    past: int = 0

    @property
    def forward(self) -> int:
        return self.visits - self.past


@dataclass(frozen=True, slots=True)
class RuleLine:
    """A rule with what it has; `filters` None: this code doesn't understand it."""

    rule: ExclusionRule
    filters: Filters | None
    held: Held

    @property
    def is_moving(self) -> bool:
        return self.rule.state in (State.APPLYING, State.UNDOING)

    @property
    def may_undo(self) -> bool:
        return self.rule.state in (State.ACTIVE, State.APPLYING)

    @property
    def done_ratio(self) -> float | None:
        """How far applying or undoing is; None until it is known how much there is."""
        total = self.rule.visits_total
        if total is None:
            return None
        return min(1.0, self.rule.visits_done / total) if total else 1.0


def rule_lines(*, site_id: int) -> Sequence[RuleLine]:
    """Return a site's rules, those in force first, each group newest first. Two queries.

    The rules are read first: a rule that is done has all its visits by then. The other way round, one that ended in
    between would be shown as done with nothing, and a page asks again only for those that aren't.
    """
    rules = list(ExclusionRule.objects.filter(site_id=site_id).order_by("-id"))
    with connection.cursor() as cursor:
        cursor.execute(HELD, [site_id])
        held = {row[0]: Held(row[1], int(row[2]), row[3]) for row in cursor.fetchall()}
    lines = [RuleLine(rule, _conditions(rule), held.get(rule.id, Held())) for rule in rules]
    return sorted(lines, key=lambda line: line.rule.state == State.UNDONE)


def rule_line(*, site_id: int, rule_id: int) -> RuleLine | None:
    """Return one rule of a site; None where it has no such rule."""
    return next((line for line in rule_lines(site_id=site_id) if line.rule.id == rule_id), None)


def rule_text(*, site_id: int, rule_id: int) -> str:
    """Return one rule of a site in words, empty where it has no such rule. One query."""
    rule = ExclusionRule.objects.filter(site_id=site_id, id=rule_id).first()
    if rule is None:
        return ""
    filters = _conditions(rule)
    return f"Rule {rule.id}: {rule_words(filters) if filters else 'not understood'}"


def rule_names(*, site_id: int) -> dict[str, str]:
    """Return what each of a site's rules says, by its number as text; undone ones too. One query."""
    rules = ExclusionRule.objects.filter(site_id=site_id)
    return {str(rule.id): rule_words(filters) for rule in rules if (filters := _conditions(rule))}


def _conditions(rule: ExclusionRule) -> Filters | None:
    try:
        return conditions_of(rule.conditions)
    except NotUnderstood:
        return None


def impossible_visits(*, site_id: int) -> int:
    """Return how many visits of the past 30 days are set aside for how they behave. One query."""
    since = clock.now() - timedelta(days=PREVIEW_DAYS)
    return Session.objects.filter(site_id=site_id, set_aside=BEHAVIOUR, started_at__gte=since).count()
