"""Test mode at providers that keep nothing of it: checked, counted nowhere, said so, and sent by a replay later on."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from apps.core import clock
from apps.demo.ga4_stand_in.server import GA4StandIn
from apps.demo.google_ads_stand_in.server import GoogleAdsStandIn
from apps.demo.standing_in.frame import Faults, serving
from apps.destinations.delivering import destination_send
from apps.destinations.match import match_keys_of
from apps.destinations.models import Delivery, DeliveryAttempt, Destination
from apps.destinations.overall import deliveries_overall
from apps.destinations.providers.base import Target
from apps.destinations.replays import Replayed, period_replay
from apps.destinations.timelines import visits_sent
from apps.sites.models import Goal
from apps.tracking.models import Conversion, ConversionMatch
from tests.cast import Cast

from .conftest import NOW, Committing, convert, destination_at, later, match_put, only, route, rule_make, withdraw
from .ga4_messages import CLIENT, SESSION
from .google_ads.messages import target_of
from .test_deliveries import text
from .test_setup import BASE

SPAN: dict[str, Any] = {"since": NOW - timedelta(days=1), "until": NOW}


@dataclass(slots=True)
class There:
    destination: Destination
    stand_in: GA4StandIn | GoogleAdsStandIn

    def switch_test_mode(self, is_on: bool) -> None:
        Destination.objects.filter(id=self.destination.id).update(is_test_mode=is_on)
        self.destination.refresh_from_db()

    def replay(self, **fields: Any) -> Replayed:
        return period_replay(destination=self.destination, **SPAN, **fields)


@pytest.fixture(params=["ga4", "google_ads"])
def there(
    request: pytest.FixtureRequest, in_alder: Cast, goal: Goal, faults: Faults, monkeypatch: pytest.MonkeyPatch
) -> Iterator[There]:
    ga4 = GA4StandIn(now=lambda: clock.now().timestamp())
    stand_in = ga4 if request.param == "ga4" else GoogleAdsStandIn()
    later(monkeypatch, hours=-1)
    with serving(stand_in, faults) as url:
        if isinstance(stand_in, GA4StandIn):
            stream = stand_in.stream
            target = Target(7, {"measurement_id": stream.measurement_id}, {"api_secret": stream.api_secret}, url)
        else:
            target = target_of(url, stand_in)
        made = There(destination_at(target, request.param, in_alder.site), stand_in)
        rule_make(made.destination, goal)
        made.switch_test_mode(True)
        later(monkeypatch)
        yield made


@pytest.fixture
def checked(in_alder: Cast, goal: Goal, there: There) -> Conversion:
    one = convert(goal, in_alder.site, click_ids={"gclid": "Cj0K1"})
    match_put(one, {"ga_client_id": CLIENT, "ga_session_id": SESSION, "email_google_sha256": "a" * 64})
    route(one)
    destination_send(there.destination.id)
    return one


def test_it_is_withheld_as_checked_and_neither_counts_nor_has_arrived(
    in_alder: Cast, there: There, checked: Conversion
) -> None:
    delivery = only()
    assert (delivery.state, delivery.reason, delivery.received_at) == ("withheld", "test_mode", None)
    assert delivery.words.startswith("Checked by Google’s validation") and "nothing was counted" in delivery.words
    assert not there.stand_in.taken and DeliveryAttempt.objects.get().outcome == "checked"
    found = deliveries_overall([checked.site_id], now=NOW)[checked.site_id]
    assert (found.arrived, found.states["withheld"]) == (0, 1)
    # It is yet to be sent.
    assert match_keys_of([checked.event_id])


def test_pages_timelines_and_receipts_say_that_it_was_only_checked(
    in_alder: Cast, there: There, checked: Conversion
) -> None:
    name = there.destination.name
    Destination.objects.update(stand_in_url="")
    (sent,) = visits_sent(site_ids=[checked.site_id], session_ids=[checked.session_id])
    assert (sent.text, sent.at, sent.rest) == (
        f"{name} only checked demo",
        NOW,
        ", attempt 1: in test mode nothing counts",
    )
    browser = in_alder.browser(in_alder.manager)
    page = text(browser.get(BASE).content.decode())
    assert f"It doesn’t get everything that it should. {name} is in test mode, where nothing counts." in page
    assert "Test mode: nothing counts" in page and "then replay what was checked" in page
    page = text(browser.get(f"{BASE}/deliveries/{only().id}").content.decode())
    assert "checked only: nothing was counted" in page and "Went along to be checked" in page
    page = text(browser.get(f"{BASE}/health").content.decode())
    assert "only checks what it gets" in page and "No conversion with marketing consent went here" in page
    assert "or all is only checked again" in text(browser.get(f"{BASE}/{there.destination.id}/replay").content.decode())
    [line] = json.loads(in_alder.browser(in_alder.analyst).download(f"{BASE}/receipts?format=json"))
    assert (line["state"], line["reason"], line["received_at"]) == ("withheld", "test_mode", None)


def test_a_replay_takes_it_once_test_mode_is_off_and_it_counts_once(
    in_alder: Cast, there: There, checked: Conversion, monkeypatch: pytest.MonkeyPatch
) -> None:
    there.switch_test_mode(False)
    later(monkeypatch, minutes=5)
    assert there.replay(is_preview=True) == Replayed(due=1)
    assert only().state == "withheld"
    assert there.replay() == Replayed(due=1)
    delivery = only()
    assert (delivery.state, delivery.reason, delivery.is_replay, delivery.sent_at) == ("waiting", "", True, None)
    destination_send(there.destination.id)
    assert (only().state, only().attempts, only().sent_at) == ("received", 2, clock.now())
    assert list(there.stand_in.taken.values()) == [1]
    assert there.replay() == Replayed(had=1)


def test_what_is_told_for_good_is_forgotten_as_ever(
    in_alder: Cast,
    there: There,
    checked: Conversion,
    committing: Committing,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    there.switch_test_mode(False)
    there.replay()
    with committing():
        destination_send(there.destination.id)
    assert only().state == "received"
    # Google Ads has yet to decide.
    assert ConversionMatch.objects.exists() is (there.destination.provider == "google_ads")


def test_a_replay_withholds_what_was_checked_before_a_withdrawal(
    in_alder: Cast, there: There, checked: Conversion
) -> None:
    there.switch_test_mode(False)
    withdraw(checked.session_id)
    assert there.replay() == Replayed(withheld=1)
    assert (only().reason, only().consent["state"]) == ("consent_denied", "denied")
    assert there.replay() == Replayed(had=1)


def test_a_replay_in_test_mode_only_checks_it_again(in_alder: Cast, there: There, checked: Conversion) -> None:
    assert there.replay() == Replayed(due=1)
    destination_send(there.destination.id)
    assert (only().state, only().reason, only().attempts) == ("withheld", "test_mode", 2)
    assert not there.stand_in.taken


def test_a_validation_that_isnt_answered_leaves_nothing_in_doubt(
    in_alder: Cast, goal: Goal, there: There, checked: Conversion, faults: Faults, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After another, so that Google Ads’ token is known: it would be its request that isn't answered."""
    one = convert(goal, in_alder.site, minutes=0, click_ids={"gclid": "Cj0K2"})
    match_put(one, {"ga_client_id": CLIENT})
    route(one)
    mine = Delivery.objects.filter(event_id=one.event_id)
    faults.drop_ratio = 1.0
    destination_send(there.destination.id)
    assert (mine.get().state, mine.get().reason, mine.get().attempts) == ("waiting", "unchecked", 1)
    faults.drop_ratio = 0.0
    later(monkeypatch, minutes=30)
    destination_send(there.destination.id)
    assert (mine.get().state, mine.get().reason) == ("withheld", "test_mode")


def test_a_test_by_hand_shows_its_success(in_alder: Cast, there: There) -> None:
    page = text(in_alder.browser(in_alder.manager).post(f"{BASE}/{there.destination.id}/test").content.decode())
    assert "It works" in page and "nothing was counted" in page
    assert (only().state, only().reason, only().is_test) == ("received", "validated", True)
    assert not there.stand_in.taken
