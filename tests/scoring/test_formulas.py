"""The formulas' worked cases. Every number is calculated by hand in the comment beside it."""

from datetime import timedelta

import pytest

from apps.scoring.defaults import DEFAULT_SCORING
from apps.scoring.fit import Profile, fit_of
from apps.scoring.formulas import as_shown, category_after, sat, temperature_after, total_of
from apps.scoring.kinds import KINDS
from apps.scoring.reading import parts_at
from apps.scoring.rules import IdealCustomer, Match, Rule, RuleKind, Scoring, Weights
from apps.scoring.running import sums_of
from apps.scoring.sums import Category, Parts, Temperature

from .doing import Doing, on

COLD, WARM, HOT = Temperature.COLD, Temperature.WARM, Temperature.HOT


def score(doing: Doing, *, days: float, scoring: Scoring = DEFAULT_SCORING, fit: float | None = None) -> Parts:
    sums = sums_of(doing.activity, scoring, fit=fit)
    assert sums is not None
    return parts_at(sums, scoring.weights, on(days))


def only(*rules: Rule) -> Scoring:
    return Scoring(rules=rules)


def test_one_visit_read_at_once_and_a_week_later() -> None:
    doing = Doing()
    visit = doing.visit(on())
    doing.view(visit, "/pricing", s=300, percent=50)
    now = score(doing, days=0)
    # sat(1, 3) = 1 - e^(-1/3) = 0.283469; sat(5 min, 5) = 1 - e^-1 = 0.632121; sat(1, 2) = 1 - e^-0.5 = 0.393469.
    # 100 x (0.25 x 0.283469 + 0.15 x 0.283469 + 0.25 x 0.632121 + 0.10 x 0.5 + 0.15 x 0.393469 + 0.10 x 1) = 48.04384
    assert now.engagement == pytest.approx(48.04384, abs=1e-4)
    assert now.intent == pytest.approx(25)
    # (0.15 x 25 + 0.35 x 48.04384) / (0.15 + 0.35) = 20.565344 / 0.5 = 41.130688
    assert now.total == pytest.approx(41.130688, abs=1e-4)
    assert (now.temperature, now.category) == (WARM, Category.LOOKER)

    later = score(doing, days=7)
    # sat(0.5, 3) = 0.153518; page views per visit stay 1; sat(2.5, 5) = 0.393469; sat(0.5, 2) = 0.221199; recency 0.5.
    # 100 x (0.25 x 0.153518 + 0.15 x 0.283469 + 0.25 x 0.393469 + 0.05 + 0.15 x 0.221199 + 0.05) = 31.244707
    assert later.engagement == pytest.approx(31.244707, abs=1e-4)
    assert later.intent == pytest.approx(12.5)
    # (0.15 x 12.5 + 0.35 x 31.244707) / 0.5 = 25.621295
    assert later.total == pytest.approx(25.621295, abs=1e-4)
    assert later.temperature is COLD


def test_sat_is_what_the_product_says() -> None:
    assert sat(0, 3) == 0
    assert sat(3, 3) == pytest.approx(0.6321205588)


def test_hits_fade_each_by_its_age_and_end_at_the_cap() -> None:
    doing = Doing()
    for days in (0, 7, 14):
        doing.view(doing.visit(on(days)), "/pricing")
    rule = Rule("p", "Pricing", RuleKind.PAGE, 25, 40, Match(pages=("/pricing",)))
    # At day 14: 25/4 + 25/2 + 25 = 43.75, held at 40.
    assert score(doing, days=14, scoring=only(rule)).intent == pytest.approx(40)
    # A day later: 43.75 x 0.905724 = 39.62541; the sum fades, not the cap.
    assert score(doing, days=15, scoring=only(rule)).intent == pytest.approx(39.62541, abs=1e-4)


def test_a_window_ends_to_the_moment() -> None:
    doing = Doing()
    doing.view(doing.visit(on()), "/pricing")
    rule = Rule("p", "Pricing", RuleKind.PAGE, 20, 40, Match(pages=("/pricing",)), window_days=7)
    # Just before the seven days are over it is worth half of 20, then nothing.
    assert score(doing, days=6.999999, scoring=only(rule)).intent == pytest.approx(10, abs=1e-4)
    assert score(doing, days=7, scoring=only(rule)).intent == 0


def test_negative_points_are_a_floor_and_never_make_less_than_none() -> None:
    doing = Doing()
    for minute in (0, 60, 120):
        doing.view(doing.visit(on(0, minute)), "/careers/engineer")
    visit = doing.visit(on(0, 180))
    doing.view(visit, "/pricing")
    # Three visits that saw careers alone: -30 once, not -90; the third visit within 7 days is 15; pricing 25.
    # Of three hours a decay of 2^(-3/168): -90 x 0.98.. is far below the floor. 25 + 15 (cap) - 30 = 10.
    assert score(doing, days=180 / 1440).intent == pytest.approx(10, abs=1e-6)
    alone = Doing()
    alone.view(alone.visit(on()), "/careers")
    assert score(alone, days=0).intent == 0


def test_what_sums_up_beyond_a_hundred_is_held_there() -> None:
    doing = Doing()
    visit = doing.visit(on())
    for path in ("/pricing", "/pricing", "/demo", "/demo"):
        doing.view(visit, path)
    doing.reach(visit, 1)
    # 50 + 60 + 40 = 150.
    assert score(doing, days=0).intent == 100
    # After a week the sum is 75: 25 + 30 + 20.
    assert score(doing, days=7).intent == pytest.approx(75)


@pytest.mark.parametrize(
    ("contact", "fit", "learned", "total"),
    [
        # (0.15 x 60 + 0.35 x 40) / 0.50 = 23 / 0.5
        (None, None, None, 46.0),
        # (9 + 14 + 0.25 x 100) / 0.75 = 48 / 0.75
        (None, 100.0, None, 64.0),
        # Known and nothing is not the same as not known: 23 / 0.75
        (None, 0.0, None, 30.666667),
        # (23 + 0.25 x 80 + 0.25 x 100 + 0.10 x 50) / 1.10 = 73 / 1.1
        (80.0, 100.0, 50.0, 66.363636),
    ],
)
def test_parts_that_are_not_known_leave_their_weight_to_the_others(
    contact: float | None, fit: float | None, learned: float | None, total: float
) -> None:
    found = total_of(Weights(), contact=contact, fit=fit, intent=60, engagement=40, learned=learned)
    assert found == pytest.approx(total, abs=1e-6)


def test_no_weight_is_no_score() -> None:
    assert total_of(Weights(0, 0, 0, 0, 0), contact=None, fit=None, intent=60, engagement=40, learned=None) == 0


def test_fit_is_the_share_of_what_is_asked_and_known() -> None:
    ideal = IdealCustomer(industries=("Software",), countries=("DE", "AT"), employees_from=50, employees_to=500)
    known = Profile(industry="software", country="FR", employees_from=201, employees_to=1000)
    assert fit_of(ideal, known) == pytest.approx(200 / 3)  # industry and size of three
    assert fit_of(ideal, Profile(country="DE")) == 100  # one of one
    assert fit_of(ideal, Profile(employees_from=1000)) == 0  # 1,000 and more: none of them is 500 or less
    assert fit_of(ideal, Profile()) is None
    assert fit_of(IdealCustomer(), known) is None
    asks = IdealCustomer(technologies=("Shopify", "React"))
    assert fit_of(asks, Profile(technologies=("react", "nginx"))) == 100
    assert fit_of(asks, Profile(technologies=("nginx",))) == 0


def test_states_are_entered_higher_than_they_are_left_and_ask_the_shown_number() -> None:
    assert as_shown(69.5) == 70
    assert temperature_after(COLD, 69.5) is HOT
    assert temperature_after(COLD, 69.49) is WARM
    assert temperature_after(HOT, 64.5) is HOT
    assert temperature_after(HOT, 64.49) is WARM
    assert temperature_after(WARM, 69.49) is WARM
    assert temperature_after(WARM, 34.5) is WARM
    assert temperature_after(WARM, 34.49) is COLD
    assert temperature_after(HOT, 36) is WARM
    assert temperature_after(COLD, 39.4) is COLD
    assert category_after(Category.LOOKER, 70) is Category.HIGH_INTENT
    assert category_after(Category.HIGH_INTENT, 65) is Category.HIGH_INTENT
    assert category_after(Category.RESEARCHING, 65) is Category.RESEARCHING
    assert category_after(Category.RESEARCHING, 34) is Category.LOOKER


def test_what_cooled_down_between_two_visits_has_to_become_hot_anew() -> None:
    rule = Rule("p", "Pricing", RuleKind.PAGE, 100, 100, Match(pages=("/pricing",)))
    intent_only = Scoring(rules=(rule,), weights=Weights(0, 0, 1, 0, 0))
    weak = Rule("w", "Weak", RuleKind.PAGE, 18, 18, Match(pages=("/weak",)))
    scoring = Scoring(rules=(rule, weak), weights=intent_only.weights)
    doing = Doing()
    doing.view(doing.visit(on()), "/pricing")
    # After 7 days 50 are left: warm. 50 + 18 = 68 isn't enough to become hot again, though enough to stay so.
    doing.view(doing.visit(on(7)), "/weak")
    found = score(doing, days=7, scoring=scoring)
    assert (as_shown(found.total), found.temperature) == (68, WARM)
    # After 4 days 67 are left: still hot, and 67 + 18 are, too.
    soon = Doing()
    soon.view(soon.visit(on()), "/pricing")
    soon.view(soon.visit(on(4)), "/weak")
    assert score(soon, days=4, scoring=scoring).temperature is HOT


def test_visitors_are_those_of_one_day() -> None:
    days = Doing()
    for day in range(3):
        days.visit(on(day), visitor=day)
    sums = sums_of(days.activity, DEFAULT_SCORING)
    assert sums is not None and sums.visitors == pytest.approx(1)
    assert "visitors" not in {rule.key for rule in sums.rules}
    two = Doing()
    two.visit(on(), visitor=1)
    two.visit(on(), visitor=2)
    two.visit(on(), visitor=2)
    sums = sums_of(two.activity, DEFAULT_SCORING)
    assert sums is not None and sums.visitors == pytest.approx(2)
    # 20 points at once, 10 just before the week is over, then nothing.
    assert parts_at(sums, Weights(), on(6.9999)).intent == pytest.approx(10 + 15 / 2, abs=1e-3)
    assert parts_at(sums, Weights(), on(7)).intent == pytest.approx(7.5)


def test_activity_beyond_the_horizon_counts_nothing_whenever_it_is_loaded() -> None:
    doing = Doing()
    doing.view(doing.visit(on(-181)), "/pricing")
    doing.view(doing.visit(on()), "/about")
    recent = Doing()
    recent.view(recent.visit(on()), "/about")
    assert sums_of(doing.activity, DEFAULT_SCORING) == sums_of(recent.activity, DEFAULT_SCORING)


def test_nothing_done_is_no_score() -> None:
    assert sums_of(Doing().activity, DEFAULT_SCORING) is None


def test_each_kind_is_there_and_says_what_it_asks() -> None:
    assert set(KINDS) == set(RuleKind)
    words = [KINDS[rule.kind].words(rule.match, {}) for rule in DEFAULT_SCORING.rules]
    assert "third or later visit within 7 days" in words
    assert "any goal reached" in words
    assert all(words)


def test_default_rules_have_the_product_s_points() -> None:
    points = [(rule.key, rule.points) for rule in DEFAULT_SCORING.rules]
    assert points == [
        ("pricing", 25),
        ("demo", 30),
        ("goal", 40),
        ("form", 15),
        ("download", 15),
        ("docs", 10),
        ("case", 10),
        ("third_visit", 15),
        ("visitors", 20),
        ("paid", 5),
        ("careers", -30),
    ]
    assert all(rule.points < 0 or rule.cap >= rule.points for rule in DEFAULT_SCORING.rules)
    assert DEFAULT_SCORING.weights == Weights(0.25, 0.25, 0.15, 0.35, 0.10)


def test_a_late_end_of_a_visit_is_its_last_activity() -> None:
    doing = Doing()
    doing.visit(on(), minutes=20)
    sums = sums_of(doing.activity, DEFAULT_SCORING)
    assert sums is not None and sums.as_of == on() + timedelta(minutes=20)
