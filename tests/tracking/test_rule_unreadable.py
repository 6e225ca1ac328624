"""A rule that the running code can't read (a newer one made it): everything else goes on, and it keeps what it has."""

import logging
from datetime import timedelta
from typing import Any

import pytest

from apps.core import clock
from apps.tracking.models import ExclusionRule, ParkedEntry, Session, VisitToJudge
from apps.tracking.rules import judging
from apps.tracking.rules.conditions import NotUnderstood, conditions_of
from apps.tracking.rules.work import rule_work, rules_unfinished, visits_judge
from tests.cast import Cast

from .arrivals import NOON, envelope, store, view, visits
from .ruling import agree, everything_judged, rule_gone, rule_make

FOREIGN: list[Any] = [
    [{"field": "moon", "op": "is", "values": ["full"]}],
    [{"field": "country", "op": "sounds_like", "values": ["DE"]}],
    [{"field": "country", "op": "starts_with", "values": ["D"]}],
    [{"field": "pageviews", "op": "at_least", "values": ["many"]}],
    [{"field": "pageviews", "op": "at_least", "values": [3]}],
    [{"field": "country", "op": "is"}],
    {"all": []},
]


@pytest.fixture(autouse=True)
def morning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOON - timedelta(hours=1))
    monkeypatch.setattr(judging, "_told_ms", {})


def spoil(rule: ExclusionRule, conditions: object = FOREIGN[0]) -> None:
    ExclusionRule.objects.filter(id=rule.id).update(conditions=conditions)


@pytest.mark.parametrize("conditions", FOREIGN)
def test_what_isnt_known_is_said_to_be_so(conditions: Any) -> None:
    with pytest.raises(NotUnderstood):
        conditions_of(conditions)


@pytest.mark.parametrize("conditions", FOREIGN)
def test_nothing_is_parked_and_other_rules_hold(in_alder: Cast, conditions: Any) -> None:
    spoil(rule_make(in_alder.site, "page:is:/a"), conditions)
    other = rule_make(in_alder.site, "page:is:/b")
    store(envelope(in_alder.site, view(0, "/a"), visitor=1))
    store(envelope(in_alder.site, view(0, "/b"), visitor=2))
    everything_judged(in_alder.site)
    assert not ParkedEntry.objects.exists()
    assert {visit.visitor_id: visit.excluded_by for visit in visits(in_alder.site)} == {1: None, 2: other.id}
    agree(in_alder.site)


def test_it_keeps_what_it_has_and_can_be_undone(in_alder: Cast) -> None:
    rule = rule_make(in_alder.site, "page:is:/a")
    store(envelope(in_alder.site, view(0, "/a")))
    spoil(rule)
    store(envelope(in_alder.site, view(1, "/b")))
    everything_judged(in_alder.site)
    assert Session.objects.get().excluded_by == rule.id
    rule_gone(rule)
    assert Session.objects.get().set_aside == ""
    agree(in_alder.site)


def test_one_that_is_being_applied_waits_for_who_understands_it(in_alder: Cast) -> None:
    store(envelope(in_alder.site, view(0, "/a")))
    rule = rule_make(in_alder.site, "page:is:/a", back=True, carried_out=False)
    readable = rule.conditions
    spoil(rule)
    rule_work(rule.id)
    assert ExclusionRule.objects.get().state == "applying"
    spoil(rule, readable)
    ExclusionRule.objects.update(leased_until=None)
    assert rules_unfinished() == [rule.id]
    assert rule_work(rule.id)
    assert Session.objects.get().excluded_by == rule.id


def test_it_is_logged_once_a_minute(
    in_alder: Cast, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    spoil(rule_make(in_alder.site, "page:is:/a"))

    def logged() -> int:
        return sum("isn't understood" in record.message for record in caplog.records)

    with caplog.at_level(logging.ERROR):
        for number in range(3):
            store(envelope(in_alder.site, view(number)))
        assert logged() == 1
        monkeypatch.setattr(clock, "now", lambda: NOON - timedelta(minutes=59))
        store(envelope(in_alder.site, view(4)))
        assert logged() == 2


def test_a_visit_that_ends_while_it_is_judged_is_judged_again(in_alder: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is over is asked of one moment throughout."""
    now = [NOON - timedelta(hours=1)]
    monkeypatch.setattr(clock, "now", lambda: now[0])
    rule = rule_make(in_alder.site, "pageviews:at_most:1")
    store(envelope(in_alder.site, view(1)))
    now[0] = NOON + timedelta(minutes=31) - timedelta(milliseconds=20)
    VisitToJudge.objects.update(due_at=now[0])
    flag = judging.visits_judged

    def slowly(**about: Any) -> Any:
        flags = flag(**about)
        now[0] += timedelta(milliseconds=50)
        return flags

    monkeypatch.setattr("apps.tracking.rules.work.visits_judged", slowly)
    visits_judge()
    now[0] += timedelta(hours=3)
    visits_judge()
    assert Session.objects.get().excluded_by == rule.id
