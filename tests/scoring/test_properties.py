"""What holds of any activity: order and repetition don't matter, decay is exact, reasons add up."""

import random
from datetime import UTC, timedelta
from itertools import pairwise
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.scoring import running
from apps.scoring.activity import Activity
from apps.scoring.fit import Profile
from apps.scoring.formulas import (
    EngagementWeights,
    clamped,
    decay_ratio,
    engagement_ingredients,
    rule_points,
    total_of,
)
from apps.scoring.history import history_of
from apps.scoring.ordered import Ordered, last_at
from apps.scoring.reading import parts_at
from apps.scoring.reasons import explain
from apps.scoring.rounding import whole_points
from apps.scoring.rules import IdealCustomer, Weights
from apps.scoring.running import hits_found, hits_last, run, sums_of
from apps.scoring.sums import Category, Temperature

from .activities import SCORING, activities

FEW = settings(max_examples=60, deadline=None)


@FEW
@given(activities, st.randoms(use_true_random=False))
def test_order_and_repetition_change_nothing(activity: Activity, chance: random.Random) -> None:
    def mixed(things: list) -> list:  # type: ignore[type-arg]
        twice = things + [one for one in things if chance.random() < 0.5]
        chance.shuffle(twice)
        return twice

    again = Activity(*(mixed(list(x)) for x in (activity.visits, activity.views, activity.events, activity.reached)))
    first, second = run(activity, SCORING), run(again, SCORING)
    assert first is not None and second is not None
    # To the last bit: sums, states, and the way there.
    assert first.sums() == second.sums()
    assert first.changes == second.changes
    # What is shown as evidence, too.
    assert list(hits_found(Ordered(activity, SCORING.rules), SCORING)) == list(
        hits_found(Ordered(again, SCORING.rules), SCORING)
    )


@FEW
@given(activities, st.integers(1, 40))
def test_of_a_long_activity_the_last_moments_decide(activity: Activity, stepped: int) -> None:
    done = run(activity, SCORING)
    assert done is not None
    with patch.object(running, "STEPPED_FIRST", stepped):
        assert sums_of(activity, SCORING) == done.sums()


@FEW
@given(activities, st.integers(1, 40), st.integers(1, 90))
def test_a_history_of_days_says_the_same_however_little_before_them_is_followed(
    activity: Activity, stepped: int, days: int
) -> None:
    at = last_at(activity)
    assert at is not None
    whole = history_of(activity, SCORING, at=at, days=days, zone=UTC)
    with patch.object(running, "STEPPED_FIRST", stepped):
        part = history_of(activity, SCORING, at=at, days=days, zone=UTC)
    assert part.moved == whole.moved
    assert [(point.at, point.parts.temperature) for point in part.points] == [
        (point.at, point.parts.temperature) for point in whole.points
    ]
    assert [point.parts.total for point in part.points] == pytest.approx([one.parts.total for one in whole.points])


@FEW
@given(activities, st.lists(st.floats(0, 60), min_size=2, max_size=5))
def test_nobody_flaps_while_nobody_comes(activity: Activity, days: list[float]) -> None:
    """Without rules that speak against, a company never gets hotter by time alone, whenever it is read."""
    scoring = type(SCORING)(tuple(rule for rule in SCORING.rules if rule.points > 0), SCORING.weights)
    sums = sums_of(activity, scoring)
    assert sums is not None
    read = [parts_at(sums, scoring.weights, sums.as_of + timedelta(days=one)) for one in sorted(days)]
    for earlier, later in pairwise(read):
        assert later.total <= earlier.total + 1e-9
        assert list(Temperature).index(later.temperature) <= list(Temperature).index(earlier.temperature)
        assert list(Category).index(later.category) <= list(Category).index(earlier.category)


@FEW
@given(activities, st.floats(0, 60))
def test_decay_is_exact_at_any_later_moment(activity: Activity, days: float) -> None:
    sums = sums_of(activity, SCORING, fit=40)
    assert sums is not None
    at = sums.as_of + timedelta(days=days)
    parts = parts_at(sums, SCORING.weights, at)

    # The same from the activity itself, each thing decayed by its own age.
    ordered = Ordered(activity, SCORING.rules)
    left = [decay_ratio(view.at, at) for view in ordered.views]
    by_day: dict[object, dict[int, float]] = {}
    for visit in ordered.visits:
        by_day.setdefault(visit.started_at.date(), {})[visit.visitor_id] = decay_ratio(visit.started_at, at)
    engagement = sum(
        engagement_ingredients(
            visits=sum(decay_ratio(visit.started_at, at) for visit in ordered.visits),
            views=sum(left),
            engaged_minutes=sum(w * one.engaged_ms / 60_000 for w, one in zip(left, ordered.views, strict=True)),
            scroll_ratio=sum(w * one.scroll_percent / 100 for w, one in zip(left, ordered.views, strict=True))
            / (sum(left) or 1),
            visitors=max(sum(day.values()) for day in by_day.values()),
            recency_ratio=decay_ratio(sums.as_of, at),
        )
    )
    amounts: dict[int, float] = {}
    for found in hits_found(ordered, SCORING):
        rule = SCORING.rules[found.index]
        lasts = hits_last(rule)
        if lasts is None or at < found.hit.at + lasts:
            amounts[found.index] = amounts.get(found.index, 0) + rule.points * decay_ratio(found.hit.at, at)
    intent = clamped(sum(rule_points(amount, SCORING.rules[index].end) for index, amount in amounts.items()))
    total = total_of(SCORING.weights, contact=None, fit=40, intent=intent, engagement=engagement, learned=None)
    assert parts.engagement == pytest.approx(engagement, abs=1e-9)
    assert parts.intent == pytest.approx(intent, abs=1e-9)
    assert parts.total == pytest.approx(total, abs=1e-9)


@FEW
@given(
    activities,
    st.floats(-100, 60),
    st.tuples(*[st.floats(0, 1)] * 5),
    st.sampled_from([None, 0.0, 33.3, 100.0]),
    st.sampled_from([Profile(), Profile(country="DE", industry="Retail"), Profile(country="FR")]),
)
def test_shown_reasons_add_up_to_the_shown_score(
    activity: Activity, days: float, weights: tuple[float, ...], contact: float | None, profile: Profile
) -> None:
    ideal = IdealCustomer(industries=("Software",), countries=("DE",), technologies=("React",))
    scoring = type(SCORING)(SCORING.rules, Weights(*weights), ideal)
    last_at = max(visit.ended_at for visit in activity.visits)
    explained = explain(activity, scoring, at=last_at + timedelta(days=days), profile=profile, contact=contact)
    if explained is None:
        return
    assert sum(part.points for part in explained.parts) == explained.total
    assert sum(reason.total_points for reason in explained.reasons) == explained.total
    for part in explained.parts:
        assert sum(reason.points for reason in part.reasons) == (part.score or 0), part
        assert sum(reason.total_points for reason in part.reasons) == part.points, part
        for reason in part.reasons:
            assert abs(reason.points - reason.value) < 1 + 1e-6


@given(st.lists(st.floats(-200, 200), min_size=1, max_size=12), st.booleans())
def test_whole_points_add_up_and_are_next_to_what_they_round(points: list[float], is_up: bool) -> None:
    whole = int(sum(points) // 1) + is_up
    rounded = whole_points(points, whole)
    assert sum(rounded) == whole
    assert all(abs(one - exact) <= 1 + 1e-9 for one, exact in zip(rounded, points, strict=True))


def test_engagement_s_weights_add_up_to_one() -> None:
    of = EngagementWeights
    assert pytest.approx(1) == of.VISITS + of.VIEWS + of.MINUTES + of.SCROLL + of.VISITORS + of.RECENCY
