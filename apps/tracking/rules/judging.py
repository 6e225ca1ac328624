"""What a visit's flag should be, by the rules in force. The earliest rule that a visit meets has it."""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from uuid import UUID

from django.db import connection
from django.db.models import BigIntegerField, Case, Max, Min, Q, QuerySet, Value, When

from apps.core import clock

from ..filters import Filters
from ..flags import BEHAVIOUR, COUNTED, FLAGGED, Flag, by_rule
from ..models import ExclusionRule, Session
from ..steps.sessions import SessionState
from .behaviour import impossible, looks_impossible
from .conditions import conditions_of, visit_condition, visit_meets, waits_for_end

State = ExclusionRule.State
# Asked for each agency's share of each batch: by hand, because composing it takes longer than answering it.
IN_FORCE = """
SELECT site_id, id, conditions::text, CASE WHEN reaches_back THEN NULL ELSE created_at END
FROM exclusion_rule WHERE site_id = ANY(%s) AND state IN ('active', 'applying') ORDER BY id
"""
# Verdicts beside the numbers of rules.
_COUNTED, _IMPOSSIBLE = 0, -1


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule in force. It reaches visits that began at `since` or later; None: all."""

    id: int
    filters: Filters
    since: datetime | None

    @property
    def waits_for_end(self) -> bool:
        return waits_for_end(self.filters)


def rules_in_force(site_ids: Iterable[int]) -> dict[int, list[Rule]]:
    """Return the rules of sites that have any, the earliest first. One query. Under the sites' locks it stays true."""
    rules: defaultdict[int, list[Rule]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(IN_FORCE, [list(site_ids)])
        for site_id, rule_id, conditions, since in cursor.fetchall():
            rules[site_id].append(Rule(rule_id, _conditions(conditions), since))
    return rules


@lru_cache(maxsize=4096)
def _conditions(text: str) -> Filters:
    return conditions_of(json.loads(text))


def new_visit_judged(
    rules: Iterable[Rule], session: SessionState, pages: Sequence[tuple[str, str]], *, now_ms: int
) -> Flag:
    """Return the flag of a visit that isn't stored yet. `pages`: host and path of its page views."""
    if looks_impossible(session) and session.facts.get("origin") != "server":
        return Flag(BEHAVIOUR)
    started_at = clock.from_ms(session.started_ms)
    for rule in rules:
        if (rule.since is None or rule.since <= started_at) and visit_meets(
            rule.filters, session, pages, now_ms=now_ms
        ):
            return by_rule(rule.id)
    return COUNTED


def visits_judged(*, site_id: int, session_ids: Iterable[UUID], rules: Sequence[Rule]) -> dict[UUID, Flag]:
    """Return the flags that stored visits of people should have; bots' visits aren't among them. Two queries."""
    visits = judgeable(site_id).filter(id__in=list(session_ids))
    span = visits.aggregate(first=Min("started_at"), last=Max("started_at"))
    if span["first"] is None:
        return {}
    now = clock.now()
    cases = [When(impossible(), then=Value(_IMPOSSIBLE))]
    for rule in rules:
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
