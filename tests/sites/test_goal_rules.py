"""What a goal asks, held against what was seen; what it is worth; and how it is put in words."""

import logging
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from apps.sites.goals.conditions import PropCondition, Property, PropOp, condition_written, conditions_met
from apps.sites.goals.patterns import Page
from apps.sites.goals.rules import GoalKind, GoalRule, Seen, ValueFrom, goal_met, rules_read, worth
from apps.sites.goals.words import asked_words, counted_words

PROPS: dict[str, Property] = {"plan": "Team", "seats": 12, "price": "19.90", "trial": True, "empty": ""}


@pytest.mark.parametrize(
    ("prop", "op", "value", "holds"),
    [
        ("plan", "is", "team", True),
        ("plan", "is", "tea", False),
        ("plan", "is_not", "solo", True),
        ("plan", "is_not", "TEAM", False),
        ("plan", "contains", "EA", True),
        ("plan", "contains", "x", False),
        ("plan", "is_there", "", True),
        ("plan", "at_least", "1", False),
        ("seats", "is", "12", True),
        ("seats", "is", "12.0", True),
        ("seats", "at_least", "12", True),
        ("seats", "at_least", "12.5", False),
        ("seats", "at_most", "12", True),
        ("seats", "at_most", "11", False),
        ("price", "is", "19.9", True),
        ("price", "at_least", "19.89", True),
        ("trial", "is", "true", True),
        ("trial", "is", "1", False),
        ("trial", "at_least", "1", False),
        # What isn't there is something else than anything.
        ("colour", "is", "red", False),
        ("colour", "is_not", "red", True),
        ("colour", "is_there", "", False),
        ("colour", "at_most", "5", False),
        ("empty", "is_there", "", False),
        ("empty", "is_not", "x", True),
    ],
)
def test_a_condition_on_a_property(prop: str, op: str, value: str, holds: bool) -> None:
    assert conditions_met([condition_written(prop, op, value)], PROPS) is holds


def test_all_conditions_must_hold() -> None:
    first, second = condition_written("plan", "is", "team"), condition_written("seats", "at_least", "20")
    assert conditions_met([first], PROPS)
    assert not conditions_met([first, second], PROPS)
    assert conditions_met([], {})


@pytest.mark.parametrize(
    ("prop", "op", "value", "says"),
    [
        ("", "is", "x", "Name the property"),
        ("plan", "is", " ", "what?"),
        ("plan", "at_least", "many", "a number"),
        ("plan", "at_least", "NaN", "a number"),
        ("plan", "sounds", "x", "isn’t known"),
        ("plan", "is", "x" * 501, "letters at most"),
    ],
)
def test_a_condition_that_cant_be_meant_is_refused_in_words(prop: str, op: str, value: str, says: str) -> None:
    with pytest.raises(ValueError, match=says.replace("?", r"\?")):
        condition_written(prop, op, value)


def seen(kind: str = "pageview", path: str = "/a", **fields: Any) -> Seen:
    return Seen(kind, Page("shop.example", path), **fields)


def rule(kind: GoalKind, **fields: Any) -> GoalRule:
    return GoalRule(1, kind, **fields)


PLAN = (PropCondition("plan", PropOp.IS, "team"),)
WORTH_100 = (PropCondition("value", PropOp.AT_LEAST, "100"),)


@pytest.mark.parametrize(
    ("goal", "one", "meets"),
    [
        (rule(GoalKind.PAGE, page="/a"), seen(), True),
        (rule(GoalKind.PAGE, page="/b"), seen(), False),
        (rule(GoalKind.PAGE, page="/a"), seen("event", name="x"), False),
        (rule(GoalKind.EVENT, event_name="signup"), seen("event", name="signup"), True),
        (rule(GoalKind.EVENT, event_name="signup"), seen("event", name="Signup"), False),
        (rule(GoalKind.EVENT, event_name="signup"), seen("error", name="signup"), False),
        (rule(GoalKind.EVENT, event_name="signup"), seen(name="signup"), False),
        (rule(GoalKind.EVENT, event_name="s", page="/a"), seen("event", name="s"), True),
        (rule(GoalKind.EVENT, event_name="s", page="/b"), seen("event", name="s"), False),
        (rule(GoalKind.EVENT, event_name="s", conditions=PLAN), seen("event", name="s", props={"plan": "team"}), True),
        (rule(GoalKind.EVENT, event_name="s", conditions=PLAN), seen("event", name="s"), False),
        # The event's own value, where no property is called so.
        (rule(GoalKind.EVENT, event_name="s", conditions=WORTH_100), seen("event", name="s", value=Decimal(100)), True),
        (rule(GoalKind.EVENT, event_name="s", conditions=WORTH_100), seen("event", name="s", value=Decimal(9)), False),
        (
            rule(GoalKind.EVENT, event_name="s", conditions=WORTH_100),
            seen("event", name="s", value=Decimal(9), props={"value": 100}),
            True,
        ),
        (rule(GoalKind.SCROLL, threshold=75), seen(scroll_percent=75), True),
        (rule(GoalKind.SCROLL, threshold=75), seen(scroll_percent=74), False),
        (rule(GoalKind.SCROLL, threshold=75, page="/b"), seen(scroll_percent=75), False),
        (rule(GoalKind.SCROLL, threshold=75), seen("event", name="x", scroll_percent=75), False),
        (rule(GoalKind.ENGAGED, threshold=10), seen(engaged_ms=10_000), True),
        (rule(GoalKind.ENGAGED, threshold=10), seen(engaged_ms=9_999), False),
    ],
)
def test_what_meets_a_goal(goal: GoalRule, one: Seen, meets: bool) -> None:
    assert goal_met(goal, one) is meets


@pytest.mark.parametrize(
    ("fields", "value", "currency", "expected"),
    [
        ({}, Decimal(5), "EUR", (None, "")),
        ({"value_from": ValueFrom.FIXED, "value": Decimal(50), "currency": "USD"}, Decimal(5), "EUR", (50, "USD")),
        ({"value_from": ValueFrom.EVENT, "currency": "USD"}, Decimal(5), "EUR", (5, "EUR")),
        ({"value_from": ValueFrom.EVENT, "currency": "USD"}, Decimal(5), "", (5, "USD")),
        ({"value_from": ValueFrom.EVENT, "currency": "USD"}, None, "EUR", (None, "")),
    ],
)
def test_what_a_conversion_is_worth(
    fields: dict[str, Any], value: Decimal | None, currency: str, expected: tuple[object, str]
) -> None:
    assert worth(rule(GoalKind.EVENT, **fields), value, currency) == expected


def test_a_goal_of_a_newer_version_is_left_out_and_told(caplog: pytest.LogCaptureFixture) -> None:
    known = {"id": 1, "kind": "page", "page": "/a", "value": None}
    text = msgspec.json.encode([{"id": 2, "kind": "phase-of-moon"}, known]).decode()
    with caplog.at_level(logging.ERROR):
        assert [one.id for one in rules_read(text)] == [1]
    assert "isn't understood" in caplog.text


@pytest.mark.parametrize(
    ("goal", "words"),
    [
        (rule(GoalKind.PAGE, page="/thanks*"), "Page /thanks*"),
        (rule(GoalKind.EVENT, event_name="signup"), "Event signup"),
        (
            rule(GoalKind.EVENT, event_name="signup", conditions=PLAN + WORTH_100, page="/a"),
            "Event signup with plan is team and value is at least 100, on /a",
        ),
        (rule(GoalKind.SCROLL, threshold=75), "Scrolled 75% of any page"),
        (rule(GoalKind.ENGAGED, threshold=90, page="/blog*"), "Engaged 1m 30s with /blog*"),
    ],
)
def test_it_says_what_it_asks(goal: GoalRule, words: str) -> None:
    assert asked_words(goal) == words


def test_it_says_how_it_counts() -> None:
    fixed = rule(GoalKind.PAGE, value_from=ValueFrom.FIXED, value=Decimal("1250.0000"), currency="EUR")
    assert counted_words(rule(GoalKind.PAGE)) == "once a visit"
    assert counted_words(fixed) == "once a visit, worth 1,250 EUR"
    assert counted_words(rule(GoalKind.EVENT, counts_every=True, value_from=ValueFrom.EVENT)) == (
        "each time, worth the event’s value"
    )
