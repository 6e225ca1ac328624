"""What is sent to Meta, worked out by hand from its documents."""

import hashlib
import hmac
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from apps.destinations.masking import request_masked
from apps.destinations.occurrences import ConsentReceipt, MatchKeys, Message
from apps.destinations.providers.base import Target
from apps.destinations.providers.meta.identity import country_hashed, fbc_of
from apps.destinations.providers.meta.names import name_of
from apps.tracking.steps.match import email_hashes, phone_hashes
from tests.destinations.conftest import NOW
from tests.destinations.meta.messages import AGENT, EMAIL, FBC, FBP, KEYS, META, PHONE, message

TARGET = Target(7, {"dataset_id": "1234567890123456"}, {"access_token": "EAAb"})
STARTED = datetime(2026, 5, 13, 9, 45, tzinfo=UTC)
STARTED_MS = 1778665500000


def body_of(target: Target, *messages: Message) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(META.request(target, messages).body or b"")
    return found


def event_of(told: Message, **settings: str) -> dict[str, Any]:
    found: dict[str, Any] = body_of(replace(TARGET, settings={**TARGET.settings, **settings}), told)["data"][0]
    return found


def test_a_purchase_in_full() -> None:
    told = message(
        name="Purchase",
        occurred_at=datetime(2026, 5, 13, 9, 59, 30, 900_000, tzinfo=UTC),
        transaction_id="order-42",
        items=[{"sku": "A-1", "quantity": 2, "price": "19.95"}, {"sku": "B", "price": 10}, {"name": "a gift"}],
        page_url="https://varnholt.example/thanks?gclid=Cj0&ref=mail&fbclid=AbC",
        match=replace(KEYS, fbc=FBC, email_sha256=EMAIL, phone_sha256=PHONE, event_id="order-42-paid"),
        params={"plan": "pro", "predicted_ltv": "120.5", "content_name": "Spring sale"},
    )
    request = META.request(TARGET, [told])
    assert request.url == "https://graph.facebook.com/v25.0/1234567890123456/events"
    assert json.loads(request.body or b"") == {
        "access_token": "EAAb",
        "data": [
            {
                "event_name": "Purchase",
                "event_time": 1778666370,
                "event_id": "order-42-paid",
                "action_source": "website",
                "event_source_url": "https://varnholt.example/thanks?ref=mail",
                "user_data": {
                    "em": [EMAIL],
                    "ph": [PHONE],
                    "fbc": FBC,
                    "fbp": FBP,
                    "client_user_agent": AGENT,
                    # SHA-256 of "de"
                    "country": ["959a45d44e6fcf58361ed004681556fe50129f2109e817dec098c00c9e5d2578"],
                },
                "custom_data": {
                    "value": 49.9,
                    "currency": "EUR",
                    "order_id": "order-42",
                    "contents": [
                        {"id": "A-1", "quantity": 2, "item_price": 19.95},
                        {"id": "B", "quantity": 1, "item_price": 10.0},
                    ],
                    "content_ids": ["A-1", "B"],
                    "content_type": "product",
                    "num_items": 3,
                    "plan": "pro",
                    "predicted_ltv": 120.5,
                    "content_name": "Spring sale",
                },
            }
        ],
    }
    assert META.problems(TARGET, told) == []


def test_contact_data_is_hashed_as_meta_documents_it() -> None:
    # Trimmed, in lower case, dots and plus signs kept; digits with the country code, without the plus.
    assert email_hashes(" Ada@Example.org ")["email_sha256"] == EMAIL
    assert email_hashes("a.da+x@gmail.com")["email_sha256"] == hashlib.sha256(b"a.da+x@gmail.com").hexdigest()
    assert phone_hashes("+1 (650) 555-1212")["phone_sha256"] == PHONE
    assert country_hashed("US") == hashlib.sha256(b"us").hexdigest()
    assert country_hashed("") == country_hashed("USA") == ""


@pytest.mark.parametrize(
    ("cookie", "click", "sent"),
    [
        ("", "AbC", f"fb.1.{STARTED_MS}.AbC"),
        ("", "", ""),
        ("", "not a click", ""),
        ("", "A" * 512, ""),  # cut at the door, so another's
        (FBC, "", FBC),
        (FBC, "AbC", FBC),
        (f"{FBC}.Bg", "AbC", f"{FBC}.Bg"),
        # The cookie is of an earlier click than this visit's; and of one within the visit.
        (f"fb.1.{STARTED_MS - 1}.Old", "AbC", f"fb.1.{STARTED_MS}.AbC"),
        (f"fb.1.{STARTED_MS + 60_000}.New", "AbC", f"fb.1.{STARTED_MS + 60_000}.New"),
        ("fb.1.nonsense", "", ""),
    ],
)
def test_a_click_is_told_as_the_cookie_has_it_or_would_have_it(cookie: str, click: str, sent: str) -> None:
    told = message(
        match=replace(KEYS, fbc=cookie), click_ids={"fbclid": click, "gclid": "Cj0"}, session_started_at=STARTED
    )
    assert fbc_of(told.occurrence) == sent


@pytest.mark.parametrize(
    ("facts", "sent"),
    [
        ({"params": {"event_id": "m-7"}, "match": replace(KEYS, event_id="e-1"), "transaction_id": "A-1042"}, "m-7"),
        ({"match": replace(KEYS, event_id="e-1"), "transaction_id": "A-1042"}, "e-1"),
        ({"transaction_id": "A-1042"}, "A-1042"),
        ({}, "00000000-0000-0000-0000-000000000001"),
    ],
)
def test_the_id_is_one_that_the_pixel_can_know_too(facts: dict[str, Any], sent: str) -> None:
    event = event_of(message(**facts))
    assert event["event_id"] == sent and "event_id" not in event["custom_data"]


def test_beacons_own_id_goes_where_the_site_gave_none_and_no_page_is_made_up() -> None:
    told = event_of(message(5, page_url="", value=None))
    assert told["event_id"] == "00000000-0000-0000-0000-000000000005"
    assert told["action_source"] == "other"
    assert "event_source_url" not in told and "custom_data" not in told
    by_rule = event_of(message(page_url="", value=None, params={"action_source": "phone_call"}))
    assert (by_rule["action_source"], "custom_data" in by_rule) == ("phone_call", False)


@pytest.mark.parametrize(
    ("country", "region", "sent"),
    [
        ("US", "California", (["LDU"], 1, 1000)),
        ("US", "Rhode Island", (["LDU"], 1, 1013)),
        ("US", "", (["LDU"], 1, 1000)),
        ("US", "Ohio", ([], None, None)),
        ("DE", "Texas", ([], None, None)),
    ],
)
def test_limited_data_use_names_the_state(country: str, region: str, sent: tuple[Any, ...]) -> None:
    told = message(country=country, region=region)
    event = event_of(told, data_processing="states")
    options = ("", "_country", "_state")
    assert tuple(event.get(f"data_processing_options{name}") for name in options) == sent
    assert "data_processing_options" not in event_of(told)


def test_who_objects_by_a_signal_is_counted_and_not_advertised_to() -> None:
    assert event_of(message(consent=ConsentReceipt("granted", gpc=True)))["opt_out"] is True
    assert "opt_out" not in event_of(message())


def test_the_token_is_proven_by_the_apps_secret_and_neither_is_shown() -> None:
    target = replace(TARGET, secrets={"access_token": "EAAb" * 9, "app_secret": "0f" * 16})
    request = META.request(target, [message(match=replace(KEYS, fbc=FBC, email_sha256=EMAIL))])
    proof = hmac.new(b"0f" * 16, b"EAAb" * 9, hashlib.sha256).hexdigest()
    assert json.loads(request.body or b"")["appsecret_proof"] == proof
    shown = request_masked(request, META.masked)
    for hidden in (proof, "EAAb", EMAIL, FBC, FBP, AGENT):
        assert hidden not in shown
    assert "https://varnholt.example/thanks" in shown


def test_a_tests_code_goes_with_tests_alone() -> None:
    target = replace(TARGET, settings={**TARGET.settings, "test_event_code": "TEST1"})
    assert "test_event_code" not in body_of(target, message())
    assert body_of(replace(target, is_test_mode=True), message())["test_event_code"] == "TEST1"
    assert json.loads(META.test_request(target, message()).body or b"")["test_event_code"] == "TEST1"
    mixed = [message(1), replace(message(2), is_test=True), message(3)]
    assert [[one.delivery_id for one in batch] for batch in META.batches(mixed)] == [[1, 3], [2]]


@pytest.mark.parametrize(
    ("goal", "event", "name"),
    [
        ("Order", "purchase", "Purchase"),
        ("Order", "add_to_cart", "AddToCart"),
        ("Order", "generate_lead", "Lead"),
        ("Order", "StartTrial", "StartTrial"),
        ("Order", "demo", "demo"),
        ("Start trial", "", "StartTrial"),
        ("Brochure", "", "Brochure"),
    ],
)
def test_an_event_has_metas_name_where_it_is_a_standard_event(goal: str, event: str, name: str) -> None:
    assert META.default_name(goal_name=goal, event_name=event) == name_of(goal_name=goal, event_name=event) == name


def test_which_keys_went_along_is_told_and_the_address_never_did() -> None:
    told = message(match=replace(KEYS, email_sha256=EMAIL), country="")
    quality = META.match_quality(told)
    assert list(quality.present) == ["email", "fbp", "user_agent"]
    assert list(quality.missing) == ["phone", "fbc", "country", "ip_address"]
    assert "client_ip_address" not in json.dumps(event_of(told))


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (message(match=MatchKeys(user_agent=AGENT)), "country and browser alone are too little"),
        (message(match=MatchKeys(), country=""), "none of them"),
        (message(match=MatchKeys(fbp=FBP)), "user agent"),
        (message(match=MatchKeys(fbp=FBP), page_url=""), ""),
        (message(match=MatchKeys(email_sha256=EMAIL, user_agent=AGENT)), ""),
        (message(match=MatchKeys(user_agent=AGENT), click_ids={"fbclid": "AbC"}), ""),
    ],
)
def test_whom_meta_could_not_recognise_is_left_out(told: Message, words: str) -> None:
    found = META.unmatchable(told)
    assert words in found and bool(words) == bool(found)


def test_meta_drops_a_second_one_for_two_days_only() -> None:
    assert META.repeats_safely(message(occurred_at=NOW - timedelta(hours=47)))
    assert not META.repeats_safely(message(occurred_at=NOW - timedelta(hours=48)))
    assert META.repeats_safely(message(value=Decimal(1)))
