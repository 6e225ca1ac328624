"""What is said of a score, and how it came about."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings

from apps.scoring.activity import Activity
from apps.scoring.defaults import DEFAULT_SCORING
from apps.scoring.fit import Profile
from apps.scoring.history import history_of
from apps.scoring.ordered import activity_until
from apps.scoring.reading import parts_at
from apps.scoring.reasons import PartName, explain
from apps.scoring.rules import IdealCustomer, Scoring
from apps.scoring.running import sums_of
from apps.scoring.sums import Temperature

from .activities import SCORING, activities
from .doing import Doing, on

BERLIN = ZoneInfo("Europe/Berlin")


def buyer() -> Doing:
    doing = Doing()
    first = doing.visit(on(), minutes=5, source="Google", channel="Organic Search")
    doing.view(first, "/", s=20, percent=40)
    doing.view(first, "/pricing", at=on(0, 2), s=120, percent=90)
    second = doing.visit(on(3), minutes=30, visitor=2)
    for minute, path in enumerate(("/pricing", "/pricing", "/demo", "/demo", "/case-studies/a")):
        doing.view(second, path, at=on(3, minute), s=60, percent=80)
    doing.event(second, "form_start", at=on(3, 6))
    doing.reach(second, 7, at=on(3, 8))
    return doing


def test_each_reason_has_its_rule_evidence_and_what_holds_it() -> None:
    explained = explain(buyer().activity, DEFAULT_SCORING, at=on(3, 30), goal_names={7: "Demo booked"})
    assert explained is not None
    intent = explained.part(PartName.INTENT)
    assert intent.score == 100
    labels = [reason.label for reason in intent.reasons]
    assert labels == [
        "Demo or contact page", "Pricing page", "Goal reached", "Form started", "Case study", "Held at 100",
    ]  # fmt: skip
    pricing = intent.reasons[1]
    # Three views half an hour later: (25 x 0.743 + 25 + 25) x 0.998 = 68.44; held at 50.
    assert "68.4 earned, held at its cap of 50" in pricing.detail
    assert pricing.value == 50
    (evidence,) = pricing.evidence
    assert (evidence.what, evidence.times, evidence.last_at) == ("/pricing", 3, on(3, 1))
    assert intent.reasons[2].evidence[0].what == "Demo booked"
    assert intent.reasons[-1].points < 0
    assert [reason.label for reason in explained.part(PartName.ENGAGEMENT).reasons] == [
        "Visits", "Page views per visit", "Engaged time", "Scroll depth", "Visitors", "Recency",
    ]  # fmt: skip


def test_what_is_not_known_has_no_weight_and_fit_says_what_it_asked() -> None:
    scoring = Scoring(DEFAULT_SCORING.rules, ideal=IdealCustomer(industries=("Software",), countries=("DE",)))
    explained = explain(buyer().activity, scoring, at=on(4), profile=Profile(country="DE"))
    assert explained is not None
    fit, contact = explained.part(PartName.FIT), explained.part(PartName.CONTACT)
    assert (fit.score, contact.score, contact.points, contact.weight_ratio) == (100, None, 0, 0)
    # 0.25 of 0.25 + 0.15 + 0.35
    assert fit.weight_ratio == pytest.approx(1 / 3)
    assert [(reason.label, reason.points) for reason in fit.reasons] == [("Industry", 0), ("Country", 100)]
    assert "not known" in fit.reasons[0].detail


def test_a_score_is_explained_as_it_was_then() -> None:
    explained = explain(buyer().activity, DEFAULT_SCORING, at=on(1))
    assert explained is not None
    assert [reason.label for reason in explained.part(PartName.INTENT).reasons] == ["Pricing page"]
    assert explain(buyer().activity, DEFAULT_SCORING, at=on(-1)) is None


def test_a_history_tells_what_moved_the_score() -> None:
    found = history_of(buyer().activity, DEFAULT_SCORING, at=on(40), days=60, zone=BERLIN)
    # The ends of 40 days, the moment itself, and those moments that moved it much.
    assert len([point for point in found.points if point.at.astimezone(BERLIN).hour == 0]) == 40
    assert found.points[-1].at == on(40)
    names = [one.rule.key if one.rule else str(one.changed and one.changed.after) for one in found.moved]
    assert names[0] == "pricing"
    assert names.index("hot") > names.index("demo")
    states = [name for name in names if name in {"cold", "warm", "hot"}]
    assert states == ["warm", "cold", "warm", "hot", "warm", "cold"]
    cooled = [one for one in found.moved if one.changed and one.changed.after is Temperature.COLD][-1]
    # On the day before it was shown with 35 or more.
    before = [point for point in found.points if point.at < cooled.at][-1]
    assert cooled.total < 35 <= round(before.parts.total)
    assert found.moved == sorted(found.moved, key=lambda one: one.at)


@settings(max_examples=25, deadline=None)
@given(activities)
def test_a_history_is_what_a_score_read_then_would_have_been(activity: Activity) -> None:
    at = max(visit.ended_at for visit in activity.visits) + timedelta(days=20)
    for point in history_of(activity, SCORING, at=at, days=150, zone=BERLIN).points:
        # Views' and visits' own totals are today's; only visits that had ended are comparable.
        until = activity_until(activity, point.at)
        if any(visit.started_at <= point.at < visit.started_at + timedelta(hours=2) for visit in activity.visits):
            continue
        if min(visit.started_at for visit in until.visits) < at - timedelta(days=170):
            continue
        sums = sums_of(until, SCORING)
        assert sums is not None
        assert parts_at(sums, SCORING.weights, point.at).total == pytest.approx(point.parts.total, abs=1e-6)


def test_hot_is_hot_until_it_is_left() -> None:
    explained = explain(buyer().activity, DEFAULT_SCORING, at=on(3, 30))
    assert explained is not None
    assert explained.score.temperature is Temperature.HOT
