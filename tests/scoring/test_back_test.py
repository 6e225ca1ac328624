"""What rules would have foretold: before a conversion, without it, and what they would have said in vain."""

import pytest

from apps.scoring.activity import Activity
from apps.scoring.backtest import Tried, back_test
from apps.scoring.ordered import activity_before
from apps.scoring.rules import Match, Rule, RuleKind, Scoring, Weights
from apps.scoring.running import Company

from .doing import Doing, on

PRICING = Rule("p", "Pricing", RuleKind.PAGE, 80, 80, Match(pages=("/pricing",)))
ANY_GOAL = Rule("g", "Goal", RuleKind.GOAL, 100, 100)
SCORING = Scoring(rules=(PRICING, ANY_GOAL), weights=Weights(0, 0, 1, 0, 0))
SINCE, UNTIL = on(0), on(90)


def pricing_on(*days: float, goal_on: float | None = None) -> Activity:
    doing = Doing()
    for day in days:
        doing.view(doing.visit(on(day)), "/pricing")
    if goal_on is not None:
        doing.reach(doing.visit(on(goal_on)), 1)
    return doing.activity


def test_a_back_test_by_hand() -> None:
    both = pricing_on(goal_on=20)
    both.views.append(next(iter(pricing_on(20).views)))
    tried = [
        Tried(1, pricing_on(10, goal_on=16), Company(), on(16)),  # hot 6 days before
        Tried(2, pricing_on(10, 30, goal_on=32), Company(), on(32)),  # hot twice: the last time 2 days before
        Tried(3, pricing_on(goal_on=5), Company(), on(5)),  # the conversion itself says nothing
        Tried(4, pricing_on(40, goal_on=30), Company(), on(30)),  # hot only afterwards
        Tried(5, pricing_on(50), Company(), None),  # in vain
        Tried(6, Doing().activity, Company(), None),
        Tried(7, pricing_on(-5, goal_on=-2), Company(), on(-2)),  # had converted before: nothing to foretell
        Tried(8, pricing_on(-20), Company(), None),  # hot long before the time in question
        Tried(9, pricing_on(-1), Company(), None),  # still hot when it began: 80 x 2^(-1/7) = 72
        Tried(10, both, Company(), on(20)),  # priced in the very moment of the conversion
    ]
    found = back_test(tried, SCORING, goal_ids=frozenset({1}), since=SINCE, until=UNTIL)
    assert found.companies == 9
    assert list(found.converted) == [1, 2, 3, 4, 10]
    assert [(one.company_id, one.days_before) for one in found.hits] == [(1, 6), (2, 2)]
    assert [one.company_id for one in found.false_alarms] == [5, 9]
    assert found.median_days_before == 4
    assert found.precision == pytest.approx(2 / 4)
    assert found.recall == pytest.approx(2 / 5)


def test_another_goal_may_foretell() -> None:
    doing = Doing()
    doing.reach(doing.visit(on(1)), 2)
    doing.reach(doing.visit(on(4)), 1)
    tried = [Tried(1, doing.activity, Company(), on(4))]
    assert back_test(tried, SCORING, goal_ids=frozenset({1}), since=SINCE, until=UNTIL).recall == 1
    assert back_test(tried, SCORING, goal_ids=frozenset({1, 2}), since=SINCE, until=UNTIL).recall == 0


def test_nobody_there_is_no_ratio() -> None:
    found = back_test([], SCORING, goal_ids=frozenset({1}), since=SINCE, until=UNTIL)
    assert (found.precision, found.recall, found.median_days_before) == (None, None, None)


def test_what_was_read_on_after_the_conversion_does_not_foretell_it() -> None:
    read = Rule("r", "Read", RuleKind.ENGAGED, 80, 80, Match(seconds=60))
    deep = Rule("d", "Deep", RuleKind.SCROLL, 80, 80, Match(percent=90))
    recall = []
    for rule in (read, deep):
        for before in (False, True):
            doing = Doing()
            visit = doing.visit(on(1), minutes=30)
            doing.view(visit, "/offer", s=600, percent=100)
            if before:
                doing.view(visit, "/form", at=on(1, 4))  # the offer was left, its time and depth told
            doing.reach(visit, 1, at=on(1, 5))
            scoring = Scoring(rules=(rule,), weights=SCORING.weights)
            tried = [Tried(1, doing.activity, Company(), on(1, 5))]
            recall.append(back_test(tried, scoring, goal_ids=frozenset({1}), since=SINCE, until=UNTIL).recall)
    assert recall == [0, 1, 0, 1]
    (offer, form) = activity_before(doing.activity, on(1, 5)).views
    assert (offer.engaged_ms, offer.scroll_percent) == (5 * 60_000, 100)  # no more than had gone by
    assert (form.engaged_ms, form.scroll_percent) == (0, 0)
