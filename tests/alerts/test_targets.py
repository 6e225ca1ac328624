"""Mails about target accounts on pages that matter."""

from datetime import timedelta

import pytest

from apps.alerts.models import AlertSent
from apps.alerts.occasions import targets_raise
from apps.alerts.subscriptions import subscription_set
from apps.companies.models import Company, CompanyCorrection, TargetAccount
from tests.cast import Cast
from tests.factories_tracking import Page
from tests.scoring.conftest import company_make, visit_of

from .conftest import NOW, Kind, Outbox, ago, at, known, target, wish
from .test_hot import send_all


def test_a_target_account_on_a_page_that_matters(in_alder: Cast, varnholt: Company, outbox: Outbox) -> None:
    in_alder.site.time_zone = "Europe/Vienna"
    in_alder.site.save()
    wish(in_alder.analyst, in_alder.site, Kind.TARGET, pages=("/pricing*", "demo"))
    target(varnholt, in_alder.first)
    visit = visit_of(varnholt, in_alder.site, ago(minutes=5), [Page("/"), Page("/pricing/team", 60, engaged_s=30)])
    assert targets_raise(site_id=in_alder.site.id, company_ids=[varnholt.id]) == 1
    assert targets_raise(site_id=in_alder.site.id, company_ids=[varnholt.id]) == targets_raise() == 0
    send_all()
    (mail,) = outbox()
    assert mail.subject == "Target account Varnholt AG was on First site at 11:56 CEST: /pricing/team"
    assert "Wed 13 May 2026, 11:56 CEST" in mail.text and "Wed 13 May 2026, 11:56 CEST" in mail.html
    assert "/pricing/team, 30s" in mail.text
    assert str(visit.id) not in mail.text


@pytest.mark.parametrize(
    ("pages", "mails"), [((), 1), (("/docs",), 1), (("/pricing",), 0), (("other.example/docs",), 0)]
)
def test_pages_are_patterns_and_none_is_every_page(
    in_alder: Cast, varnholt: Company, pages: tuple[str, ...], mails: int
) -> None:
    wish(in_alder.analyst, in_alder.site, Kind.TARGET, pages=pages)
    target(varnholt, in_alder.first)
    visit_of(varnholt, in_alder.site, ago(minutes=5), [Page("/docs/")])
    assert targets_raise() == mails


def test_only_targets_of_the_sites_own_client(in_alder: Cast, varnholt: Company) -> None:
    wish(in_alder.owner, in_alder.site, Kind.TARGET)
    target(varnholt, in_alder.second)
    visit_of(varnholt, in_alder.site, ago(minutes=5))
    visit_of(company_make("Quarrystone"), in_alder.site, ago(minutes=5))
    assert targets_raise() == 0


def test_not_what_is_imported_set_aside_ignored_or_long_ago(in_alder: Cast, varnholt: Company) -> None:
    wish(in_alder.owner, in_alder.site, Kind.TARGET)
    target(varnholt, in_alder.first)
    visit_of(varnholt, in_alder.site, ago(minutes=5), import_id=3)
    visit_of(varnholt, in_alder.site, ago(minutes=5), set_aside="excluded")
    visit_of(varnholt, in_alder.site, ago(hours=7))
    assert targets_raise() == 0
    visit_of(varnholt, in_alder.site, ago(minutes=5))
    row = known(varnholt, in_alder.first, is_ignored=True)
    assert targets_raise() == 0
    row.delete()
    assert targets_raise() == 1


def test_what_was_before_the_wish_or_the_watchlist_is_not_told(in_alder: Cast, varnholt: Company) -> None:
    wish(in_alder.owner, in_alder.site, Kind.TARGET, since=ago(minutes=1))
    row = target(varnholt, in_alder.first)
    visit_of(varnholt, in_alder.site, ago(minutes=5))
    assert targets_raise() == 0
    visit_of(varnholt, in_alder.site, NOW)
    row.added_at = NOW + timedelta(seconds=1)
    row.save()
    assert targets_raise() == 0


def test_what_is_taken_off_the_watchlist_before_it_is_sent_is_not_told(
    in_alder: Cast, varnholt: Company, outbox: Outbox
) -> None:
    for member in (in_alder.owner, in_alder.limited):
        wish(member, in_alder.site, Kind.TARGET)
    target(varnholt, in_alder.first)
    visit_of(varnholt, in_alder.site, ago(minutes=5))
    assert targets_raise() == 2
    in_alder.site.client = in_alder.second  # whom the owner sees as well, and who watches nobody
    in_alder.site.save()
    assert (send_all(), targets_raise(), outbox()) == (0, 0, [])


def test_other_pages_begin_anew(in_alder: Cast, varnholt: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    user, site = in_alder.owner.user_id, in_alder.site.id
    wish(in_alder.owner, in_alder.site, Kind.TARGET, pages=("/docs",))
    target(varnholt, in_alder.first)
    visit_of(varnholt, in_alder.site, ago(minutes=5), [Page("/pricing")])
    subscription_set(user_id=user, site_id=site, kind=Kind.TARGET, is_wanted=True, pages=["/pricing"])
    assert targets_raise() == 0
    at(monkeypatch, NOW + timedelta(minutes=10))
    visit_of(varnholt, in_alder.site, NOW + timedelta(minutes=5), [Page("/pricing")])
    assert targets_raise() == 1


def test_each_day_has_its_own(in_alder: Cast, varnholt: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    in_alder.site.time_zone = "Asia/Tokyo"  # its midnight is 15:00 UTC
    in_alder.site.save()
    wish(in_alder.owner, in_alder.site, Kind.TARGET)
    target(varnholt, in_alder.first)
    visit_of(varnholt, in_alder.site, NOW + timedelta(hours=4, minutes=50), [Page("/a"), Page("/b", 1200)])
    at(monkeypatch, NOW + timedelta(hours=6))
    assert targets_raise() == 2
    assert [row.day.day for row in AlertSent.objects.order_by("day")] == [13, 14]


def test_two_members_have_their_own_pages(in_alder: Cast, varnholt: Company) -> None:
    wish(in_alder.owner, in_alder.site, Kind.TARGET, pages=("/pricing",))
    wish(in_alder.viewer, in_alder.site, Kind.TARGET, pages=("/docs",))
    wish(in_alder.limited, in_alder.other_site, Kind.TARGET)
    target(varnholt, in_alder.first)
    target(varnholt, in_alder.second)
    visit_of(varnholt, in_alder.site, ago(minutes=5), [Page("/docs")])
    visit_of(varnholt, in_alder.other_site, ago(minutes=5))
    assert targets_raise() == 1
    assert AlertSent.objects.get().user_id == in_alder.viewer.user_id


def test_a_target_that_was_merged_is_told_of_as_what_it_was_merged_into(in_alder: Cast, varnholt: Company) -> None:
    wish(in_alder.owner, in_alder.site, Kind.TARGET)
    TargetAccount.objects.create(
        client_id=in_alder.first.id, domain="varnholt-old.example", added_at=ago(days=9), added_by="-"
    )
    visit_of(varnholt, in_alder.site, ago(minutes=5))
    merge = CompanyCorrection.objects.create(
        kind=CompanyCorrection.Kind.MERGE,
        domain="varnholt-old.example",
        to_domain=varnholt.domain,
        made_by="-",
        made_at=NOW,
        undone_at=NOW,
    )
    assert targets_raise() == 0
    merge.undone_at = None
    merge.save()
    assert targets_raise() == 1
