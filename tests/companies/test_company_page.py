"""A company's page: what it says, and of whose visits."""

import pytest

from apps.companies.models import Company
from apps.companies.services import visits_match
from apps.core.tenancy import in_schema
from apps.tracking.models import Session
from tests import factories
from tests.cast import Cast, streamed
from tests.factories_tracking import Happened, Page, visit_make
from tests.queries import queries_asked

from .conftest import VARNHOLT, ago
from .correcting import clue
from .reading import csv_rows, words

SITE = "/s/first-site/companies"


def varnholt() -> Company:
    return Company.objects.get(domain="varnholt.example")


def page(cast: Cast, who: str = "owner", *, site: str = "first-site", query: str = "") -> str:
    answer = cast.browser(getattr(cast, who)).get(f"/s/{site}/companies/{varnholt().id}{query}")
    assert answer.status_code == 200
    return answer.content.decode()


def test_it_says_who_they_are_and_what_they_did(worked_month: Cast) -> None:
    text = words(page(worked_month))
    assert "3 visits so far. Read longest: /pricing, /." in text
    assert "varnholt.example Company mostly from Germany" in text
    assert "Network registered to Varnholt AG, AS64501, in 3 visits, told by the local databases" in text
    assert "High confidence, 0.85" in text
    assert "3 by 2 daily visitors" in text
    assert "Today, Wed 13 May" in text and "Mon 11 May" in text and "Thu 23 Apr" in text
    assert "/ 5s /pricing 1m 00s" in text
    assert "LinkedIn 2 67%" in text


def test_each_visit_leads_to_its_page(worked_month: Cast) -> None:
    html = page(worked_month)
    for visit in Session.objects.filter(company_id=varnholt().id, site_id=worked_month.site.id):
        assert f'href="/s/first-site/visits/{visit.id}"' in html


def test_events_are_read_as_words(worked_month: Cast) -> None:
    happened = [Happened("quote_form_start", 5)]
    visit_make(worked_month.site, ago(minutes=10), pages=[Page("/")], events=happened, **VARNHOLT)
    visits_match()
    assert "quote form start" in words(page(worked_month))


def test_it_is_about_all_of_the_clients_sites_and_no_other_clients(worked_month: Cast) -> None:
    sister = factories.make_site(worked_month.first, name="Sister site")
    visit_make(sister, ago(minutes=10), **VARNHOLT)
    visits_match()
    text = words(page(worked_month))
    assert "4 visits so far" in text
    assert "on Sister site" in text
    assert "/offer" not in text
    assert "1 visit so far. Read longest: /offer." in words(page(worked_month, site="second-site"))


def test_older_visits_are_on_further_pages(in_alder: Cast) -> None:
    for number in range(35):
        visit_make(in_alder.site, ago(hours=number), pages=[Page(f"/page-{number:02}")], **VARNHOLT)
    visits_match()
    first, second = page(in_alder), page(in_alder, query="?page=2")
    assert "/page-29" in first and "/page-30" not in first
    assert "/page-30" in second and "/page-29" not in second.replace("Read longest", "")
    assert 'rel="next"' in first and 'rel="prev"' in second


def test_a_company_whose_visits_are_gone_says_so(worked_month: Cast) -> None:
    Session.objects.all().delete()
    assert "No visit of Varnholt AG is kept any more." in words(page(worked_month))


@pytest.mark.parametrize("number", ["0", "x", "9" * 5000, "-1"])
def test_a_nonsense_page_is_no_error(worked_month: Cast, number: str) -> None:
    page(worked_month, query=f"?page={number}")


@pytest.mark.parametrize("visits", [1, 25])
def test_twenty_five_visits_take_as_many_queries_as_one(in_alder: Cast, visits: int) -> None:
    for number in range(visits):
        visit_make(in_alder.site, ago(hours=number), pages=[Page("/", engaged_s=1)], **VARNHOLT)
    visits_match()
    browser, address = in_alder.browser(in_alder.viewer), f"{SITE}/{varnholt().id}"
    browser.get(address)
    # Domain, login, user, membership; site, its company, the client's sites; two for grounds; totals; goals, keys of
    # the line of time, visits and what happened in them, the number of events, destinations; rules, profile, visits,
    # events and goals of the score; country, pages, people, sources; merges, members, merges and watchlist, notes, who
    # changed what; the rest is the shell's, silent sites among it.
    with queries_asked(37):
        browser.get(address)


# --- who gets it ------------------------------------------------------------------------------------------------------


def status(cast: Cast, who: str, path: str, *, birch: bool = False) -> int:
    return cast.browser(getattr(cast, who), cast.birch if birch else None).get(path).status_code


@pytest.mark.parametrize("who", ["owner", "admin", "manager", "analyst", "viewer", "limited"])
def test_every_role_may_read(worked_month: Cast, who: str) -> None:
    assert status(worked_month, who, f"/s/first-site/companies/{varnholt().id}") == 200
    assert status(worked_month, who, "/s/first-site/companies") == 200
    assert status(worked_month, who, "/companies") == 200


@pytest.mark.parametrize("path", ["/s/second-site/companies", "/s/second-site/companies/{id}"])
def test_another_clients_pages_arent_there_for_a_limited_member(worked_month: Cast, path: str) -> None:
    assert status(worked_month, "limited", path.format(id=varnholt().id)) == 404


def test_a_limited_members_figures_are_of_their_client_alone(worked_month: Cast) -> None:
    html = worked_month.browser(worked_month.limited).get("/companies").content.decode()
    assert "2 companies" in words(html)
    assert "Second site" not in words(html).split("Sites")[-1]
    westmere = Company.objects.get(domain="westmere.example")
    assert status(worked_month, "limited", f"/s/first-site/companies/{westmere.id}") == 404


def test_a_company_that_this_client_never_saw_isnt_there(worked_month: Cast) -> None:
    westmere = Company.objects.get(domain="westmere.example")
    assert status(worked_month, "owner", f"/s/first-site/companies/{westmere.id}") == 404
    assert status(worked_month, "owner", f"/s/second-site/companies/{westmere.id}") == 200


@pytest.mark.parametrize("number", ["0", "999999", "9" * 19, "9" * 60])
def test_an_unknown_company_isnt_there(worked_month: Cast, number: str) -> None:
    assert status(worked_month, "owner", f"/s/first-site/companies/{number}") == 404


@pytest.mark.parametrize("path", ["/s/first-site/companies", "/s/first-site/companies/{id}", "/companies"])
def test_another_agencys_member_gets_404(worked_month: Cast, path: str) -> None:
    assert status(worked_month, "outsider", path.format(id=varnholt().id)) == 404


def test_the_outsiders_own_host_knows_nothing_of_it(worked_month: Cast) -> None:
    path = f"/s/first-site/companies/{varnholt().id}"
    assert status(worked_month, "outsider", path, birch=True) == 404
    with in_schema(str(worked_month.birch.schema_name)):
        assert not Company.objects.exists()
    html = worked_month.browser(worked_month.outsider, worked_month.birch).get("/companies").content.decode()
    assert "Varnholt" not in html


# --- as a file --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/s/first-site/companies", "/companies", "/s/first-site/companies/{id}"])
@pytest.mark.parametrize(
    ("who", "expected"), [("owner", 200), ("admin", 200), ("manager", 200), ("analyst", 200), ("viewer", 403)]
)
def test_files_are_for_analysts_and_up(worked_month: Cast, path: str, who: str, expected: int) -> None:
    assert status(worked_month, who, f"{path.format(id=varnholt().id)}?format=csv") == expected


def test_a_companys_visits_as_a_file(worked_month: Cast) -> None:
    path = f"/s/first-site/companies/{varnholt().id}?format=csv"
    rows = csv_rows(streamed(worked_month.browser(worked_month.owner).get(path)))
    assert [(row["Entry page"], row["Source"], row["Page views"]) for row in rows] == [
        ("/pricing", "LinkedIn", "1"),
        ("/", "LinkedIn", "2"),
        ("/", "Google", "1"),
    ]


def test_it_shows_each_ground_and_what_speaks_for_another(worked_month: Cast) -> None:
    """E-mail 0.9 (odds 9) against the network's 0.85 (5.67), in Quarrystone's only visit: 9 / 15.67 = 0.57."""
    visit = Session.objects.get(asn=64502)
    clue(visit, "email", "varnholt.example")
    visits_match()
    text = words(page(worked_month))
    assert "Business e-mail address at varnholt.example, in 1 visit" in text
    assert "The network spoke for Quarrystone_100% Ferrous (85% sure by itself)" in text
    browser = worked_month.browser(worked_month.owner)
    text = words(browser.get(f"/s/first-site/visits/{visit.id}").content.decode())
    assert "Confidence 0.57 of 1 Because Business e-mail address at varnholt.example" in text
