"""The portfolio says of each site how its conversions are doing, and which destination takes nothing."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

from apps.analytics.portfolio import SiteRow, portfolio
from apps.destinations.models import Delivery, Destination
from apps.destinations.services import destination_create
from apps.sites.models import Site
from tests.cast import Cast

from .conftest import NOW

State = Delivery.State


def row_of(site: Site) -> SiteRow:
    return portfolio([Site.objects.select_related("client").get(id=site.id)], now=NOW).rows[0]


def destination_make(site: Site) -> Destination:
    return destination_create(
        site_id=site.id, provider="webhook", name="CRM", settings={}, secrets={}, is_test_mode=False, user_name="Ann"
    )


def delivery_make(destination: Destination, state: State, **fields: Any) -> Delivery:
    given: dict[str, Any] = {
        "site_id": destination.site_id,
        "event_id": uuid4(),
        "session_id": uuid4(),
        "occurred_at": NOW,
        "source_name": "Demo",
        "name": "demo",
        "created_at": NOW - timedelta(hours=1),
    }
    return Delivery.objects.create(destination=destination, state=state, **(given | fields))


def test_what_a_person_has_to_decide_on_comes_first_and_is_said_above(in_alder: Cast) -> None:
    site = in_alder.site
    assert row_of(site).deliveries.text == "Not set up"
    destination = destination_make(site)
    assert row_of(site).deliveries.text == "Nothing to send"
    delivery_make(destination, State.WITHHELD)
    delivery_make(destination, State.WAITING, created_at=NOW - timedelta(days=2))
    assert row_of(site).deliveries.text == "1 withheld"
    delivery_make(destination, State.RECEIVED)
    assert row_of(site).deliveries.text == "All arrived"
    delivery_make(destination, State.SENDING)
    assert row_of(site).deliveries.text == "1 waiting"
    delivery_make(destination, State.UNCERTAIN, created_at=NOW - timedelta(days=6))
    delivery_make(destination, State.UNCERTAIN, created_at=NOW - timedelta(days=8))
    delivery_make(destination, State.DEAD, is_test=True)
    row = row_of(site)
    assert (row.deliveries.text, row.needs) == ("1 uncertain", 1)
    page = in_alder.browser(in_alder.viewer).get("/").content.decode()
    assert "Conversions that need a decision:" in page and "1 uncertain within a week." in page


def test_a_destination_that_takes_nothing_needs_somebody(in_alder: Cast) -> None:
    Destination.objects.filter(id=destination_make(in_alder.other_site).id).update(
        problem="401", problem_words="The secret isn’t right.", problem_at=NOW
    )
    assert row_of(in_alder.other_site).deliveries.text == "Refused"
    page = in_alder.browser(in_alder.viewer).get("/").content.decode()
    assert "CRM takes nothing." in page and "The secret isn’t right." in page
    assert "CRM" not in in_alder.browser(in_alder.limited).get("/").content.decode()
