"""The overview's panels, each a fragment of its own."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.analytics.panels import PANELS
from apps.companies.models import Company, CompanyClient
from apps.sites.models import Site
from tests.cast import Cast
from tests.factories_tracking import Happened, Page, ledger_put, visit_make

from .conftest import NOW, at

# Two to choose the schema; host, session, user, membership, site; rows and whole; names of companies or the new ones;
# merges.
MOST_QUERIES = 11
ROW = re.compile(r'<span class="name">([^<]*)</span><span class="v">([^<]*)</span><span class="p">([^<]*)</span>')


def panel(cast: Cast, name: str, query: str = "") -> str:
    response = cast.browser(cast.viewer).htmx(f"/s/{cast.site.slug}/panels/{name}?period=yesterday{query}")
    assert response.status_code == 200
    return response.content.decode()


def rows(page: str) -> list[tuple[str, ...]]:
    return ROW.findall(page)


@pytest.mark.parametrize(
    ("name", "query", "expected"),
    [
        ("channels", "", [("Organic Search", "4", "100%"), ("Direct", "1", "25%")]),
        ("channels", "&tab=sources", [("Google", "3", "75%"), ("Bing", "1", "25%"), ("Direct", "1", "25%")]),
        ("pages", "", [("/", "4", "100%"), ("/pricing", "1", "25%")]),
        ("pages", "&tab=exits", [("/", "4", "100%"), ("/pricing", "1", "25%")]),
        ("places", "", [("Germany", "2", "50%"), ("Unknown", "1", "25%"), ("Austria", "1", "25%")]),
        ("devices", "", [("Unknown", "4", "100%")]),
        ("events", "", [("Seen", "1", "25%"), ("Signup", "1", "25%")]),
        ("channels", "&f=country:is:AT", [("Organic Search", "1", "100%")]),
        ("pages", "&f=page:is:/pricing", [("/pricing", "1", "100%")]),
        ("events", "&f=event:is:Signup", [("Signup", "1", "100%")]),
        ("pages", "&f=event:is:Signup", [("/", "1", "100%")]),
    ],
)
def test_a_panel_counts_each_visitor_once_a_row(
    in_alder: Cast, worked_day: Site, name: str, query: str, expected: list[tuple[str, ...]]
) -> None:
    assert sorted(rows(panel(in_alder, name, query))) == sorted(expected)


def test_a_pressed_row_narrows_and_a_pressed_one_widens_again(in_alder: Cast, worked_day: Site) -> None:
    page = panel(in_alder, "places")
    assert "f=country%3Ais%3ADE" in page
    again = panel(in_alder, "places", "&f=country:is:DE")
    assert re.search(r'href="/s/[^"]*\?period=yesterday" aria-current="true" title="Germany', again)


def test_the_unknown_share_is_said(in_alder: Cast, worked_day: Site) -> None:
    assert "25% unknown" in panel(in_alder, "places")


def test_a_place_is_pressed_with_its_country(in_alder: Cast, site: Site) -> None:
    visit_make(site, at(9), country="DE", region="Bavaria", city="Munich")
    assert "f=city%3Ais%3ADE%3EBavaria%3EMunich" in panel(in_alder, "places", "&tab=cities")


def test_companies_are_named_and_lead_to_their_page(in_alder: Cast, site: Site) -> None:
    company = Company.objects.create(name="Varnholt AG", domain="varnholt.example", created_at=NOW, updated_at=NOW)
    CompanyClient.objects.create(company=company, client_id=site.client_id, first_seen_at=at(9), last_seen_at=at(9))
    visit_make(site, at(9), company_id=company.id, network_kind="business")
    visit_make(site, at(10), network_kind="consumer", organisation="Example Telecom")
    page = panel(in_alder, "companies")
    assert "Varnholt AG" in page and f"/companies/{company.id}" in page
    assert "Example Telecom" not in page
    assert "50% of visitors are of a known company" in page
    assert "Varnholt AG" in panel(in_alder, "companies", "&tab=new")
    assert "Internet provider" in panel(in_alder, "companies", "&tab=networks")


def test_a_company_known_before_is_not_new(in_alder: Cast, site: Site) -> None:
    company = Company.objects.create(name="Varnholt AG", domain="varnholt.example", created_at=NOW, updated_at=NOW)
    CompanyClient.objects.create(
        company=company, client_id=site.client_id, first_seen_at=at(9, day=1), last_seen_at=at(9)
    )
    visit_make(site, at(9), company_id=company.id)
    assert "No company was here for the first time" in panel(in_alder, "companies", "&tab=new")


def test_the_ledger_adds_up_in_front_of_the_reader(in_alder: Cast, worked_day: Site) -> None:
    ledger_put(worked_day, at(9), "refused", 2, "origin")
    ledger_put(worked_day, at(9), "counted", 8)
    ledger_put(worked_day, at(9), "folded", 5)
    ledger_put(worked_day, at(9), "set_aside", 1, "bot_declared")
    ledger_put(worked_day, at(9, day=1), "counted", 1_000)
    page = panel(in_alder, "trust")
    figures = re.findall(r"<b>([\d,]+)</b><span>([^<]+)</span>", page)
    assert figures == [
        ("16", "received"),
        ("2", "refused"),
        ("14", "accepted"),
        ("14", "accepted"),
        ("8", "counted"),
        ("5", "folded into their view"),
        ("1", "set aside"),
    ]
    assert "2 from a foreign domain" in page


def test_a_day_without_receipt_shows_everything_and_says_so(in_alder: Cast, worked_day: Site) -> None:
    ledger_put(worked_day, at(9, day=1), "counted", 1_000)
    page = panel(in_alder, "trust")
    assert "Nothing was received on these days" in page
    assert "1,000" in page


@pytest.mark.parametrize("name", [*PANELS, "trust"])
def test_every_panel_says_when_it_is_empty(in_alder: Cast, site: Site, name: str) -> None:
    visit_make(site, at(9, day=1))
    assert 'class="empty-line"' in panel(in_alder, name)


@pytest.mark.parametrize("name", list(PANELS))
@pytest.mark.parametrize("visits", [1, 60])
def test_a_panel_costs_a_few_queries_however_much_there_is(in_alder: Cast, site: Site, name: str, visits: int) -> None:
    for number in range(visits):
        pages, events = [Page(f"/{number}")], [Happened(f"Event {number}")]
        visit_make(site, at(9, number % 60), pages=pages, events=events, source=f"S{number}", country="DE")
    browser = in_alder.browser(in_alder.viewer)
    browser.get("/account")  # notes in the session that the e-mail is confirmed
    with CaptureQueriesContext(connection) as queries:
        assert browser.htmx(f"/s/{site.slug}/panels/{name}").status_code == 200
    assert len(queries) <= MOST_QUERIES


def test_without_htmx_a_panel_is_its_page(in_alder: Cast, worked_day: Site) -> None:
    response = in_alder.browser(in_alder.viewer).get(f"/s/{worked_day.slug}/panels/places?tab=cities&period=yesterday")
    assert (response.status_code, response["Location"]) == (
        302,
        f"/s/{worked_day.slug}/breakdown/cities?period=yesterday",
    )


def test_there_is_no_other_panel(in_alder: Cast, worked_day: Site) -> None:
    assert in_alder.browser(in_alder.viewer).htmx(f"/s/{worked_day.slug}/panels/secrets").status_code == 404
