"""Of which identifiers it is said that they went along: of those that did, to each provider its own."""

import json
from dataclasses import replace
from typing import Any

import pytest

from apps.demo.google_ads_stand_in.server import GoogleAdsStandIn
from apps.demo.standing_in.frame import serving
from apps.destinations.delivering import destination_send
from apps.destinations.models import Delivery, Destination
from apps.destinations.occurrences import MatchKeys, Message
from apps.destinations.providers.registry import PROVIDERS
from apps.destinations.twin_keys import MATCH, keys_shown, keys_told
from apps.sites.models import Goal
from apps.tracking.models import ConversionMatch, Event
from tests.cast import Cast

from .conftest import convert, destination_at, later, match_put, only, route, rule_make, webhook_make
from .google_ads.messages import target_of
from .looking import delivery_put, words
from .occurring import message
from .test_deliveries import text

LOG = "/s/first-site/destinations/deliveries"
RECEIPTS = "/s/first-site/destinations/receipts?format=json"
ALL = message(
    match=MatchKeys(**MATCH, event_id="lead-42"),
    click_ids={"gclid": "Cj0K", "gbraid": "0AAA", "fbclid": "IwAR", "msclkid": "m-1"},
    transaction_id="A-1042",
)
HASHED = {"email_sha256": "e" * 64, "email_google_sha256": "a" * 64}


def told(provider: str, one: Message) -> list[str]:
    return keys_told(PROVIDERS[provider], one)


@pytest.mark.parametrize(
    ("provider", "names"),
    [
        ("ga4", "ga_client_id ga_session_id transaction_id"),
        ("meta", "fbp fbc user_agent email_sha256 phone_sha256 event_id fbclid transaction_id"),
        # One click id is sent, and one id of the event.
        ("google_ads", "email_google_sha256 phone_google_sha256 gclid transaction_id"),
        ("webhook", "transaction_id"),
        ("slack", ""),
    ],
)
def test_each_provider_is_told_its_own(provider: str, names: str) -> None:
    assert told(provider, ALL) == names.split()
    assert told(provider, message(match=MatchKeys(), click_ids={})) == []


def test_what_is_left_out_of_this_one_isnt_named() -> None:
    happened = replace(ALL.occurrence, transaction_id="", match=MatchKeys(fbp="fb.7.1.2", event_id="lead-42"))
    one = replace(ALL, occurrence=happened)
    assert told("google_ads", one) == ["event_id", "gclid"]
    assert told("meta", one) == ["event_id", "fbclid"]
    # The rule's own id goes before the site's.
    assert told("meta", replace(one, params={"event_id": "m-7"})) == ["fbclid"]
    assert told("slack", replace(ALL, params={"order": "A-1042"})) == ["transaction_id"]


def test_older_rows_name_all_that_was_known_and_are_shown_without_what_never_went() -> None:
    known = ALL.occurrence.keys_present
    assert keys_shown(PROVIDERS["webhook"], known) == ["transaction_id"]
    assert keys_shown(PROVIDERS["slack"], known) == []
    assert keys_shown(PROVIDERS["ga4"], known) == ["ga_client_id", "ga_session_id", "transaction_id"]
    assert keys_shown(None, known) == known


def test_a_webhooks_row_page_and_receipt_claim_nothing_that_it_wasnt_sent(
    in_alder: Cast, goal: Goal, webhook: Destination
) -> None:
    one = convert(goal, in_alder.site, click_ids={"gclid": "Cj0K1"})
    Event.objects.filter(event_id=one.event_id).update(transaction_id="A-1042")
    match_put(one, HASHED | {"fbp": MATCH["fbp"]})
    route(one)
    assert only().match_keys == ["transaction_id"]
    destination_send(webhook.id)
    assert (only().state, only().match_keys) == ("received", ["transaction_id"])
    # As a row of before has it.
    Delivery.objects.update(match_keys=["fbp", "email_sha256", "gclid", "transaction_id"])
    page = text(words(in_alder.browser(in_alder.viewer).get(f"{LOG}/{only().id}")))
    assert "Went along: the order’s number" in page and "_fbp" not in page and "Identifiers are" not in page
    [line] = json.loads(in_alder.browser(in_alder.analyst).download(RECEIPTS))
    assert line["match_keys"] == "transaction_id"


def test_google_ads_names_what_went_until_when_it_is_kept_and_that_it_is_gone(
    in_alder: Cast, goal: Goal, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_alder.site.time_zone = "Europe/Berlin"
    in_alder.site.save()
    stand_in = GoogleAdsStandIn()
    browser = in_alder.browser(in_alder.viewer)
    with serving(stand_in) as url:
        later(monkeypatch, hours=-1)
        ads = destination_at(target_of(url, stand_in), "google_ads", in_alder.site)
        rule_make(ads, goal)
        later(monkeypatch)
        one = convert(goal, in_alder.site, click_ids={"gclid": "Cj0K1", "msclkid": "m-1"})
        match_put(one, HASHED | {"fbp": MATCH["fbp"]})
        route(one)
        page = text(words(browser.get(f"{LOG}/{only().id}")))
        assert "Goes along: e-mail address, hashed in Google’s form, click id (gclid)" in page
        assert "Identifiers are kept sealed until the last delivery" in page and "_fbp" not in page
        destination_send(ads.id)
    assert only().match_keys == ["email_google_sha256", "gclid"]
    Delivery.objects.update(state="confirmed", next_attempt_at=None)
    ConversionMatch.objects.all().delete()
    page = text(words(browser.get(f"{LOG}/{only().id}")))
    assert "Went along: e-mail address, hashed in Google’s form, click id (gclid)" in page
    assert "Identifiers are erased here, Wed 13 May 2026, 12:00:00 CEST" in page


def test_what_was_erased_before_the_first_try_didnt_go(
    in_alder: Cast, goal: Goal, webhook: Destination, receiver: Any
) -> None:
    one = convert(goal, in_alder.site)
    match_put(one, {"fbp": MATCH["fbp"]})
    route(one)
    Delivery.objects.update(match_keys=["fbp"])
    ConversionMatch.objects.all().delete()
    destination_send(webhook.id)
    assert (only().state, only().match_keys) == ("received", [])


def test_nothing_is_said_to_go_along_of_which_nothing_does(in_alder: Cast) -> None:
    crm = webhook_make(in_alder.site, "")
    browser = in_alder.browser(in_alder.viewer)
    for state, said in (("waiting", "No identifiers go along"), ("withheld", "No identifiers went along")):
        one = delivery_put(crm, state, match_keys=["fbp"])
        assert said in text(words(browser.get(f"{LOG}/{one.id}")))
