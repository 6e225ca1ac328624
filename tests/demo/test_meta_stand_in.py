"""Meta's stand-in is as strict as the contract, also where the provider never errs."""

import copy
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest

from apps.demo.meta_stand_in.server import MetaStandIn
from apps.demo.standing_in.frame import Ask, Reply

NOW = 1_795_200_600.0
PATH = "/v25.0/1234567890123456/events"
HASH = hashlib.sha256(b"ada@example.org").hexdigest()
# The contract's example, with its hash filled in.
BODY: dict[str, Any] = {
    "data": [
        {
            "event_name": "Lead",
            "event_time": 1_795_200_000,
            "event_id": "9b1f-lead-42",
            "action_source": "website",
            "event_source_url": "https://shop.example/demo",
            "user_data": {
                "em": [HASH],
                "client_ip_address": "2001:db8::7",
                "client_user_agent": "Mozilla/5.0",
                "fbc": "fb.1.1795199000000.AbC",
                "fbp": "fb.1.1795100000000.123456789",
            },
            "custom_data": {"currency": "EUR", "value": 50},
        }
    ],
}
Change = Callable[[dict[str, Any]], Any]


def made(**given: Any) -> MetaStandIn:
    return MetaStandIn(now=lambda: NOW, **given)


def post(stand_in: MetaStandIn, body: dict[str, Any], *, path: str = PATH, token: str = "") -> Reply:
    told = {"access_token": token or stand_in.token.text, **body}
    return stand_in.answer(Ask("POST", path, {}, {"content-type": "application/json"}, json.dumps(told).encode()))


def error_of(reply: Reply) -> tuple[int, int]:
    return reply.body["error"]["code"], reply.body["error"].get("error_subcode", 0)


def event(**fields: Any) -> Change:
    return lambda body: body["data"][0].update(fields)


def person(**fields: Any) -> Change:
    return lambda body: body["data"][0]["user_data"].update(fields)


def only(**fields: Any) -> Change:
    """Not of a website, so that nothing else is needed."""
    return lambda body: body["data"][0].update(action_source="other", user_data=fields)


def custom(**fields: Any) -> Change:
    return lambda body: body["data"][0]["custom_data"].update(fields)


def without(*path: str) -> Change:
    def change(body: dict[str, Any]) -> None:
        found = body["data"][0]
        for name in path[:-1]:
            found = found[name]
        del found[path[-1]]

    return change


@pytest.mark.parametrize(
    ("change", "subcode"),
    [
        (lambda body: body.update(data=[]), 2804019),
        (lambda body: body.update(data=body["data"] * 1001), 2804019),
        (lambda body: body["data"].append(7), 2804019),
        (lambda body: body.update(test_event_code=7), 0),
        (event(event="Lead"), 2804019),
        (without("event_name"), 2804019),
        (without("event_time"), 2804019),
        (event(event_time="1795200000"), 2804019),
        (event(event_time=1_795_200_000_000), 2804019),
        (event(event_time=int(NOW) - 7 * 86_400 - 1), 2804003),
        (event(event_time=int(NOW) - 62 * 86_400 - 1, action_source="physical_store"), 2804003),
        (event(event_id=42), 2804019),
        (without("action_source"), 2804019),
        (event(action_source="web"), 2804019),
        (without("event_source_url"), 2804019),
        (event(event_source_url="/demo"), 2804019),
        (event(event_source_url="https://elsewhere.example/"), 2804019),
        (event(opt_out="true"), 2804019),
        (event(data_processing_options=["ALL"]), 2804019),
        (event(data_processing_options=["LDU"], data_processing_options_country=1), 2804019),
        (event(data_processing_options=["LDU"], data_processing_options_state=7), 2804019),
        (event(data_processing_options=["LDU"], data_processing_options_country=[1]), 2804019),
        (without("user_data"), 2804019),
        (without("user_data", "client_user_agent"), 2804019),
        (person(email=[HASH]), 2804019),
        (person(em="ada@example.org"), 2804019),
        (person(em=[HASH, HASH.upper()]), 2804019),
        (person(country="de"), 2804019),
        (person(ph=[]), 2804019),
        (person(fbc="AbC"), 2804019),
        (person(fbp="fb.1.1795100000.1"), 2804019),
        (person(client_ip_address=HASH), 2804019),
        (person(external_id=[7]), 2804019),
        (only(), 2804050),
        (only(country=HASH, ct=HASH, st=HASH, zp=HASH, ge=HASH, client_user_agent="Mozilla/5.0"), 2804050),
        (only(db=HASH, client_user_agent="Mozilla/5.0"), 2804050),
        (only(fn=HASH, ge=HASH), 2804050),
        (only(ln=HASH), 2804050),
        (custom(value="50"), 2804019),
        (custom(currency="euro"), 2804019),
        (custom(num_items=1.5), 2804019),
        (custom(order_id=42), 2804019),
        (custom(content_ids="A"), 2804019),
        (custom(contents=[{"quantity": 1}]), 2804019),
        (custom(contents=[{"id": "A", "price": 1}]), 2804019),
        (lambda body: body["data"][0].update(event_name="Purchase", custom_data={"value": 1}), 2804019),
    ],
)
def test_it_refuses_what_the_contract_does_not_allow_and_all_that_comes_with_it(change: Change, subcode: int) -> None:
    stand_in = made()
    stand_in.dataset.domains = frozenset({"shop.example"})
    wrong = copy.deepcopy(BODY)
    change(wrong)
    reply = post(stand_in, {**wrong, "data": [*wrong["data"][-1001:], *BODY["data"]] if wrong["data"] else []})
    assert (reply.status, error_of(reply)) == (400, (100, subcode))
    assert stand_in.taken == {}


@pytest.mark.parametrize(
    "change",
    [
        lambda body: None,
        only(db=HASH, fn=HASH),
        only(external_id="customer-7"),
        only(lead_id="7"),
        event(event_time=int(NOW) - 61 * 86_400, action_source="physical_store"),
        event(data_processing_options=["LDU"], data_processing_options_country=1, data_processing_options_state=1000),
        event(data_processing_options=["LDU"]),  # by the address
        event(data_processing_options=[]),
        event(event_name="Reached hot"),
        custom(contents=[{"id": "A", "quantity": 1, "item_price": 9.5}], plan="pro"),
    ],
)
def test_it_takes_what_the_contract_allows(change: Change) -> None:
    body = copy.deepcopy(BODY)
    change(body)
    reply = post(made(), body)
    assert reply.status == 200, reply.body
    assert (reply.body["events_received"], reply.body["messages"]) == (1, [])
    assert reply.body["fbtrace_id"]


def test_who_may_send_is_looked_at_first() -> None:
    stand_in = made()
    assert error_of(post(stand_in, {"data": []}, token="EAAguessed")) == (190, 0)
    assert error_of(post(stand_in, BODY, path="/v25.0/42/events")) == (100, 33)
    assert error_of(post(stand_in, BODY, path="/v99.0/1234567890123456/events")) == (2500, 0)
    stand_in.dataset.app_secret = "0f" * 16
    reply = post(stand_in, BODY)
    assert reply.body["error"]["type"] == "GraphMethodException"
    proof = hmac.new(b"0f" * 16, stand_in.token.text.encode(), hashlib.sha256).hexdigest()
    assert post(stand_in, {**BODY, "appsecret_proof": proof}).status == 200
    stand_in.answer(Ask("POST", "/revoke", {}, {}, b""))
    assert error_of(post(stand_in, BODY)) == (190, 460)


def test_form_fields_and_a_token_in_the_address_are_taken_too() -> None:
    stand_in = made()
    form = urlencode({"data": json.dumps(BODY["data"]), "test_event_code": "TEST1"}).encode()
    headers = {"content-type": "application/x-www-form-urlencoded"}
    reply = stand_in.answer(Ask("POST", PATH, {"access_token": stand_in.token.text}, headers, form))
    assert reply.status == 200
    # A test is no less counted.
    assert (stand_in.tests, sum(stand_in.counted.values())) == (1, 1)


def test_a_second_one_within_48_hours_does_not_count_and_a_later_one_does() -> None:
    now = [NOW]
    stand_in = MetaStandIn(now=lambda: now[0])
    post(stand_in, BODY)
    now[0] += 47 * 3600
    post(stand_in, BODY)
    assert (stand_in.taken, stand_in.counted) == ({"Lead:9b1f-lead-42": 2}, {"Lead:9b1f-lead-42": 1})
    now[0] += 2 * 3600
    post(stand_in, BODY)
    assert stand_in.counted == {"Lead:9b1f-lead-42": 2}
    nameless = copy.deepcopy(BODY)
    without("event_id")(nameless)
    post(stand_in, nameless)
    post(stand_in, nameless)
    assert sum(stand_in.counted.values()) == 4


def test_too_many_calls_say_when_the_next_is_possible() -> None:
    stand_in = made(an_hour=2)
    replies = [post(stand_in, BODY) for _ in range(3)]
    assert [reply.status for reply in replies] == [200, 200, 400]
    assert error_of(replies[2]) == (80004, 0)
    (uses,) = json.loads(replies[2].headers["X-Business-Use-Case-Usage"]).values()
    assert uses[0]["estimated_time_to_regain_access"] == 60
