"""Deleting a site: what it erases is said before, and gone afterwards, everywhere."""

from datetime import UTC, datetime

import pytest
from django.db import connection
from pytest_django import DjangoCaptureOnCommitCallbacks

from apps.agencies.models import SiteRoute
from apps.companies.models import Company, CompanyClient, CompanyMatch
from apps.core import clock
from apps.sites.models import Site
from apps.tracking.erase import erase_left_behind, site_erase, sites_left_behind
from apps.tracking.models import Event, LedgerLine, Session, SessionAlias
from tests.cast import Cast
from tests.factories_tracking import Page, ledger_put, visit_make

AT = datetime(2026, 11, 10, 9, 0, tzinfo=UTC)
PAGE = "/s/first-site/settings/delete"


@pytest.fixture
def furnished(in_alder: Cast) -> Cast:
    """The cast, with two visits on the first site and one on the second."""
    cast = in_alder
    for site in (cast.site, cast.site, cast.other_site):
        visit = visit_make(site, AT, pages=(Page("/"), Page("/pricing", after=20)))
        SessionAlias.objects.create(id=Event.objects.filter(session_id=visit.id)[0].event_id, session_id=visit.id)
        ledger_put(site, AT, "counted", 2) if not LedgerLine.objects.filter(site_id=site.id).exists() else None
    return cast


def company_seen(name: str, cast: Cast, *sites: Site) -> Company:
    now = clock.now()
    company = Company.objects.create(name=name, domain=f"{name}.example", created_at=now, updated_at=now)
    for site in sites:
        CompanyMatch.objects.create(
            company=company,
            site_id=site.id,
            session_id=Session.objects.filter(site_id=site.id).order_by("id")[0].id,
            ground=f"network-{name}",
            confidence_ratio=0.9,
            created_at=now,
        )
        CompanyClient.objects.get_or_create(
            company=company, client_id=site.client_id, defaults={"first_seen_at": now, "last_seen_at": now}
        )
    return company


def test_it_says_what_will_go(furnished: Cast) -> None:
    page = furnished.browser(furnished.manager).get(PAGE).content.decode()
    assert '<td class="pts">2</td><th scope="row">visits' in page
    assert '<td class="pts">4</td><th scope="row">events' in page


def test_it_needs_the_sites_address_typed(furnished: Cast) -> None:
    response = furnished.browser(furnished.manager).post(PAGE, {"confirm": "second-site"})
    assert response.status_code == 422
    assert Site.objects.filter(id=furnished.site.id).exists()


def test_the_site_and_its_route_are_gone_at_once(furnished: Cast) -> None:
    response = furnished.browser(furnished.limited).post(PAGE, {"confirm": "first-site"})
    assert response["Location"] == "/settings"
    assert not Site.objects.filter(id=furnished.site.id).exists()
    assert not SiteRoute.objects.filter(site_key=furnished.site.site_key).exists()
    assert furnished.browser(furnished.manager).get("/s/first-site/").status_code == 404


def test_the_sweep_finds_and_erases_what_is_left(furnished: Cast) -> None:
    furnished.browser(furnished.manager).post(PAGE, {"confirm": "first-site"})
    assert sites_left_behind() == [furnished.site.id]
    erase_left_behind()
    for model in (Session, Event, LedgerLine):
        assert not model._default_manager.filter(site_id=furnished.site.id).exists()
        assert model._default_manager.filter(site_id=furnished.other_site.id).exists()
    assert SessionAlias.objects.count() == 1
    assert sites_left_behind() == []


def test_erasing_twice_is_erasing_once(furnished: Cast) -> None:
    site_erase(furnished.site.id)
    site_erase(furnished.site.id)
    assert Session.objects.filter(site_id=furnished.other_site.id).count() == 1


def test_companies_seen_nowhere_else_go_too(
    furnished: Cast, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    cast = furnished
    here = company_seen("here", cast, cast.site)
    both = company_seen("both", cast, cast.site, cast.other_site)
    cast.browser(cast.manager).post(PAGE, {"confirm": "first-site"})
    with django_capture_on_commit_callbacks(execute=True):
        site_erase(cast.site.id)
    assert not Company.objects.filter(id=here.id).exists()
    assert Company.objects.filter(id=both.id).exists()
    assert list(CompanyClient.objects.values_list("company_id", "client_id")) == [(both.id, cast.second.id)]
    assert not CompanyMatch.objects.filter(site_id=cast.site.id).exists()


def test_another_agencys_rows_stay(furnished: Cast) -> None:
    """Ids are counted per agency: Birch's site may have the same one."""
    connection.set_tenant(furnished.birch)  # type: ignore[attr-defined]
    visit_make(furnished.birch_site, AT)
    connection.set_tenant(furnished.alder)  # type: ignore[attr-defined]
    site_erase(furnished.birch_site.id)
    connection.set_tenant(furnished.birch)  # type: ignore[attr-defined]
    assert Session.objects.count() == 1
