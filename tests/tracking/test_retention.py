"""Retention and what is given up: deleted by site, counted in the ledger, nothing else touched."""

from datetime import UTC, datetime, timedelta

import pytest

from apps.core import clock
from apps.tracking import partitions
from apps.tracking.ledger import ledger_sum
from apps.tracking.models import Event, PendingEngagement, Session
from apps.tracking.retention import orphans_drop, retention_enforce
from tests.cast import Cast

from .arrivals import CRAWLER, NOON, engagement, envelope, store, view

DAY = 24 * 60


@pytest.fixture(autouse=True)
def noon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOON)


def test_it_deletes_what_is_older_than_its_site_keeps(in_alder: Cast) -> None:
    kept, old = view(-89 * DAY), view(-91 * DAY)
    store(envelope(in_alder.site, kept), envelope(in_alder.site, old, visitor=8))
    store(envelope(in_alder.site, view(-91 * DAY), visitor=9, user_agent=CRAWLER))
    assert retention_enforce() == 2
    assert list(Event.objects.filter(site_id=in_alder.site.id).values_list("event_id", flat=True)) == [kept.event_id]
    assert Session.objects.filter(site_id=in_alder.site.id).count() == 1
    told = ledger_sum(site_id=in_alder.site.id)
    assert (told.counted, told.set_aside, told.erased, told.received) == (1, {}, 2, 3)


def test_a_site_that_keeps_everything_loses_nothing(in_alder: Cast) -> None:
    in_alder.site.retention_days = None
    in_alder.site.save(update_fields=["retention_days"])
    store(envelope(in_alder.site, view(-4000 * DAY)))
    assert retention_enforce() == 0
    assert Event.objects.filter(site_id=in_alder.site.id).count() == 1


def test_a_visit_on_the_edge_goes_whole(in_alder: Cast) -> None:
    edge = -90 * DAY
    store(envelope(in_alder.site, view(edge - 5), view(edge + 5)))
    retention_enforce()
    assert not Event.objects.filter(site_id=in_alder.site.id).exists()
    assert not Session.objects.filter(site_id=in_alder.site.id).exists()


def test_leaves_that_became_empty_are_dropped(in_alder: Cast) -> None:
    store(envelope(in_alder.site, view(-400 * DAY)))
    retention_enforce()
    assert month_of(-400) not in [leaf.name for leaf in partitions.leaf_list()]


def test_links_between_the_ids_of_two_days_go_with_the_days_salts(in_alder: Cast) -> None:
    for days, visitor in ((-1, 10), (-4, 30)):
        midnight = datetime(2026, 11, 18 + days, tzinfo=UTC)
        store(envelope(in_alder.site, view(5, start=midnight), visitor=visitor, previous_visitor_id=visitor + 1))
    retention_enforce()
    linked = Session.objects.filter(site_id=in_alder.site.id).values_list("visitor_id", "linked_visitor_id")
    assert dict(linked) == {10: 11, 30: None}


def test_engagement_is_given_up_a_week_after_its_receipt(in_alder: Cast) -> None:
    site = in_alder.site
    for days in (-9, -6):
        body = envelope(site, engagement(days * DAY, view(days * DAY), 5))
        body.received_ms = body.events[0].occurred_ms
        store(body)
    assert orphans_drop() == 1
    assert PendingEngagement.objects.filter(site_id=site.id).count() == 1
    told = ledger_sum(site_id=site.id)
    assert (told.folded, told.set_aside, told.accepted) == (1, {"orphan": 1}, 2)


def month_of(days: int) -> str:
    return partitions.leaf_for(NOON + timedelta(days=days), today=NOON.date()).name
