"""What Google Analytics wouldn't count is found beforehand: each case is sent all the same, and dropped in silence."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

import pytest

from apps.core import clock
from apps.demo.ga4_stand_in.server import GA4StandIn
from apps.demo.standing_in.frame import serving
from apps.destinations.exchange import calling
from apps.destinations.occurrences import ConsentReceipt, MatchKeys, Message
from apps.destinations.providers.base import Call, Outcome, Target
from tests.destinations.ga4_messages import ANALYTICS, ITEMS, MATCH, order, target_of, told


@dataclass(frozen=True, slots=True)
class There:
    stand_in: GA4StandIn
    target: Target
    ask: Call


@pytest.fixture(scope="module")
def served() -> Iterator[There]:
    stand_in = GA4StandIn(now=lambda: clock.now().timestamp())
    with serving(stand_in) as url, calling(stand_in_url=url, timeout=10) as call:
        yield There(stand_in, target_of(url, stand_in), call)


@pytest.fixture
def there(served: There) -> There:
    served.stand_in.taken.clear()
    served.stand_in.dropped.clear()
    served.stand_in.seen.clear()
    return served


@pytest.mark.parametrize(
    ("wrong", "field", "code"),
    [
        (told(name="Demo request"), "events[].name", "NAME_INVALID"),
        (told(name="x" * 41), "events[].name", "NAME_INVALID"),
        (told(name=""), "events[].name", "VALUE_REQUIRED"),
        (told(name="session_start"), "events[].name", "NAME_RESERVED"),
        (told(name="screen_view"), "events[].name", "NAME_RESERVED"),
        (told(name="demo", value=Decimal(5), currency=""), "events[].params.currency", "VALUE_REQUIRED"),
        (told(name="demo", value=None, params={"currency": "EUR"}), "events[].params.value", "VALUE_REQUIRED"),
        (told(currency="euro"), "events[].params.currency", "VALUE_INVALID"),
        (told(params={"value": "much"}), "events[].params.value", "VALUE_INVALID"),
        (told(params={"session_id": "s-1"}), "events[].params.session_id", "VALUE_INVALID"),
        (told(params={"engagement_time_msec": "0"}), "events[].params.engagement_time_msec", "VALUE_INVALID"),
        (told(params={"ga_plan": "pro"}), "events[].params.ga_plan", "NAME_RESERVED"),
        (told(params={"plan name": "pro"}), "events[].params.plan name", "NAME_INVALID"),
        (told(params={"p" * 41: "pro"}), f"events[].params.{'p' * 41}", "NAME_INVALID"),
        (told(params={"plan": "p" * 101}), "events[].params.plan", "VALUE_OUT_OF_BOUNDS"),
        (told(params={f"p{number}": "x" for number in range(20)}), "events[].params", "EXCEEDED_MAX_ENTITIES"),
        (told(params={"user.user_id": "7"}), "user_properties.user_id", "NAME_RESERVED"),
        (told(params={f"user.{'p' * 25}": "7"}), f"user_properties.{'p' * 25}", "NAME_INVALID"),
        (told(params={"user.plan": "p" * 37}), "user_properties.plan", "VALUE_OUT_OF_BOUNDS"),
        (order(transaction_id=""), "events[].params.transaction_id", "VALUE_REQUIRED"),
        (order(items=()), "events[].params.items", "VALUE_REQUIRED"),
        (order(items=({"price": 3},)), "events[].params.items[0]", "VALUE_REQUIRED"),
        (order(items=({"sku": "s" * 101},)), "events[].params.items[0].item_id", "VALUE_OUT_OF_BOUNDS"),
        (order(params={"items": "K-1"}), "events[].params.items", "VALUE_INVALID"),
        (order(items=ITEMS * 1500), "body", "VALUE_OUT_OF_BOUNDS"),
        (told(name="search", value=None), "events[].params.search_term", "VALUE_REQUIRED"),
    ],
)
def test_it_is_found_beforehand(there: There, wrong: Message, field: str, code: str) -> None:
    (problem,) = ANALYTICS.problems(there.target, wrong)
    assert problem.field == field and code in problem.rule
    request = ANALYTICS.request(there.target, [wrong])
    assert ANALYTICS.verdicts(request, there.ask(request))[0].outcome is Outcome.RECEIVED
    assert there.stand_in.taken == {}
    assert [reason.partition(": ")[2] for reason in there.stand_in.dropped] == [code]
    # The validation says it, and a person reads it.
    asked = ANALYTICS.request(replace(there.target, is_test_mode=True), [wrong])
    (verdict,) = ANALYTICS.verdicts(asked, there.ask(asked))
    assert (verdict.outcome, verdict.reason) == (Outcome.REJECTED, code)
    assert "validation says" in verdict.words


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (order(transaction_id="ada@example.org"), "events[].params.transaction_id"),
        (told(consent=ConsentReceipt("granted", analytics="denied")), "consent"),
    ],
)
def test_what_google_does_not_see_is_found_too(there: There, wrong: Message, field: str) -> None:
    assert [problem.field for problem in ANALYTICS.problems(there.target, wrong)] == [field]


@pytest.mark.parametrize(
    "fine",
    [
        told(),
        told(name="demo_request", value=None, currency=""),
        told(name="demo_request", value=Decimal(0)),
        told(match=replace(MATCH, ga_session_id="")),
        told(params={"page_title": "t" * 300, "debug_mode": True, "seats": 3, "tags": ["a"]}),
        told(params={f"user.p{number}": "x" for number in range(25)}),
        order(items=({"name": "n" * 256, "price": "free", "quantity": 1.5},)),
        order(transaction_id="", params={"transaction_id": "A-1"}),
        told(name="search", value=None, params={"search_term": "kestrel"}),
    ],
)
def test_what_is_fine_has_none_and_counts(there: There, fine: Message) -> None:
    assert ANALYTICS.problems(there.target, fine) == []
    request = ANALYTICS.request(there.target, [fine])
    assert ANALYTICS.verdicts(request, there.ask(request))[0].outcome is Outcome.RECEIVED
    assert (sum(there.stand_in.taken.values()), there.stand_in.dropped) == (1, {})
    test = ANALYTICS.test_request(there.target, fine)
    assert ANALYTICS.verdicts(test, there.ask(test))[0].reason == "validated"
    assert sum(there.stand_in.taken.values()) == 1


def test_values_may_be_longer_in_google_analytics_360(there: There) -> None:
    long = told(params={"plan": "p" * 500})
    assert ANALYTICS.problems(replace(there.target, settings={"property_kind": "360"}), long) == []
    assert len(ANALYTICS.problems(there.target, long)) == 1


def test_whom_googles_tag_has_not_seen_is_left_out_beforehand(there: There) -> None:
    nobody = told(match=MatchKeys(ga_session_id="1795199000"))
    assert "Beacon makes none up" in ANALYTICS.unmatchable(nobody)
    assert ANALYTICS.unmatchable(told()) == ""
    request = ANALYTICS.request(there.target, [nobody])
    assert there.ask(request).status == 204
    assert (there.stand_in.taken, there.stand_in.dropped) == ({}, {"client_id: VALUE_REQUIRED": 1})
    # A test goes under a client id of its own.
    assert ANALYTICS.unmatchable(replace(nobody, is_test=True)) == ""
    test = ANALYTICS.test_request(there.target, nobody)
    assert ANALYTICS.verdicts(test, there.ask(test))[0].reason == "validated"
