"""What a visit's flag should be, by the rules in force. The earliest rule that a visit meets has it."""

import json
import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from uuid import UUID

from django.db import connection
from django.db.models import BigIntegerField, Case, Max, Min, Q, QuerySet, Value, When

from apps.core import clock
from apps.core.tenancy import current_schema

from ..filters import Filters
from ..flags import BEHAVIOUR, COUNTED, FLAGGED, Flag, by_rule
from ..models import ExclusionRule, Session
from ..steps.sessions import SessionState
from .behaviour import impossible, new_is_impossible
from .conditions import NotUnderstood, conditions_of, visit_condition, visit_meets, waits_for_end

logger = logging.getLogger(__name__)

State = ExclusionRule.State
# Asked for each agency's share of each batch: by hand, because composing it takes longer than answering it.
IN_FORCE = """
SELECT site_id, id, conditions::text, CASE WHEN reaches_back THEN NULL ELSE created_at END
FROM exclusion_rule WHERE site_id = ANY(%s) AND state IN ('active', 'applying') ORDER BY id
"""
# Verdicts beside the numbers of rules.
_COUNTED, _IMPOSSIBLE = 0, -1
# An unreadable rule is met with in each batch: it is told of so often at most.
TOLD_EVERY_MS = 60_000
_told_ms: dict[tuple[str, int], int] = {}


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule in force. It reaches visits that began at `since` or later; None: all.

    `filters` None: this code can't read it (a newer one made it). Such a rule meets nothing, and keeps what it has.
    """

    id: int
    filters: Filters | None
    since: datetime | None

    @property
    def waits_for_end(self) -> bool:
        return self.filters is not None and waits_for_end(self.filters)


def rules_in_force(site_ids: Iterable[int]) -> dict[int, list[Rule]]:
    """Return the rules of sites that have any, the earliest first. One query. Under the sites' locks it stays true."""
    rules: defaultdict[int, list[Rule]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(IN_FORCE, [list(site_ids)])
        for site_id, rule_id, conditions, since in cursor.fetchall():
            filters = _conditions(conditions)
            if filters is None:
                unreadable_tell(rule_id)
            rules[site_id].append(Rule(rule_id, filters, since))
    return rules


@lru_cache(maxsize=4096)
def _conditions(text: str) -> Filters | None:
    try:
        return conditions_of(json.loads(text))
    except NotUnderstood:
        return None


def unreadable_tell(rule_id: int) -> None:
    """Log that a rule can't be read, once a minute at most."""
    now_ms, key = clock.now_ms(), (current_schema(), rule_id)
    told_ms = _told_ms.get(key)
    if told_ms is None or now_ms - told_ms >= TOLD_EVERY_MS:
        _told_ms[key] = now_ms
        logger.error("exclusion rule %s of agency %s isn't understood and sets nothing aside", rule_id, key[0])


def new_visit_judged(
    rules: Iterable[Rule], session: SessionState, pages: Sequence[tuple[str, str]], *, now_ms: int
) -> Flag:
    """Return the flag of a visit that isn't stored yet. `pages`: host and path of its page views."""
    if new_is_impossible(session):
        return Flag(BEHAVIOUR)
    started_at = clock.from_ms(session.started_ms)
    for rule in rules:
        if rule.filters is None or (rule.since is not None and rule.since > started_at):
            continue
        if visit_meets(rule.filters, session, pages, now_ms=now_ms):
            return by_rule(rule.id)
    return COUNTED


def visits_judged(
    *, site_id: int, session_ids: Iterable[UUID], rules: Sequence[Rule], now: datetime
) -> dict[UUID, Flag]:
    """Return the flags that stored visits of people should have `now`; bots' aren't among them. Two queries."""
    visits = judgeable(site_id).filter(id__in=list(session_ids))
    # To their ends: some visits last longer than what reports look past a period's end for.
    span = visits.aggregate(first=Min("started_at"), last=Max("ended_at"))
    if span["first"] is None:
        return {}
    cases = [When(impossible(), then=Value(_IMPOSSIBLE))]
    for rule in rules:
        if rule.filters is None:
            cases.append(When(excluded_by=rule.id, then=Value(rule.id)))
            continue
        met = visit_condition(rule.filters, since=span["first"], until=span["last"], now=now)
        cases.append(When(met & Q(started_at__gte=rule.since) if rule.since else met, then=Value(rule.id)))
    verdict = Case(*cases, default=Value(_COUNTED), output_field=BigIntegerField())
    return {session_id: _flag(found) for session_id, found in visits.values_list("id", verdict)}


def judgeable(site_id: int) -> QuerySet[Session]:
    """Return the visits that rules are about: counted ones, and those that rules have set aside."""
    return Session.objects.filter(site_id=site_id, set_aside__in=FLAGGED)


def _flag(verdict: int) -> Flag:
    if verdict == _IMPOSSIBLE:
        return Flag(BEHAVIOUR)
    return by_rule(verdict) if verdict else COUNTED
