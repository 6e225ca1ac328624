"""The demo's destinations: made once at stand-ins that take what they are sent, and left alone once they are there."""

from datetime import timedelta

import pytest

from apps.core import clock
from apps.demo.forwarding import (
    AFTER,
    WIRED,
    Wired,
    destinations_ensure,
    destinations_point,
    past_send,
    stand_ins,
    urls_by_hand,
)
from apps.demo.goals import DEMO_REQUESTED, goals_ensure
from apps.demo.world import BRINDLEWICK, KESTREL
from apps.destinations.delivering import destination_send
from apps.destinations.models import Delivery, Destination
from apps.destinations.providers.registry import PROVIDERS
from apps.destinations.services import destination_archive
from apps.sites.models import Goal, Site
from apps.tracking.models import Conversion, Event
from tests.cast import Cast
from tests.factories_tracking import Happened, visit_make


@pytest.mark.parametrize("wired", WIRED, ids=lambda wired: "-".join(wired.key))
def test_the_providers_own_forms_take_what_is_entered(wired: Wired) -> None:
    form = PROVIDERS[wired.provider].form_class({**wired.settings, **wired.secrets})
    assert form.is_valid(), form.errors


def test_they_are_made_once_and_their_stand_ins_take_what_they_are_sent(in_alder: Cast) -> None:
    sites = {KESTREL.host: in_alder.site, BRINDLEWICK.host: in_alder.other_site}
    for site in sites.values():
        goals_ensure(site)
        _asked(site)
    destinations_ensure(sites, urls_by_hand())
    with stand_ins() as urls:
        destinations_point(sites, urls)
        assert not Delivery.objects.exists()
        past_send(sites)
        for destination in Destination.objects.all():
            destination_send(destination.id)
    states = dict(Delivery.objects.values_list("destination__name", "state"))
    assert states["Google Ads"] == "received"
    # Refused for its secret, and kept for when that is mended.
    assert states["Newsletter service"] == "waiting"
    assert Destination.objects.get(name="Newsletter service").problem
    # One in twelve requests is told that the server is busy.
    assert states["CRM"] in ("received", "waiting")
    destination_archive(destination=Destination.objects.get(name="CRM"))
    destinations_ensure(sites, urls_by_hand())
    destinations_point(sites, urls_by_hand())
    count = Delivery.objects.count()
    past_send(sites)
    assert Delivery.objects.count() == count
    living = Destination.objects.filter(archived_at=None)
    assert (Destination.objects.count(), living.count()) == (len(WIRED), len(WIRED) - 1)
    assert set(living.values_list("stand_in_url", flat=True)) == set(urls_by_hand().values())


def test_nothing_is_tried_before_their_stand_ins_run(in_alder: Cast) -> None:
    sites = {KESTREL.host: in_alder.site, BRINDLEWICK.host: in_alder.other_site}
    for site in sites.values():
        goals_ensure(site)
        _asked(site)
    destinations_ensure(sites, urls_by_hand())
    past_send(sites, after=AFTER)
    for destination in Destination.objects.all():
        destination_send(destination.id)
    due = Delivery.objects.filter(state="waiting")
    # GA4 and Meta could recognise nobody by this visit, so it isn't tried there at all.
    assert due.filter(attempts=0).count() == due.count() == len(WIRED) - 2
    with stand_ins() as urls:
        destinations_point(sites, urls)
        for destination in Destination.objects.all():
            destination_send(destination.id)
    assert not due.filter(attempts=0).exclude(reason="quiet").exists()


def _asked(site: Site) -> None:
    """Have somebody who came by an ad ask for a demonstration, yesterday."""
    visit = visit_make(
        site,
        clock.now() - timedelta(days=1),
        events=[Happened("demo_request")],
        consent_marketing="granted",
        consent_source="api",
        click_ids={"gclid": "Cj0K"},
    )
    event = Event.objects.get(session_id=visit.id, kind="event")
    Conversion.objects.create(
        site_id=site.id,
        goal_id=Goal.objects.get(site=site, name=DEMO_REQUESTED).id,
        event_id=event.event_id,
        session_id=visit.id,
        occurred_at=event.occurred_at,
        value=120,
        currency="EUR",
    )
