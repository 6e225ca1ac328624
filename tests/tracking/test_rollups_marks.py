"""Who changes visits or events marks their days, so that no report reads an old sum."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest

from apps.companies.services import visits_match
from apps.core import clock
from apps.sites.models import Site
from apps.tracking.erase import site_erase, site_remove
from apps.tracking.erase_visit import visit_erase
from apps.tracking.models import Event, Rollup, RollupDay, RollupMark, Session
from apps.tracking.recount import site_set_zone
from apps.tracking.retention import retention_enforce
from apps.tracking.rollups import days_holding, days_mark
from apps.tracking.rollups_build import REST, rollups_build
from apps.tracking.rollups_check import rollups_check
from tests.cast import Cast
from tests.factories_tracking import Page, visit_make

from .arrivals import NOON, engagement, envelope, store, view, visits

DAY = 24 * 60
TODAY = NOON.date()
Clock = Callable[[datetime], None]


@pytest.fixture(autouse=True)
def at_noon(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Stand time still at noon, or at another moment."""

    def stand(moment: datetime) -> None:
        monkeypatch.setattr(clock, "now", lambda: moment)

    stand(NOON)
    return stand


@pytest.fixture
def site(in_alder: Cast) -> Site:
    """A site with visits of the last three days; those of the past two are summed up."""
    for days in (-2, -1, 0):
        store(envelope(in_alder.site, view(days * DAY), view(days * DAY + 5, "/a"), visitor=10 - days))
    assert rollups_build() == 2
    assert holding(in_alder.site) == {-2, -1}
    return in_alder.site


def holding(site: Site) -> set[int]:
    """Return the days that reports take from rollups, counted from today."""
    days = days_holding([site.id], first=TODAY - timedelta(days=200), last=TODAY + timedelta(days=1))
    return {(day - TODAY).days for day in days.get(site.id, ())}


def test_days_that_are_still_running_are_not_built_and_gather_no_marks(site: Site) -> None:
    assert not RollupMark.objects.exists()
    store(envelope(site, view(1), visitor=50))
    assert RollupMark.objects.count() == 1
    rollups_build()
    assert not RollupMark.objects.exists()


def test_a_late_event_makes_its_day_raw_until_it_is_built_anew(site: Site, at_noon: Clock) -> None:
    store(envelope(site, view(-DAY + 60), visitor=60, received_ms=int(NOON.timestamp() * 1000)))
    assert holding(site) == {-2}
    assert rollups_build() == 0  # it rests
    at_noon(NOON + REST * 2)
    assert rollups_build() == 1
    assert holding(site) == {-2, -1}
    assert list(rollups_check(site=site)) == []


def test_late_engagement_changes_the_day_of_its_page_view(site: Site) -> None:
    page = view(-DAY + 90)
    store(envelope(site, page, visitor=61))
    RollupMark.objects.all().delete()
    store(envelope(site, engagement(-DAY + 91, page, 20), visitor=61))
    assert holding(site) == {-2}


def test_a_visit_over_midnight_marks_both_days(site: Site) -> None:
    store(envelope(site, view(-DAY - 12 * 60 - 5), view(-DAY - 12 * 60 + 5), visitor=62))
    assert holding(site) == set()


def test_a_deleted_visit_is_gone_from_its_day(site: Site) -> None:
    yesterday = visits(site)[1]
    visit_erase(site_id=site.id, session_id=yesterday.id)
    assert holding(site) == {-2}


def test_retention_forgets_what_it_emptied_and_marks_the_edge(site: Site, at_noon: Clock) -> None:
    site.retention_days = 1
    site.save(update_fields=["retention_days"])
    at_noon(NOON + timedelta(minutes=1))
    assert retention_enforce() == 2
    assert set(RollupDay.objects.values_list("day", flat=True)) == {TODAY - timedelta(days=1)}
    assert not Rollup.objects.filter(day__lt=TODAY - timedelta(days=1)).exists()
    assert holding(site) == set()


def test_another_zone_has_other_days(site: Site) -> None:
    site_set_zone(site=site, time_zone="Pacific/Auckland")
    assert not RollupDay.objects.exists() and not Rollup.objects.exists()
    rollups_build()
    assert holding(site) == {-1, 0}  # it is past midnight there
    assert list(rollups_check(site=site)) == []


def test_a_matched_company_changes_its_visits_day_and_no_match_does_not(site: Site) -> None:
    Session.objects.update(matched_at=None)
    visits_match()
    assert holding(site) == {-2, -1}
    Session.objects.filter(local_day=TODAY - timedelta(days=2)).update(
        matched_at=None, network_kind="business", organisation="Example AG", network_domain="example.com"
    )
    visits_match()
    assert holding(site) == {-1}


def test_nothing_is_left_of_a_deleted_site(site: Site) -> None:
    site_id = site.id
    site_remove(site)
    site_erase(site_id)
    rollups_build()
    for model in (Rollup, RollupDay, RollupMark):
        assert not model.objects.filter(site_id=site_id).exists()


def test_erasing_in_slices_leaves_no_sum_of_what_is_gone(site: Site) -> None:
    site_erase(site.id)
    rollups_build()
    assert list(rollups_check(site=site)) == []


def test_a_sum_never_counts_what_is_set_aside(site: Site) -> None:
    session = visits(site)[0]
    Session.objects.filter(id=session.id).update(set_aside="rule")
    Event.objects.filter(session_id=session.id).update(set_aside="rule")
    days_mark(site.id, [session.local_day])
    assert list(rollups_check(site=site)) == []


def test_days_without_any_visit_are_built_once(in_alder: Cast) -> None:
    visit_make(in_alder.site, datetime(2026, 11, 10, tzinfo=UTC), pages=[Page("/")])
    assert rollups_build() == 8  # the 10th to the 17th
    assert rollups_build() == 0
    assert set(Rollup.objects.values_list("day", flat=True)) == {date(2026, 11, 10)}
