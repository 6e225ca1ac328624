"""Rules in words, and what two versions of them differ in."""

from msgspec.structs import replace

from apps.scoring.changing import rule_by_key, rule_move, rule_put, rule_remove
from apps.scoring.defaults import DEFAULT_SCORING
from apps.scoring.kinds import KINDS
from apps.scoring.rules import IdealCustomer, Match, Rule, RuleKind, Weights
from apps.scoring.words import asked_words, differences, points_words

PRICING = rule_by_key(DEFAULT_SCORING, "pricing")


def test_points_in_words() -> None:
    rule = Rule("r", "R", RuleKind.PAGE, 2.5, 10)
    assert points_words(rule) == "2.5 points each, 10 at most"
    assert points_words(replace(rule, points=1, cap=1)) == "1 point, once"
    assert points_words(replace(rule, points=-30, cap=0)) == "−30 points, once"


def test_what_a_rule_asks_with_its_window_and_its_goal() -> None:
    rule = Rule("r", "R", RuleKind.GOAL, 1, 1, Match(goal_id=4), window_days=1)
    assert asked_words(rule, {4: "Order"}) == "goal Order reached; the last day only"
    assert asked_words(replace(rule, window_days=30), {}) == "goal that is gone reached; the last 30 days only"


def test_counts_in_words() -> None:
    words = KINDS[RuleKind.FREQUENCY].words
    said = [words(Match(count=count, days=1), {}).split()[0] for count in (1, 3, 4, 11, 13, 21, 22, 100)]
    assert said == ["first", "third", "4th", "11th", "13th", "21st", "22nd", "100th"]


def test_the_same_differs_in_nothing() -> None:
    assert differences(DEFAULT_SCORING, DEFAULT_SCORING, {}) == []


def test_each_change_is_told() -> None:
    pages = (*PRICING.match.pages[1:], "/cost")
    changed = replace(
        PRICING, name="Prices", points=30.0, cap=60.0, window_days=30, is_on=False, match=Match(pages=pages)
    )
    after = rule_put(DEFAULT_SCORING, changed)
    assert differences(DEFAULT_SCORING, after, {}) == [
        "“Prices”: was called “Pricing page”; switched off; points 25 → 30; at most 50 → 60;"
        " counts always → for 30 days; pages + /cost, − */pricing*"
    ]


def test_what_came_went_and_moved_is_told() -> None:
    added = Rule("w", "Webinar", RuleKind.EVENT, 5, 5, Match(event="webinar"))
    after = rule_put(rule_remove(rule_move(DEFAULT_SCORING, "pricing", by=2), "paid"), added)
    assert differences(DEFAULT_SCORING, after, {}) == [
        "Added “Webinar”: event webinar; 5 points, once",
        "Removed “Came by a paid campaign”",
        "Order of the rules changed",
    ]


def test_weights_and_ideal_customer_are_told() -> None:
    after = replace(DEFAULT_SCORING, weights=Weights(fit=0.305), ideal=IdealCustomer(countries=("DE",), employees_to=9))
    assert differences(DEFAULT_SCORING, after, {}) == [
        "Weight of fit: 25 → 30.5",
        "Ideal customer, size: nothing → up to 9 employees",
        "Ideal customer, country: nothing → Germany",
    ]


def test_a_rule_moved_beyond_the_end_stays_there() -> None:
    assert rule_move(DEFAULT_SCORING, "pricing", by=-1) == DEFAULT_SCORING
    assert rule_move(DEFAULT_SCORING, "careers", by=1) == DEFAULT_SCORING
