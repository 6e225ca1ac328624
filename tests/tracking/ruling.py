"""Rules in tests: making and carrying them out, and all that is stored of a site in a form that can be compared."""

from typing import Any

from apps.sites.models import Site
from apps.tracking.ledger import ledger_sum
from apps.tracking.models import Event, ExclusionRule, LedgerLine, Session, VisitToJudge
from apps.tracking.rules.conditions import conditions_read
from apps.tracking.rules.services import rule_create, rule_undo
from apps.tracking.rules.work import rule_work, visits_judge


def rule_make(site: Site, *texts: str, back: bool = False, carried_out: bool = True) -> ExclusionRule:
    """Make a rule and, if it reaches back, apply it."""
    filters = conditions_read(texts)
    assert not filters.problems
    rule = rule_create(site_id=site.id, filters=filters, reaches_back=back, user_id=1, user_name="Ann")
    if carried_out:
        rule_work(rule.id)
    rule.refresh_from_db()
    return rule


def rule_gone(rule: ExclusionRule) -> None:
    """Undo a rule to the end."""
    assert rule_undo(rule=rule, user_id=2, user_name="Ben")
    rule_work(rule.id)
    rule.refresh_from_db()
    assert rule.state == "undone"


def everything_judged(site: Site) -> None:
    visits_judge()
    assert not VisitToJudge.objects.filter(site_id=site.id).exists()


def stored(site: Site) -> dict[str, Any]:
    """Return all that is stored of a site, with visits and rules by their order instead of their numbers."""
    order = ("started_at", "visitor_id", "is_late", "bot_name")
    visits: list[dict[str, Any]] = [
        dict(row) for row in Session.objects.filter(site_id=site.id).order_by(*order).values()
    ]
    rules = list(ExclusionRule.objects.filter(site_id=site.id).order_by("id").values_list("id", flat=True))
    place = {visit.pop("id"): number for number, visit in enumerate(visits)}
    for visit in visits:
        del visit["site_id"]
        if visit["excluded_by"] is not None:
            visit["excluded_by"] = rules.index(visit["excluded_by"])
    rows = Event.objects.filter(site_id=site.id).order_by("occurred_at", "kind", "path", "name").values()
    events: list[dict[str, Any]] = [dict(row) for row in rows]
    for event in events:
        del event["site_id"]
        event["session_id"] = place[event["session_id"]]
    return {"visits": visits, "events": events, "ledger": figures(site)}


def figures(site: Site) -> tuple[object, ...]:
    """Return the ledger as it stands now."""
    told = ledger_sum(site_id=site.id)
    whole = (told.received, told.accepted, told.folded, told.repeated, told.erased)
    return (told.counted_now, told.set_aside_now, *whole)


def adjustments(site: Site) -> dict[str, int]:
    rows = LedgerLine.objects.filter(site_id=site.id, state=LedgerLine.State.ADJUSTED)
    sums: dict[str, int] = {}
    for row in rows:
        sums[row.reason] = sums.get(row.reason, 0) + row.count
    return sums


def agree(site: Site) -> None:
    """Fail unless the ledger, the visits and the events of a site say the same."""
    told = ledger_sum(site_id=site.id)
    aside: dict[str, int] = {}
    flags = dict(Session.objects.filter(site_id=site.id).values_list("id", "set_aside"))
    for session_id, reason in Event.objects.filter(site_id=site.id).values_list("session_id", "set_aside"):
        assert flags[session_id] == reason
        aside[reason] = aside.get(reason, 0) + 1
    assert told.counted_now == aside.pop("", 0)
    assert told.set_aside_now == aside
    for visit in Session.objects.filter(site_id=site.id):
        assert (visit.excluded_by is not None) == (visit.set_aside == "excluded")
