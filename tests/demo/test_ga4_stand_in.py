"""The stand-in is as strict as the contract, also where the provider never errs, and as silent as Google Analytics."""

import copy
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from apps.demo.ga4_stand_in.server import GA4StandIn
from apps.demo.ga4_stand_in.world import Stream
from apps.demo.standing_in.frame import Ask, serving

NOW = 1_795_200_060.0
# The contract's own example, a minute after it happened.
BODY: dict[str, Any] = {
    "client_id": "1234567890.1700000000",
    "timestamp_micros": 1_795_200_000_000_000,
    "consent": {"ad_user_data": "GRANTED", "ad_personalization": "DENIED"},
    "user_location": {"country_id": "DE", "region_id": "DE-BE"},
    "device": {"category": "desktop"},
    "events": [
        {
            "name": "generate_lead",
            "params": {
                "session_id": "1795199000",
                "engagement_time_msec": 1200,
                "currency": "EUR",
                "value": 50,
                "lead_source": "demo_form",
            },
        }
    ],
}
PURCHASE = {
    "name": "purchase",
    "params": {"transaction_id": "A-1", "currency": "EUR", "value": 5, "items": [{"item_id": "K-1"}]},
}
LEAD = "generate_lead:1234567890.1700000000:1795200000000000"
Change = Callable[[dict[str, Any]], Any]
QUERY = {"measurement_id": Stream().measurement_id, "api_secret": Stream().api_secret}
STRICT = {"validation_behavior": "ENFORCE_RECOMMENDATIONS"}
DAY_MICROS = 86_400_000_000


@pytest.fixture
def stand_in() -> GA4StandIn:
    return GA4StandIn(now=lambda: NOW)


def ask(body: object, path: str = "/mp/collect", method: str = "POST", **query: str) -> Ask:
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Ask(method, path, QUERY | query, {"content-type": "application/json"}, sent)


def codes(stand_in: GA4StandIn, body: object) -> list[str]:
    """Return what the validation says, which is what has it dropped as well."""
    answer = stand_in.answer(ask(body, "/debug/mp/collect"))
    assert answer.status == 200
    return [one["validationCode"] for one in answer.body["validationMessages"]]


def changed(change: Change) -> dict[str, Any]:
    body = copy.deepcopy(BODY)
    change(body)
    return body


def _params(body: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = body["events"][0]["params"]
    return found


def test_it_takes_the_contracts_example_and_its_validation_keeps_nothing(stand_in: GA4StandIn) -> None:
    assert codes(stand_in, BODY | STRICT) == []
    assert stand_in.taken == {}
    assert stand_in.answer(ask(BODY)).status == 204
    assert (stand_in.taken, stand_in.dropped) == ({LEAD: 1}, {})


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda body: body.pop("client_id"), "VALUE_REQUIRED"),
        (lambda body: body.update(client_id=1234), "VALUE_INVALID"),
        (lambda body: body.update(user_id="u" * 257), "VALUE_OUT_OF_BOUNDS"),
        (lambda body: body.update(timestamp_micros="1795200000000000"), "VALUE_INVALID"),
        (lambda body: body.update(timestamp="now"), "VALUE_INVALID"),
        (lambda body: body["consent"].update(ad_user_data="granted"), "VALUE_INVALID"),
        (lambda body: body["consent"].update(analytics_storage="GRANTED"), "VALUE_INVALID"),
        (lambda body: body.update(non_personalized_ads="no"), "VALUE_INVALID"),
        (lambda body: body["user_location"].update(country_id="Germany"), "VALUE_INVALID"),
        (lambda body: body["device"].pop("category"), "VALUE_REQUIRED"),
        (lambda body: body["device"].update(screen_resolution="large"), "VALUE_INVALID"),
        (lambda body: body.update(user_data={"sha256_email_address": ["ada@example.org"]}), "VALUE_INVALID"),
        (lambda body: body.update(user_data={"sha256_phone_number": ["a" * 64] * 4}), "EXCEEDED_MAX_ENTITIES"),
        (lambda body: body.update(user_properties={"plan": "pro"}), "VALUE_REQUIRED"),
        (lambda body: body.update(user_properties={"ga_plan": {"value": 1}}), "NAME_RESERVED"),
        (
            lambda body: body.update(user_properties={f"p{number}": {"value": 1} for number in range(26)}),
            "EXCEEDED_MAX_ENTITIES",
        ),
        (lambda body: body.update(validation_behavior="STRICT"), "VALUE_INVALID"),
        (lambda body: body.update(events=[]), "VALUE_REQUIRED"),
        (lambda body: body.update(events=body["events"] * 26), "EXCEEDED_MAX_ENTITIES"),
        (lambda body: body["events"][0].update(timestamp_micros=1), "VALUE_INVALID"),
        (lambda body: body["events"][0].update(name="_lead"), "NAME_INVALID"),
        (lambda body: body["events"][0].update(name="error"), "NAME_RESERVED"),
        (lambda body: _params(body).update(session_id="s-1"), "VALUE_INVALID"),
        (lambda body: _params(body).update(currency="eur"), "VALUE_INVALID"),
        (lambda body: _params(body).pop("value"), "VALUE_REQUIRED"),
        (lambda body: _params(body).update(value="50"), "VALUE_INVALID"),
        (lambda body: _params(body).update({"gtag.x": 1}), "NAME_RESERVED"),
        (lambda body: _params(body).update(plan={"is": "pro"}), "VALUE_INVALID"),
        (lambda body: _params(body).update(page_location="x" * 1001), "VALUE_OUT_OF_BOUNDS"),
        (lambda body: _params(body).update(items=[{"price": 1}]), "VALUE_REQUIRED"),
    ],
)
def test_what_the_contract_does_not_allow_is_told_by_the_validation_and_dropped_in_silence(
    change: Change, code: str, stand_in: GA4StandIn
) -> None:
    body = changed(change)
    assert codes(stand_in, body) == [code]
    assert stand_in.answer(ask(body)).status == 204
    assert stand_in.taken == {}
    assert [reason.partition(": ")[2] for reason in stand_in.dropped] == [code]


def test_only_the_wrong_ones_of_a_request_are_dropped(stand_in: GA4StandIn) -> None:
    lead = BODY["events"][0]
    stand_in.answer(ask(BODY | {"events": [lead, lead | {"name": "error"}, PURCHASE]}))
    assert stand_in.taken == {LEAD: 1, "purchase:A-1": 1}
    assert stand_in.dropped == {"events[1].name: NAME_RESERVED": 1}


def test_what_is_no_request_of_the_streams_gets_its_204_and_counts_for_nothing(stand_in: GA4StandIn) -> None:
    plain = {"content-type": "text/plain"}
    asked = [
        ask(BODY, api_secret="guessed"),
        ask(BODY, measurement_id="G-OTHER"),
        ask(b"{"),
        ask([]),
        Ask("POST", "/mp/collect", QUERY, plain, json.dumps(BODY).encode()),
        ask(json.dumps(BODY)[:-1].encode() + b', "user_id": "a", "user_id": "b"}'),
        ask(BODY | {"user_agent": "x" * 130_000}),
    ]
    assert {stand_in.answer(one).status for one in asked} == {204}
    assert stand_in.taken == {}
    assert sorted(stand_in.dropped) == [
        "api_secret: not this stream's",
        "body: VALUE_INVALID",
        "body: VALUE_OUT_OF_BOUNDS",
        "measurement_id: no such web stream",
        "user_id: NAME_DUPLICATED",
    ]
    assert stand_in.answer(ask(BODY, method="GET")).status == 405
    assert stand_in.answer(ask(BODY, "/collect")).status == 404


def test_it_is_backdated_by_72_hours_at_most_and_refused_where_recommendations_are_enforced(
    stand_in: GA4StandIn,
) -> None:
    old = BODY | {"timestamp_micros": BODY["timestamp_micros"] - 4 * DAY_MICROS}
    assert codes(stand_in, old) == []
    assert codes(stand_in, old | STRICT) == ["VALUE_OUT_OF_BOUNDS"]
    assert codes(stand_in, BODY | STRICT | {"client_id": "ada"}) == ["VALUE_INVALID"]
    assert codes(stand_in, BODY | STRICT | {"client_id": "GA1.1.1234567890.1700000000"}) == []
    assert codes(stand_in, BODY | STRICT | {"user_location": {"country_id": "DE"}}) == ["VALUE_REQUIRED"]
    stand_in.answer(ask(old))
    stand_in.answer(ask(BODY))
    assert [seen["is_clamped"] for seen in stand_in.seen] == [True, False]


def test_longer_values_and_more_requests_are_for_google_analytics_360() -> None:
    long = changed(lambda body: _params(body).update(plan="p" * 500))
    standard = GA4StandIn(an_hour=1, now=lambda: NOW)
    assert codes(standard, long) == ["VALUE_OUT_OF_BOUNDS"]
    other = GA4StandIn(Stream(is_360=True), an_hour=1, now=lambda: NOW)
    assert codes(other, long) == []
    for one in (standard, other):
        for _ in range(2):
            one.answer(ask(BODY))
    assert (standard.taken, standard.dropped) == ({LEAD: 1}, {"quota: 100 million an hour": 1})
    assert other.taken == {LEAD: 2}


def test_what_was_taken_and_why_the_rest_was_not_is_there_to_be_asked(stand_in: GA4StandIn) -> None:
    stand_in.answer(ask(BODY))
    stand_in.answer(ask(BODY, api_secret="guessed"))
    with serving(stand_in) as url:
        told = httpx.get(f"{url}/_taken").json()
    assert told == {
        "name": "Google Analytics 4 (Measurement Protocol)",
        "taken": {LEAD: 1},
        "dropped": {"api_secret: not this stream's": 1},
    }
