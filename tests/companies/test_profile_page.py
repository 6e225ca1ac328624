"""A company's profile on its page, and set by hand."""

from typing import Any

import pytest

from apps.companies.models import Company, CompanyClient, ProfileLookup
from apps.companies.profiles.writing import profile_set
from tests.cast import Browser, Cast

from .acme import FakeAcme, company
from .test_profile_lookups import sweep

BLANK = {"industry": "", "employees_from": "", "employees_to": "", "country": "", "city": "", "technologies": ""}


def text_of(response: Any) -> str:
    return " ".join(response.content.decode().split())


@pytest.fixture
def urls(worked_month: Cast) -> tuple[str, str]:
    """The page of Varnholt on the first site, and the form for its profile."""
    page = f"/s/{worked_month.site.slug}/companies/{Company.objects.get(domain='varnholt.example').id}"
    return page, f"{page}/profile"


def sent(shown: dict[str, Any] = {}, **changed: Any) -> dict[str, Any]:  # noqa: B006
    """Return a form as a browser sends it: what was shown, and what is there now."""
    before = BLANK | shown
    return {f"initial-{name}": value for name, value in before.items()} | before | changed


def varnholt() -> Company:
    return Company.objects.get(domain="varnholt.example")


def test_without_a_service_the_page_says_unknown_and_nothing_is_guessed(
    worked_month: Cast, urls: tuple[str, str]
) -> None:
    page = text_of(worked_month.browser(worked_month.viewer).get(urls[0]))
    assert page.count('<span class="quiet">unknown</span>') >= 5
    assert "No service is asked for profiles" in page
    assert urls[1] not in page
    assert not ProfileLookup.objects.exists()


def test_each_field_is_shown_with_source_and_date(worked_month: Cast, urls: tuple[str, str], acme: FakeAcme) -> None:
    acme.companies["varnholt.example"] = company()
    sweep()
    page = text_of(worked_month.browser(worked_month.analyst).get(urls[0]))
    assert 'Machinery <span class="second small">from Acme API, 13 May 2026</span>' in page
    assert "201 to 500" in page
    assert "Acme API was asked last: 13 May 2026" in page


def test_it_is_set_by_hand_under_ones_name(worked_month: Cast, urls: tuple[str, str]) -> None:
    browser = worked_month.browser(worked_month.analyst)
    assert browser.get(urls[1]).status_code == 200
    answer = browser.post(urls[1], sent(industry="Pumps", employees_from="50", country="AT", technologies="a,\nb, A"))
    assert answer["Location"] == urls[0]
    found = varnholt()
    assert (found.industry, found.employees_from, found.employees_to, found.country) == ("Pumps", 50, None, "AT")
    assert found.technologies == ["a", "b"]
    assert set(found.profile) == {"industry", "employees", "country", "technologies"}
    page = text_of(browser.get(urls[0]))
    assert f"by {worked_month.analyst.user}, 13 May 2026" in page
    assert "50 and more" in page


def test_only_what_was_changed_is_by_hand_and_it_can_go_back(
    worked_month: Cast, urls: tuple[str, str], acme: FakeAcme
) -> None:
    acme.companies["varnholt.example"] = company()
    sweep()
    browser = worked_month.browser(worked_month.manager)
    shown = {
        "industry": "Machinery", "employees_from": "201", "employees_to": "500", "country": "AT", "city": "Graz",
        "technologies": "nginx, HubSpot",
    }  # fmt: skip
    browser.post(urls[1], sent(shown, city="Vienna"))
    assert [field for field, said in varnholt().profile.items() if said.get("by_hand")] == ["city"]
    assert "Back to the provider" in text_of(browser.get(urls[1]))
    for _ in range(2):
        assert browser.post(urls[1], {"back": "city"})["Location"] == urls[1]
    assert (varnholt().city, varnholt().profile["city"]["source"]) == ("Graz", "Acme API")


def test_a_form_that_was_overtaken_is_told_so(worked_month: Cast, urls: tuple[str, str]) -> None:
    profile_set(company_id=varnholt().id, values={"industry": "Robotics"}, by="Ida")
    answer = worked_month.browser(worked_month.analyst).post(urls[1], sent(industry="Pumps"))
    assert answer.status_code == 422
    assert "Industry was changed meanwhile: it is Robotics" in text_of(answer)
    assert varnholt().industry == "Robotics"


@pytest.mark.parametrize(
    "wrong",
    [
        {"employees_from": "500", "employees_to": "10"},
        {"employees_to": "10"},
        {"employees_from": "9" * 30},
        {"country": "ZZ"},
        {"industry": "x" * 500},
        {"industry": "a\x00b"},
    ],
)
def test_what_cant_be_meant_is_refused_in_words(
    worked_month: Cast, urls: tuple[str, str], wrong: dict[str, Any]
) -> None:
    answer = worked_month.browser(worked_month.analyst).post(urls[1], sent(**wrong))
    assert answer.status_code == 422
    assert 'class="error"' in answer.content.decode()
    assert varnholt().profile == {}


def test_a_field_that_is_none_isnt_given_back(worked_month: Cast, urls: tuple[str, str]) -> None:
    assert worked_month.browser(worked_month.analyst).post(urls[1], {"back": "name"})["Location"] == urls[1]
    assert varnholt().name == "Varnholt AG"


def test_who_sees_some_clients_only_reads_and_learns_no_name(worked_month: Cast, urls: tuple[str, str]) -> None:
    profile_set(company_id=varnholt().id, values={"industry": "Pumps"}, by="Ida Holm")
    browser: Browser = worked_month.browser(worked_month.limited)
    page = text_of(browser.get(urls[0]))
    assert "by hand, 13 May 2026" in page
    assert "Ida Holm" not in page
    assert urls[1] not in page
    assert browser.get(urls[1]).status_code == 403


def test_others_are_kept_out(worked_month: Cast, urls: tuple[str, str]) -> None:
    cast = worked_month
    assert cast.browser(cast.viewer).get(urls[1]).status_code == 403
    assert cast.browser(cast.viewer).post(urls[1], sent(industry="Pumps")).status_code == 403
    assert cast.browser(cast.outsider).get(urls[1]).status_code == 404
    assert cast.browser(cast.outsider, cast.birch).get(urls[1]).status_code == 404
    elsewhere = urls[1].replace(cast.site.slug, cast.other_site.slug)
    assert cast.browser(cast.limited).get(elsewhere).status_code == 404
    CompanyClient.objects.filter(company=varnholt(), client_id=cast.second.id).delete()
    assert cast.browser(cast.owner).get(elsewhere).status_code == 404  # a client who doesn't know it
    assert varnholt().profile == {}


def test_the_statistics_page_says_how_it_goes(worked_month: Cast, acme: FakeAcme) -> None:
    acme.companies["varnholt.example"] = company()
    sweep()
    page = text_of(worked_month.browser(worked_month.admin).get("/settings/networks"))
    assert "Acme API" in page
    assert "2 of 200 companies" in page  # Varnholt, and Quarrystone that it doesn't know
    assert "Unknown there" in page


def test_without_a_service_the_statistics_page_says_how_to_have_one(cast: Cast) -> None:
    assert "BEACON_PROFILE_URL" in text_of(cast.browser(cast.admin).get("/settings/networks"))
