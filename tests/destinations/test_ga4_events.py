"""What a conversion is in Google Analytics' words, and which share a request: worked cases."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from apps.destinations.occurrences import ConsentReceipt, MatchKeys, Message
from apps.destinations.providers.base import Target
from apps.destinations.providers.ga4.events import micros, name_make
from tests.destinations.conftest import NOW
from tests.destinations.ga4_messages import ANALYTICS, CLIENT, ITEMS, SESSION, order, told

# 2026-11-20T10:15:30.5Z is 1,795,169,730.5 s after 1970.
AT, MICROS = datetime(2026, 11, 20, 10, 15, 30, 500_000, tzinfo=UTC), 1_795_169_730_500_000
TARGET = Target(7, {"measurement_id": "G-EXAMPLE00"}, {"api_secret": "sEcret&1"})


def _body(*messages: Message) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(ANALYTICS.request(TARGET, messages).body or b"")
    return found


def test_a_lead_is_sent_as_documented() -> None:
    lead = told(occurred_at=AT, params={"lead_source": "demo_form", "seats": 5, "user.plan": "pro"})
    request = ANALYTICS.request(TARGET, [lead])
    assert request.url == "https://www.google-analytics.com/mp/collect?measurement_id=G-EXAMPLE00&api_secret=sEcret%261"
    assert (request.method, request.headers) == ("POST", {"Content-Type": "application/json"})
    assert json.loads(request.body or b"") == {
        "client_id": CLIENT,
        "timestamp_micros": MICROS,
        "user_properties": {"plan": {"value": "pro"}},
        "consent": {"ad_user_data": "GRANTED", "ad_personalization": "GRANTED"},
        "events": [
            {
                "name": "generate_lead",
                "params": {
                    "engagement_time_msec": 1,
                    "session_id": SESSION,
                    "value": 49.9,
                    "currency": "EUR",
                    "page_location": "https://varnholt.example/thanks",
                    "page_title": "Thanks",
                    "lead_source": "demo_form",
                    "seats": 5,
                },
            }
        ],
    }
    assert ANALYTICS.problems(TARGET, lead) == []


def test_a_purchase_carries_its_order_and_items() -> None:
    params = _body(order(3, params={"coupon": "MAY"}))["events"][0]["params"]
    assert (params["transaction_id"], params["value"], params["currency"]) == ("order-3", 49.9, "EUR")
    item = {"item_id": "K-1", "item_name": "Kestrel", "item_category": "Birds", "price": 19.9, "quantity": 2}
    assert (params["items"], params["coupon"]) == ([item], "MAY")


@pytest.mark.parametrize(
    ("consent", "sent"),
    [
        (ConsentReceipt("granted"), {"ad_user_data": "GRANTED", "ad_personalization": "GRANTED"}),
        (ConsentReceipt("granted", gpc=True), {"ad_user_data": "GRANTED", "ad_personalization": "DENIED"}),
        (ConsentReceipt("denied"), {"ad_user_data": "DENIED", "ad_personalization": "DENIED"}),
        # Nobody was asked, and nobody says that it was granted.
        (ConsentReceipt("exempt"), None),
    ],
)
def test_consent_goes_along_in_googles_fields(consent: ConsentReceipt, sent: dict[str, str] | None) -> None:
    assert _body(told(consent=consent)).get("consent") == sent


def test_no_session_is_made_up_and_what_describes_is_cut() -> None:
    url = "https://varnholt.example/" + "p" * 2000
    lead = told(match=MatchKeys(ga_client_id=CLIENT), page_title="t" * 400, page_url=url)
    params = _body(lead)["events"][0]["params"]
    assert "session_id" not in params
    assert (len(params["page_title"]), len(params["page_location"])) == (300, 1000)
    quality = ANALYTICS.match_quality(lead)
    assert (quality.present, quality.missing) == (["client_id"], ["session_id"])
    assert ANALYTICS.problems(TARGET, lead) == []


def test_those_of_one_client_moment_consent_and_user_properties_share_a_request() -> None:
    same = [told(number, occurred_at=AT) for number in range(1, 28)]
    later = told(30, occurred_at=AT + timedelta(seconds=1))
    stranger = told(31, occurred_at=AT, match=MatchKeys(ga_client_id="1.2"))
    objects = told(32, occurred_at=AT, consent=ConsentReceipt("granted", gpc=True))
    pro = told(33, occurred_at=AT, params={"user.plan": "pro"})
    batches = ANALYTICS.batches([*same[:5], later, stranger, objects, pro, *same[5:]])
    numbers = sorted([one.delivery_id for one in batch] for batch in batches)
    assert numbers == [list(range(1, 26)), [26, 27], [30], [31], [32], [33]]


def test_a_request_stays_below_130_kb() -> None:
    large = [order(number, occurred_at=AT, items=ITEMS * 150) for number in range(1, 11)]
    batches = ANALYTICS.batches(large)
    assert 1 < len(batches) < 10
    assert all(len(ANALYTICS.request(TARGET, batch).body or b"") < 130_000 for batch in batches)


@pytest.mark.parametrize(
    ("message", "is_safe"),
    [
        (order(), True),
        (order(transaction_id="", params={"transaction_id": "A-1"}), True),
        (order(transaction_id=""), False),
        (told(transaction_id="order-1"), False),
    ],
)
def test_google_counts_once_what_is_a_purchase_with_an_orders_number(message: Message, is_safe: bool) -> None:
    assert ANALYTICS.repeats_safely(message) is is_safe


def test_the_eu_and_the_validation_have_addresses_of_their_own() -> None:
    eu = Target(7, {**TARGET.settings, "endpoint": "eu"}, TARGET.secrets)
    assert ANALYTICS.request(eu, [told()]).url.startswith("https://region1.google-analytics.com/mp/collect?")
    assert ANALYTICS.describe(eu.settings) == "G-EXAMPLE00, EU"
    # A conversion of long ago, whose client id is erased, is good enough for a test.
    old = told(match=MatchKeys(), occurred_at=AT - timedelta(days=400))
    test = ANALYTICS.test_request(eu, old)
    assert test.url.startswith("https://region1.google-analytics.com/debug/mp/collect?")
    body = json.loads(test.body or b"")
    assert body["validation_behavior"] == "ENFORCE_RECOMMENDATIONS"
    assert (bool(body["client_id"]), body["timestamp_micros"]) == (True, micros(NOW))
    assert "validation_behavior" not in _body(told())


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("Demo request", "demo_request"),
        ("addToCart", "addToCart"),
        ("purchase", "purchase"),
        ("  Größe: XL! ", "groe_xl"),
        ("3 pages", "goal_3_pages"),
        ("申し込み", "conversion"),
        ("x" * 60, "x" * 40),
    ],
)
def test_goals_get_names_that_google_takes(said: str, name: str) -> None:
    assert name_make(said) == name
    assert ANALYTICS.default_name(goal_name=said, event_name="") == name
