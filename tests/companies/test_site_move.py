"""A site that is moved to another client takes its companies along."""

from datetime import timedelta

from pytest_django import DjangoCaptureOnCommitCallbacks

from apps.companies.erase import visit_forget
from apps.companies.models import Company, CompanyClient, SavedView
from apps.companies.moving import site_adopt
from apps.companies.services import visits_match
from apps.core import clock
from apps.core.tenancy import in_schema
from apps.sites.services import site_move
from apps.tracking.models import Session
from tests.cast import Cast
from tests.factories_tracking import visit_make

from .conftest import NOW, VARNHOLT, ago


def test_its_companies_pages_stay(
    cast: Cast, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    first, last = clock.now() - timedelta(days=3), clock.now() - timedelta(hours=1)
    with in_schema(str(cast.alder.schema_name)):
        company = Company.objects.create(name="Mover", domain="mover.example", created_at=first, updated_at=first)
        CompanyClient.objects.create(company=company, client_id=cast.first.id, first_seen_at=first, last_seen_at=last)
        for at in (first, last):
            visit_make(cast.site, at, company_id=company.id)
    browser, page = cast.browser(cast.owner), f"/s/{cast.site.slug}/companies/{company.id}"
    assert browser.get(page).status_code == 200
    with django_capture_on_commit_callbacks(execute=True):
        browser.post(f"/s/{cast.site.slug}/settings/client", {"client": cast.second.id})
    assert browser.get(page).status_code == 200
    with in_schema(str(cast.alder.schema_name)):
        known = CompanyClient.objects.get(company=company, client_id=cast.second.id)
    assert (known.first_seen_at, known.last_seen_at) == (first, last)


def test_a_deleted_visit_goes_out_of_what_the_client_before_knows_too(worked_month: Cast) -> None:
    """On the site three visits 20 days, 2 days and an hour ago; another one, after it has moved, a minute ago."""
    site, company = worked_month.site, Company.objects.get(domain="varnholt.example")
    visits = list(Session.objects.filter(site_id=site.id, company_id=company.id).order_by("started_at"))
    site_move(site=site, client=worked_month.second)
    site_adopt(site_id=site.id, from_client_id=worked_month.first.id)
    visit_make(site, ago(minutes=1), **VARNHOLT)
    visits_match()
    known = CompanyClient.objects.filter(company=company, client_id=worked_month.first.id)
    visit_forget(site_id=site.id, session_id=visits[2].id)
    assert (known.get().first_seen_at, known.get().last_seen_at) == (visits[0].started_at, visits[1].ended_at)
    for visit in visits[:2]:
        visit_forget(site_id=site.id, session_id=visit.id)
    assert not known.exists()
    assert CompanyClient.objects.filter(company=company, client_id=worked_month.second.id).exists()


def test_views_that_older_code_saved_stay_with_the_client_that_had_the_site(worked_month: Cast) -> None:
    site = worked_month.site
    view = SavedView.objects.create(site_id=site.id, owner_id=1, query="", name="Warm ones", created_at=NOW)
    everywhere = SavedView.objects.create(owner_id=1, query="", name="Warm ones", created_at=NOW)
    site_move(site=site, client=worked_month.second)
    site_adopt(site_id=site.id, from_client_id=worked_month.first.id)
    view.refresh_from_db()
    everywhere.refresh_from_db()
    assert (view.client_id, everywhere.client_id) == (worked_month.first.id, None)
