"""Find: companies and pages by a piece of their name, among what somebody may see."""

import pytest

from apps.companies.models import Company, CompanyClient
from apps.sites.models import Client, Site
from tests.cast import Cast
from tests.factories_tracking import Page, visit_make

from .conftest import NOW, at


def company(name: str, client: Client) -> Company:
    made = Company.objects.create(
        name=name, domain=f"{name.split()[0].lower()}.example", created_at=NOW, updated_at=NOW
    )
    CompanyClient.objects.create(company=made, client_id=client.id, first_seen_at=NOW, last_seen_at=NOW)
    return made


def find(cast: Cast, text: str, who: str = "viewer", site: str = "") -> str:
    response = cast.browser(getattr(cast, who)).htmx(f"/find?q={text}&site={site}")
    assert response.status_code == 200
    return response.content.decode()


def test_a_company_is_found_by_name_and_by_domain(in_alder: Cast, site: Site) -> None:
    made = company("Varnholt AG", in_alder.first)
    for text in ("varn", "HOLT", "varnholt.ex"):
        assert f"/s/{site.slug}/companies/{made.id}" in find(in_alder, text)


def test_a_page_is_found_and_leads_to_its_visitors(in_alder: Cast, site: Site) -> None:
    visit_make(site, at(9), pages=[Page("/docs/integration")])
    assert f"/s/{site.slug}/?f=page%3Ais%3A%2Fdocs%2Fintegration" in find(in_alder, "integr")


@pytest.mark.parametrize("text", ["", "v", "%", "__", "%25%25", "%00%00"])
def test_too_little_or_a_wildcard_finds_nothing(in_alder: Cast, site: Site, text: str) -> None:
    company("Varnholt AG", in_alder.first)
    visit_make(site, at(9), pages=[Page("/docs")])
    assert find(in_alder, text).strip() == ""


def test_a_limited_member_finds_nothing_of_other_clients(in_alder: Cast, site: Site) -> None:
    company("Varnholt AG", in_alder.second)
    visit_make(in_alder.other_site, at(9), pages=[Page("/secret-launch")])
    for text in ("varn", "secret"):
        assert find(in_alder, text, "limited").strip() == ""
        assert find(in_alder, text, "limited", in_alder.other_site.slug).strip() == ""
        assert find(in_alder, text).strip() != ""


def test_another_agency_finds_nothing(in_alder: Cast, site: Site) -> None:
    company("Varnholt AG", in_alder.first)
    outsider = in_alder.browser(in_alder.outsider, in_alder.birch)
    assert outsider.htmx("/find?q=varn").content.decode().strip() == ""
    assert in_alder.browser(in_alder.outsider).htmx("/find?q=varn").status_code == 404
