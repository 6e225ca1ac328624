"""A changed time zone moves stored visits to the days of the new zone."""

from datetime import UTC, date, datetime

from apps.sites.models import Site
from apps.tracking.models import Session
from apps.tracking.recount import site_set_zone
from tests.cast import Cast
from tests.factories_tracking import visit_make


def test_local_days_follow_the_zone(in_alder: Cast) -> None:
    late = visit_make(in_alder.site, datetime(2026, 7, 1, 22, 30, tzinfo=UTC))
    winter = visit_make(in_alder.site, datetime(2026, 12, 1, 22, 30, tzinfo=UTC))
    site_set_zone(site=in_alder.site, time_zone="Europe/Berlin")
    assert Site.objects.get(id=in_alder.site.id).time_zone == "Europe/Berlin"
    # Berlin is two hours ahead in summer and one in winter.
    assert Session.objects.get(id=late.id).local_day == date(2026, 7, 2)
    assert Session.objects.get(id=winter.id).local_day == date(2026, 12, 1)


def test_visits_that_come_to_share_a_day_know_of_each_other(in_alder: Cast) -> None:
    first = visit_make(in_alder.site, datetime(2026, 7, 1, 22, 30, tzinfo=UTC), visitor=7)
    second = visit_make(in_alder.site, datetime(2026, 7, 2, 9, 0, tzinfo=UTC), visitor=7)
    alone = visit_make(in_alder.site, datetime(2026, 7, 2, 9, 0, tzinfo=UTC), visitor=8)
    site_set_zone(site=in_alder.site, time_zone="Europe/Berlin")
    assert set(Session.objects.filter(has_siblings=True).values_list("id", flat=True)) == {first.id, second.id}
    assert not Session.objects.get(id=alone.id).has_siblings


def test_another_sites_visits_stay(in_alder: Cast) -> None:
    other = visit_make(in_alder.other_site, datetime(2026, 7, 1, 22, 30, tzinfo=UTC))
    site_set_zone(site=in_alder.site, time_zone="Europe/Berlin")
    assert Session.objects.get(id=other.id).local_day == date(2026, 7, 1)
