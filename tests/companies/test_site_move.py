"""A site that is moved to another client takes its companies along."""

from datetime import timedelta

from pytest_django import DjangoCaptureOnCommitCallbacks

from apps.companies.models import Company, CompanyClient
from apps.core import clock
from apps.core.tenancy import in_schema
from tests.cast import Cast
from tests.factories_tracking import visit_make


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
