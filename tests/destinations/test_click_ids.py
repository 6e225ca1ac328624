"""Click ids leave in the field of the provider who sold the click, and in no page's address."""

import json
from typing import Any

import pytest

from apps.destinations.click_ids import query_without_click_ids, url_without_click_ids
from apps.destinations.delivering import destination_send
from apps.destinations.loading import Wanted, occurrences_load
from apps.destinations.mapping import Mapping
from apps.destinations.models import DeliveryAttempt, Destination
from apps.destinations.providers.ga4.events import event_of as ga4_event
from apps.destinations.providers.google_ads.events import event_of as ads_event
from apps.sites.models import Goal
from apps.tracking.models import Event
from apps.tracking.steps.acquisition import CLICK_IDS
from tests.cast import Cast

from .conftest import convert, only, route, rule_make
from .occurring import message

QUERY = "utm_source=google&gclid=Cj0-click&FBCLID=IwAR-click&ref=a%2Bb+c&li_fat_id=li-click"


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ("", ""),
        ("ref=mail", "ref=mail"),
        ("ref=a%2Bb+c&source=", "ref=a%2Bb+c&source="),
        (QUERY, "utm_source=google&ref=a%2Bb+c"),
        ("%67clid=1&+gclid=2&gclid", ""),
        ("gclid_of=me&ref=gclid", "gclid_of=me&ref=gclid"),
        ("&".join(f"{name}=1" for name in CLICK_IDS), ""),
    ],
)
def test_they_are_taken_out_however_they_are_written_and_the_rest_stands(query: str, kept: str) -> None:
    assert query_without_click_ids(query) == kept
    assert url_without_click_ids(f"https://a.example/p?{query}") == f"https://a.example/p{'?' if kept else ''}{kept}"


def test_no_page_address_has_one_and_its_own_field_still_does(
    in_alder: Cast, goal: Goal, webhook: Destination, receiver: Any
) -> None:
    webhook.rules.all().delete()
    rule_make(webhook, goal, mapping=Mapping(params={"where": "at {page_url}"}))
    one = convert(goal, in_alder.site, minutes=-1, click_ids={"gclid": "Cj0-click"})
    Event.objects.filter(event_id=one.event_id).update(host="shop.example", query=QUERY)
    route(one)
    destination_send(webhook.id)
    (payload,) = receiver.seen
    address = payload["data"]["page"]["url"]
    assert address.endswith("/demo?utm_source=google&ref=a%2Bb+c")
    assert payload["data"]["fields"] == {"where": f"at {address}"}
    told = (json.dumps(payload), json.dumps(only().mapped), DeliveryAttempt.objects.get().request)
    assert not any("click" in text for text in told)

    wanted = Wanted(one.event_id, one.occurred_at, goal.id)
    (found,) = occurrences_load(site_id=one.site_id, wanted=[wanted]).values()
    happened = message(page_url=found.occurrence.page_url, click_ids=found.occurrence.click_ids)
    assert ads_event(happened)["adIdentifiers"] == {"gclid": "Cj0-click"}
    assert ga4_event(happened)["params"]["page_location"] == address
    # A rule's condition on the page has it all.
    assert found.page.query == QUERY
