"""Whatever is erased meanwhile, each attempt says the id of the first one: by another Google would count it again."""

from typing import Any
from uuid import UUID

import pytest

from apps.destinations.delivering import destination_send
from apps.destinations.models import Delivery, Destination
from apps.destinations.services import deliveries_resend
from apps.sites.models import Goal
from apps.tracking.match_keys import match_seal
from apps.tracking.models import Conversion, ConversionMatch, Event
from tests.cast import Cast
from tests.destinations.conftest import NOW, convert, destination_at, later, match_put, only, route, rule_make
from tests.destinations.google_ads.conftest import There
from tests.destinations.google_ads.messages import GOOGLE, message


@pytest.fixture
def ads(in_alder: Cast, goal: Goal, there: There, monkeypatch: pytest.MonkeyPatch) -> Destination:
    later(monkeypatch, hours=-1)
    made = destination_at(there.target, "google_ads", in_alder.site)
    rule_make(made, goal)
    later(monkeypatch)
    return made


def converted(goal: Goal, cast: Cast, **keys: str) -> Conversion:
    one = convert(goal, cast.site, click_ids={"gclid": "Cj0K1"})
    if keys:
        match_put(one, keys)
    route(one)
    return one


def send_again(ads: Destination) -> None:
    Delivery.objects.update(state="uncertain", next_attempt_at=None)
    assert deliveries_resend(site_id=ads.site_id, delivery_ids=[only().id]) == 1
    destination_send(ads.id)


def taken(there: There) -> dict[str, Any]:
    return {key.partition(":")[2]: count for key, count in there.stand_in.taken.items()}


def test_once_the_match_keys_are_erased_it_goes_with_the_id_of_the_first_attempt(
    in_alder: Cast, goal: Goal, ads: Destination, there: There
) -> None:
    converted(goal, in_alder, event_id="lead-42")
    destination_send(ads.id)
    assert only().counted_by == "lead-42"
    ConversionMatch.objects.all().delete()
    send_again(ads)
    assert (only().attempts, only().state) == (2, "received")
    assert taken(there) == {"lead-42": 2}


@pytest.mark.parametrize("order", ["", "A-1042"])
def test_what_becomes_known_later_doesnt_change_it(
    order: str, in_alder: Cast, goal: Goal, ads: Destination, there: There
) -> None:
    one = converted(goal, in_alder)
    Event.objects.filter(event_id=one.event_id).update(transaction_id=order or None)
    destination_send(ads.id)
    ConversionMatch.objects.create(
        event_id=one.event_id,
        site_id=one.site_id,
        session_id=one.session_id,
        sealed=match_seal(one.event_id, {"event_id": "lead-42"}),
        stored_at=NOW,
    )
    send_again(ads)
    assert taken(there) == {order or str(one.event_id): 2}


def test_the_id_stands_on_the_deliverys_page_where_it_is_the_sites_own(
    in_alder: Cast, goal: Goal, ads: Destination
) -> None:
    converted(goal, in_alder, event_id="lead-42")
    destination_send(ads.id)
    page = in_alder.browser(in_alder.viewer).get(f"/s/first-site/destinations/deliveries/{only().id}")
    assert "<dt>Counted by</dt><dd><code>lead-42</code>" in page.content.decode()


@pytest.mark.parametrize("personal", ["ann@kestrel.example", "f" * 64])
def test_an_id_that_could_be_somebodys_data_isnt_kept(
    personal: str, in_alder: Cast, goal: Goal, ads: Destination
) -> None:
    converted(goal, in_alder, event_id=personal)
    destination_send(ads.id)
    assert only().counted_by == ""


def test_a_message_says_what_went_before() -> None:
    assert GOOGLE.counted_by(message(1)) == str(UUID(int=1))
    assert GOOGLE.counted_by(message(1, transaction_id="A-1")) == "A-1"
