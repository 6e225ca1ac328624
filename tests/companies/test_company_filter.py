"""A filter by a company's number names it to those whose clients know it, and to nobody else."""

from datetime import timedelta

import pytest

from apps.companies.models import Company, CompanyClient
from apps.core import clock
from apps.core.tenancy import in_schema
from tests.cast import Cast
from tests.factories_tracking import visit_make

PAGES = ["/companies", "/s/{site}/companies", "/s/{site}/", "/s/{site}/visits", "/s/{site}/breakdown/pages"]


def company_of_second(cast: Cast) -> Company:
    """Make a company that was on the second client's site only; the first one's site has a visit of nobody known."""
    at = clock.now() - timedelta(hours=1)
    with in_schema(str(cast.alder.schema_name)):
        company = Company.objects.create(
            name="Secret Prospect", domain="prospect.example", created_at=at, updated_at=at
        )
        CompanyClient.objects.create(company=company, client_id=cast.second.id, first_seen_at=at, last_seen_at=at)
        visit_make(cast.other_site, at, company_id=company.id)
        visit_make(cast.site, at)
    return company


@pytest.mark.parametrize("page", PAGES)
def test_a_company_of_another_client_isnt_named(cast: Cast, page: str) -> None:
    number = company_of_second(cast).id
    response = cast.browser(cast.limited).get(page.format(site=cast.site.slug), {"f": f"company:is:{number}"})
    assert response.status_code == 200
    assert b"Secret Prospect" not in response.content


@pytest.mark.parametrize("page", PAGES)
def test_a_company_of_the_client_is_named(cast: Cast, page: str) -> None:
    number = company_of_second(cast).id
    response = cast.browser(cast.owner).get(page.format(site=cast.other_site.slug), {"f": f"company:is:{number}"})
    assert b"Secret Prospect" in response.content
