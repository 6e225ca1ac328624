"""Deduplication health: the figures, what is advised from which threshold on, and the page."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from apps.core.ids import uuid7
from apps.destinations.models import Delivery, Destination
from apps.destinations.providers.base import Provider
from apps.destinations.providers.registry import PROVIDERS
from apps.destinations.twin_counts import doubled_of, tallies_of
from apps.destinations.twin_keys import keys_of
from apps.destinations.twins import LEAST, Advice, Tally, advice_of, twins_of
from apps.tracking.models import Event
from tests.cast import Cast
from tests.companies.reading import words
from tests.factories_tracking import Happened, visit_make

from .conftest import NOW, webhook_make

GOOGLE = PROVIDERS["google_ads"]
GOOD = frozenset({"gclid", "email_google_sha256", "event_id"})
PAGE = "/s/first-site/destinations/health"


class Pixel(Provider):
    """One that pairs orders alone, as GA4 does."""

    label = "Pixel"
    twin_ids = frozenset({"transaction_id"})
    twin_names = frozenset({"purchase"})
    twin_example = 'pixel("{name}")'


def advised(*tallies: Tally, provider: Provider = GOOGLE, doubled: int = 0) -> dict[str, Advice]:
    known = keys_of(GOOGLE)
    twins = twins_of(tallies, provider=provider, recognised_by=known, doubled=doubled)
    return {one.key: one for one in advice_of(twins, provider=provider, recognised_by=known, event_name="demo")}


def tally(count: int, keys: frozenset[str] = GOOD, **fields: Any) -> Tally:
    given: dict[str, Any] = {"name": "Lead", "sent": count, "has_twin_id": "event_id" in keys} | fields
    return Tally(**given, keys=keys, count=count)


def test_each_provider_says_which_keys_it_recognises_people_by() -> None:
    assert keys_of(GOOGLE) == {
        "email": {"email_google_sha256"},
        "phone": {"phone_google_sha256"},
        "gclid": {"gclid"},
        "gbraid": {"gbraid"},
        "wbraid": {"wbraid"},
    }
    assert keys_of(PROVIDERS["webhook"]) == {}
    assert keys_of(PROVIDERS["meta"])["fbc"] == {"fbc", "fbclid"}
    assert set(keys_of(PROVIDERS["ga4"])) == {"client_id", "session_id"}


def test_where_the_settings_say_that_no_pixel_sends_them_no_id_is_asked_for() -> None:
    meta = PROVIDERS["meta"]
    assert meta.has_twin({}) and not meta.has_twin({"pixel": "alone"})
    known = keys_of(meta)
    twins = twins_of([tally(100, frozenset({"fbp"}))], provider=meta, recognised_by=known)
    assert "twin" in {one.key for one in advice_of(twins, provider=meta, recognised_by=known)}
    assert "twin" not in {one.key for one in advice_of(twins, provider=meta, recognised_by=known, has_twin=False)}


def test_nothing_is_advised_where_all_is_well_or_too_little_is_known() -> None:
    assert advised(tally(100)) == {}
    assert advised(tally(LEAST - 1, frozenset())) == {}


def test_an_id_that_the_browser_can_say_too_is_asked_for_below_nine_in_ten() -> None:
    without = GOOD - {"event_id"}
    assert advised(tally(90), tally(10, without)) == {}
    assert advised(tally(38), tally(62, without | {"transaction_id"})) == {}  # Google takes an order's id as well
    advice = advised(tally(38), tally(62, without))["twin"]
    assert advice.title == "62 of 100 conversions have no event id"
    assert 'beacon("event", "demo", { event_id: id })' in advice.code


def test_where_only_some_events_are_counted_once_the_others_are_named() -> None:
    found = advised(
        tally(20, name="purchase"), tally(20, name="lead"), tally(20, name="signup"), provider=Pixel(), doubled=0
    )
    assert found["twin"].title == "20 of 20 conversions have no transaction id"
    assert found["twin"].code == 'pixel("demo")'
    assert "lead, signup" in found["others"].text


@pytest.mark.parametrize(("late", "is_told"), [(5, False), (6, True)])
def test_late_ones_are_told_of_beyond_one_in_twenty(late: int, is_told: bool) -> None:
    found = advised(tally(100 - late), tally(late, late=late))
    assert ("late" in found) is is_told
    if is_told:
        assert found["late"].title == "6 of 100 were sent later than 24 hours"


def test_orders_told_twice_contact_data_and_whom_nothing_recognises() -> None:
    found = advised(tally(70, GOOD - {"email_google_sha256"}), tally(30, frozenset({"event_id"})), doubled=2)
    assert found["doubled"].title == "2 deliveries tell of an order that was told before"
    assert "counts one of each" in found["doubled"].text
    assert found["key_email_google_sha256"].title == "100 of 100 went without a hashed e-mail address or phone number"
    assert found["nobody"].title == "30 of 100 have nothing that recognises a person by itself"
    left_out = advised(tally(70), tally(30, frozenset({"event_id"}), unmatchable=30, sent=0))
    assert "nobody" not in left_out  # those weren't sent at all, which is ordinary
    assert list(found)[-1].startswith("key_")  # what is to be mended stands before what is good to know


# --- out of the database ----------------------------------------------------------------------------------------------


@pytest.fixture
def google(in_alder: Cast) -> Destination:
    return webhook_make(in_alder.site, "", provider="google_ads", name="Ads account", settings={}, secrets={})


def delivered(destination: Destination, **fields: Any) -> Delivery:
    given: dict[str, Any] = {
        "site_id": destination.site_id,
        "event_id": uuid4(),
        "session_id": uuid7(),
        "occurred_at": NOW - timedelta(hours=2),
        "sent_at": NOW - timedelta(hours=2),
        "created_at": NOW - timedelta(hours=2),
        "source_name": "demo",
        "name": "Lead",
        "consent": {"state": "granted"},
        "match_keys": ["gclid"],
        "state": Delivery.State.CONFIRMED,
    }
    return Delivery.objects.create(destination=destination, **(given | fields))


def test_what_is_counted(in_alder: Cast, google: Destination) -> None:
    delivered(google)
    delivered(google, occurred_at=NOW - timedelta(days=2))
    delivered(google, occurred_at=NOW - timedelta(days=2), is_replay=True)
    delivered(google, reason="duplicate")
    delivered(google, match_keys=["fbp"], state=Delivery.State.WITHHELD, reason="unmatchable", sent_at=None)
    # None of these counts.
    delivered(google, consent={"state": "denied"})
    delivered(google, consent={"state": "exempt"})
    delivered(google, is_test=True)
    delivered(google, reason="set_aside")
    delivered(google, created_at=NOW - timedelta(days=8))
    asked: dict[str, Any] = {"site_id": in_alder.site.id, "since": NOW - timedelta(days=7)}
    tallies = tallies_of(**asked, late_after={google.id: timedelta(hours=24)})
    assert {
        frozenset(one.keys): (one.count, one.sent, one.late, one.repeated, one.unmatchable)
        for one in tallies[google.id]
    } == {
        frozenset({"gclid"}): (4, 3, 1, 1, 0),
        frozenset({"fbp"}): (1, 0, 0, 0, 1),
    }
    assert tallies_of(**asked, late_after={}) == {}


def test_an_order_that_was_told_twice_is_found_by_its_number(in_alder: Cast, google: Destination) -> None:
    for minutes, order in ((1, "A-1"), (2, "A-1"), (3, "A-2"), (4, "")):
        session = visit_make(in_alder.site, NOW - timedelta(minutes=minutes), events=[Happened("purchase")])
        event = Event.objects.get(session_id=session.id, kind="event")
        Event.objects.filter(event_id=event.event_id).update(transaction_id=order)
        delivered(google, event_id=event.event_id, occurred_at=event.occurred_at, match_keys=["transaction_id"])
    since = NOW - timedelta(days=7)
    assert doubled_of(site_id=in_alder.site.id, since=since, destination_ids=[google.id]) == {google.id: 1}
    assert doubled_of(site_id=in_alder.other_site.id, since=since, destination_ids=[google.id]) == {}


# --- the page ---------------------------------------------------------------------------------------------------------


def page(cast: Cast, query: str = "", who: str = "viewer") -> str:
    answer = cast.browser(getattr(cast, who)).get(f"{PAGE}{query}")
    assert answer.status_code == 200
    return words(answer.content.decode())


def test_it_says_in_words_what_to_mend(in_alder: Cast, google: Destination) -> None:
    for _ in range(12):
        delivered(google)
    delivered(google, created_at=NOW - timedelta(days=20), occurred_at=NOW - timedelta(days=20))
    text = page(in_alder)
    assert "12 of 12 conversions have no event id" in text
    assert "0 of 12 have an id for it" in text
    assert "gclid 12 100%" in text
    assert "13 of 13 conversions have no event id" in page(in_alder, "?days=28")


def test_empty_it_says_what_to_do_next(in_alder: Cast, webhook: Destination) -> None:
    assert "A manager of your agency can add one." in page(in_alder)
    assert "Add a destination" in page(in_alder, who="manager")


def test_few_conversions_say_nothing(in_alder: Cast, google: Destination) -> None:
    assert "No conversion with marketing consent went here" in page(in_alder)
    delivered(google)
    assert "1 conversion is too few to say" in page(in_alder)


def test_who_may_see_it(in_alder: Cast) -> None:
    def status(who: str, path: str = PAGE, **agency: Any) -> int:
        return in_alder.browser(getattr(in_alder, who), **agency).get(path).status_code

    assert status("viewer") == 200
    assert status("limited", PAGE.replace("first", "second")) == 404
    assert status("outsider", agency=in_alder.birch) == 404
