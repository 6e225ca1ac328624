"""What changes past visits changes filtered reports at once, whether a day's columns are made anew yet or not."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from apps.companies.services import visits_match
from apps.core import clock
from apps.sites.models import Site
from apps.tracking.erase import site_erase
from apps.tracking.erase_visit import visit_erase
from apps.tracking.filters import filters_read
from apps.tracking.models import RollupDay, Session, VisitColumns
from apps.tracking.recount import site_set_zone
from apps.tracking.retention import retention_enforce
from apps.tracking.rollups_build import REST, rollups_build
from apps.tracking.rollups_check import rollups_check
from tests.cast import Cast
from tests.tracking.arrivals import NOON, click, engagement, envelope, store, view
from tests.tracking.ruling import everything_judged, rule_gone, rule_make

from .test_columns_agree import courses, panels

DAY = 24 * 60
FILTERS = [
    filters_read([text])
    for text in ("page:is:/a", "page:is_not:/a", "event:is:signup", "browser:is:Chrome", "company:is:", "exit:is:/b")
]
LATE = int(NOON.timestamp() * 1000)
page = view(-DAY, "/a")


@pytest.fixture
def site(in_alder: Cast, monkeypatch: pytest.MonkeyPatch) -> Site:
    """A site with visits on five days, those that are over built; a visitor came twice, and once over midnight."""
    site = in_alder.site
    monkeypatch.setattr(clock, "now", lambda: NOON)
    for days in range(-4, 1):
        store(
            envelope(
                site, view(days * DAY + 3, "/"), click(days * DAY + 4), view(days * DAY + 5, "/b"), visitor=20 + days
            ),
            envelope(site, view(days * DAY + 90, "/a"), visitor=20 + days),
            envelope(site, view((days - 0.5) * DAY - 70, "/a"), view((days - 0.5) * DAY - 50, "/b"), visitor=40 + days),
        )
    store(envelope(site, page, visitor=7), envelope(site, view(-DAY + 50, "/b"), visitor=7))
    rollups_build()
    return site


def late_events(site: Site) -> None:
    store(envelope(site, view(-2 * DAY + 20, "/a"), click(-2 * DAY + 21), visitor=50, received_ms=LATE))


def joined_visits(site: Site) -> None:
    before = Session.objects.filter(site_id=site.id).count()
    store(envelope(site, view(-DAY + 25, "/c"), visitor=7, received_ms=LATE))
    assert Session.objects.filter(site_id=site.id).count() == before - 1


def late_engagement(site: Site) -> None:
    store(envelope(site, engagement(-DAY + 2, page, 50), visitor=7, received_ms=LATE))


def a_rule(site: Site) -> None:
    rule_make(site, "page:is:/b", back=True)
    everything_judged(site)


def an_undone_rule(site: Site) -> None:
    rule = rule_make(site, "page:is:/b", back=True)
    rollups_build()
    rule_gone(rule)


def an_erased_visit(site: Site) -> None:
    for visit in Session.objects.filter(site_id=site.id, visitor_id=7):
        visit_erase(site_id=site.id, session_id=visit.id)
    assert not VisitColumns.objects.filter(site_id=site.id, day=NOON.date() - timedelta(days=1)).exists()


def a_matched_company(site: Site) -> None:
    Session.objects.filter(site_id=site.id, visitor_id=7).update(
        matched_at=None, network_kind="business", organisation="Example AG", network_domain="example.com"
    )
    visits_match()


def another_zone(site: Site) -> None:
    site_set_zone(site=site, time_zone="Pacific/Auckland")
    site.refresh_from_db()


def retention(site: Site) -> None:
    site.retention_days = 3
    site.save(update_fields=["retention_days"])
    assert retention_enforce() > 0
    oldest = NOON.date() - timedelta(days=3)
    assert not VisitColumns.objects.filter(site_id=site.id, day__lt=oldest).exists()


CHANGES = [
    late_events,
    joined_visits,
    late_engagement,
    a_rule,
    an_undone_rule,
    an_erased_visit,
    a_matched_company,
    another_zone,
    retention,
]


def everything(site: Site) -> list[object]:
    """Return what reports show under each of the filters."""
    shown = ["pages", "events", "entries"]
    course = {"period": "30d", "compare": "none"}
    return [(panels(site, filters, dimensions=shown), courses(site, filters, course)) for filters in FILTERS]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_reports_say_what_the_raw_rows_say(
    site: Site, monkeypatch: pytest.MonkeyPatch, change: Callable[[Site], None]
) -> None:
    before = everything(site)
    change(site)
    marked = everything(site)
    monkeypatch.setattr(clock, "now", lambda: NOON + REST * 2)
    rollups_build()
    assert list(rollups_check(site=site)) == []
    built = everything(site)
    RollupDay.objects.filter(site_id=site.id).delete()
    raw = everything(site)
    assert (marked, built) == (raw, raw)
    assert (before == raw) is (change is an_undone_rule)


def test_nothing_of_an_erased_sites_visits_is_left(site: Site) -> None:
    assert VisitColumns.objects.filter(site_id=site.id).exists()
    site_erase(site.id)
    assert not VisitColumns.objects.filter(site_id=site.id).exists()


def test_days_that_were_built_without_columns_are_read_raw_and_built(site: Site) -> None:
    before = everything(site)
    RollupDay.objects.filter(site_id=site.id).update(has_columns=False)
    VisitColumns.objects.filter(site_id=site.id).delete()
    assert everything(site) == before
    assert rollups_build() == RollupDay.objects.filter(site_id=site.id, has_columns=True).count() > 3
    assert everything(site) == before
    assert list(rollups_check(site=site)) == []
