"""What is news: what somebody does just now, and not what is reckoned of the past while somebody is there."""

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from apps.core import clock
from apps.scoring import services
from apps.scoring.models import ScoreChange, ScoreDue
from apps.scoring.rules import Match, Rule, RuleKind, Scoring, Weights
from apps.scoring.saving import scoring_save
from apps.scoring.services import scores_work
from apps.sites.models import Goal
from apps.tracking.company_links import visits_link
from apps.tracking.goals.services import goal_archive, goal_change, goal_restore
from apps.tracking.goals.work import goal_work
from apps.tracking.models import Conversion, Event, Session
from tests.cast import Cast
from tests.factories_tracking import Page
from tests.goaling import goal_make

from .conftest import NOW, ago, company_make, visit_of


@pytest.fixture
def simple(in_alder: Cast) -> Cast:
    """A goal makes hot at once, and so do two views of the pricing page; nothing else counts."""
    rules = (
        Rule("goal", "Goal", RuleKind.GOAL, 90, 90, Match()),
        Rule("page", "Pricing", RuleKind.PAGE, 50, 100, Match(pages=("/pricing",))),
    )
    scoring = Scoring(rules=rules, weights=Weights(intent=1, engagement=0))
    scoring_save(site_id=in_alder.site.id, scoring=scoring, expected_version=0, user_name="Ann")
    return in_alder


def told() -> list[tuple[str, bool]]:
    """Return the temperatures that were told, in order, and whether as backfill."""
    changes = ScoreChange.objects.filter(what="temperature").order_by("id")
    return list(changes.values_list("after", "is_backfill"))


def again(goal: Goal) -> None:
    """Apply a goal to the past anew: first what it had found goes, and is reckoned so; then it is found again."""
    rule = replace(goal.rule, counts_every=not goal.rule.counts_every)
    goal_change(goal=goal, name=goal.name, rule=rule, reaches_back=True, user_name="Ann")


@pytest.fixture
def browsing(simple: Cast, monkeypatch: pytest.MonkeyPatch) -> tuple[Session, Goal]:
    """A company that a goal of yesterday had made hot is on the site; hours ago that was told."""
    company = company_make()
    visit_of(company, simple.site, ago(hours=20), [Page("/thanks")])
    goal = goal_make(simple.site, "page", page="/thanks", back=True)
    scores_work()
    ScoreChange.objects.all().delete()
    visit = visit_of(company, simple.site, ago(minutes=8), [Page("/"), Page("/about", 300)])
    scores_work()
    assert told() == []
    return visit, goal


def test_a_goal_that_is_applied_to_the_past_is_no_news_while_somebody_is_there(browsing: tuple[Session, Goal]) -> None:
    _, goal = browsing
    again(goal)
    scores_work()
    assert goal_work(goal.id)
    scores_work()
    assert told() == [("cold", True), ("hot", True)]


def test_nor_where_somebody_opens_a_page_meanwhile_that_changes_nothing(browsing: tuple[Session, Goal]) -> None:
    visit, goal = browsing
    again(goal)
    Session.objects.filter(id=visit.id).update(ended_at=NOW)
    scores_work()
    assert goal_work(goal.id)
    Session.objects.filter(id=visit.id).update(ended_at=NOW)
    scores_work()
    assert told() == [("cold", True), ("hot", True)]


def test_a_goal_that_is_brought_back_is_no_news(browsing: tuple[Session, Goal]) -> None:
    _, goal = browsing
    goal_archive(goal=goal, user_name="Ann")
    scores_work()
    goal_restore(goal=goal, user_name="Ann")
    scores_work()
    assert told() == [("cold", True), ("hot", True)]


def test_a_goal_that_is_reached_now_is_news(simple: Cast) -> None:
    goal_make(simple.site, "page", page="/thanks")
    visit = visit_of(company_make(), simple.site, ago(minutes=1), [Page("/"), Page("/thanks", 58)])
    goal = Goal.objects.get()
    scores_work()
    event = Event.objects.get(path="/thanks")
    Conversion.objects.create(
        site_id=simple.site.id, goal_id=goal.id, event_id=event.event_id, session_id=visit.id, occurred_at=NOW
    )
    scores_work()
    assert told() == [("hot", False)]


def test_a_page_view_that_makes_hot_is_news_whatever_comes_along_with_it(simple: Cast) -> None:
    company = company_make()
    moved = visit_of(company_make("Westmere Ltd"), simple.site, ago(days=3), [Page("/docs")])
    visit_of(company, simple.site, ago(minutes=4), [Page("/pricing"), Page("/about", 200)])
    scores_work()
    # It opens the page, and in the same moment an old visit becomes the company's, which adds nothing.
    Session.objects.filter(id=moved.id).update(company_id=company.id)
    visit_of(company, simple.site, NOW - timedelta(seconds=1), [Page("/pricing")])
    scores_work()
    assert told() == [("warm", False), ("hot", False)]


def test_visits_of_before_that_a_merge_brings_are_no_news_while_somebody_is_there(simple: Cast) -> None:
    merged, company = company_make("Westmere Ltd"), company_make()
    old = visit_of(merged, simple.site, ago(hours=5), [Page("/pricing"), Page("/pricing", 60)])
    scores_work()
    ScoreChange.objects.all().delete()
    visit = visit_of(company, simple.site, ago(minutes=1), [Page("/about")])
    scores_work()
    visits_link(companies={old.id: company.id, visit.id: company.id}, at=NOW)
    scores_work()
    assert ScoreChange.objects.get(company_id=company.id, what="temperature").is_backfill
    assert ("hot", False) not in told()


def test_who_was_never_there_before_a_merge_is_told_of_as_that(simple: Cast) -> None:
    merged, company = company_make("Westmere Ltd"), company_make()
    old = visit_of(merged, simple.site, ago(hours=5), [Page("/pricing"), Page("/pricing", 60)])
    visit = visit_of(merged, simple.site, ago(minutes=3), [Page("/about")])
    scores_work()
    visits_link(companies={old.id: company.id}, at=NOW)
    Session.objects.filter(id=visit.id).update(company_id=None)
    Session.objects.filter(id=visit.id).update(company_id=company.id)  # as one that somebody is on goes on
    scores_work()
    assert ScoreChange.objects.get(company_id=company.id, what="temperature").is_backfill


def test_old_visits_that_are_matched_while_somebody_is_there_are_no_news(simple: Cast) -> None:
    company = company_make()
    old = visit_of(company, simple.site, ago(hours=30), [Page("/pricing"), Page("/pricing", 60)])
    Session.objects.filter(id=old.id).update(company_id=None)
    ScoreDue.objects.all().delete()
    visit_of(company, simple.site, ago(minutes=1), [Page("/about")])
    scores_work()
    visits_link(companies={old.id: company.id}, at=NOW)
    scores_work()
    assert told() == [("hot", True)]


def test_what_is_left_for_the_next_try_says_the_same(simple: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    company = company_make()
    said: dict[str, Any]
    for said in ({}, {}, {"is_past": True}, {"gone_from": NOW}):
        ScoreDue.objects.create(site_id=simple.site.id, company_id=company.id, **said)

    def fail(**_: Any) -> None:
        raise KeyError("odd")

    with monkeypatch.context() as failing:
        failing.setattr(services, "scores_make", fail)
        assert scores_work() == 0
    left = list(ScoreDue.objects.values_list("is_fresh", "is_past", "gone_from"))
    assert len(left) == 3
    assert set(left) == {(False, False, None), (False, True, None), (False, False, NOW)}


def test_workers_that_stood_still_tell_what_somebody_did_meanwhile(
    simple: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    company = company_make()
    visit_of(company, simple.site, ago(hours=3), [Page("/pricing")])
    scores_work()
    visit_of(company, simple.site, ago(minutes=-10), [Page("/pricing"), Page("/pricing", 60)])
    monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(hours=1))
    scores_work()
    assert told()[-1] == ("hot", False)
