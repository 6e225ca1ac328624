"""The list of companies: figures, order, search, pages, filters and tabs."""

import re

import pytest

from apps.companies.models import Company
from apps.companies.services import visits_match
from apps.sites.models import Site
from tests.cast import Cast, streamed
from tests.factories_tracking import Page, visit_make
from tests.queries import queries_asked

from .conftest import ago, network
from .reading import companies, csv_rows, table, words

SITE = "/s/first-site/companies"
COLS = "cols=visits,visitors,pageviews,engaged,last,pages,source,site"
QUARRYSTONE = "Quarrystone_100% Ferrous"


def html(cast: Cast, address: str = SITE) -> str:
    answer = cast.browser(cast.owner).get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def names(cast: Cast, address: str = SITE) -> list[str]:
    return companies(html(cast, address))


# --- figures ----------------------------------------------------------------------------------------------------------


def test_figures_by_hand(worked_month: Cast) -> None:
    page = html(worked_month, f"{SITE}?{COLS}")
    varnholt, quarrystone = table(page)
    assert varnholt == [
        "VA Varnholt AG varnholt.example",
        "3",
        "2",
        "4",
        "1m 45s",
        "1 h ago",
        "Pricing page",
        "LinkedIn",
    ]
    docs = "Documentation or integration page"
    assert quarrystone[1:] == ["1", "1", "1", "1s", "Sun 10 May", docs, "Direct"]
    assert "2 companies, last 30 days. 80% of visits come from a network that names a company" in words(page)


def test_the_agencys_list_adds_its_sites_up(worked_month: Cast) -> None:
    varnholt, _ = table(html(worked_month, f"/companies?{COLS}"))
    assert varnholt[1:5] == ["4", "3", "5", "1m 52s"]
    assert varnholt[-1] == "First site"


def test_an_archived_sites_companies_are_left_out_of_the_agencys_list(worked_month: Cast) -> None:
    worked_month.site.status = Site.Status.ARCHIVED
    worked_month.site.save(update_fields=["status"])
    (varnholt,) = table(html(worked_month, f"/companies?{COLS}"))
    assert (varnholt[1], varnholt[-1]) == ("1", "Second site")
    assert names(worked_month) == ["Varnholt AG", QUARRYSTONE]


def test_a_set_aside_visit_is_in_no_figure(worked_month: Cast) -> None:
    company = Company.objects.get(domain="varnholt.example")
    visit_make(worked_month.site, ago(hours=2), set_aside="spam_referrer", company_id=company.id)
    assert table(html(worked_month, f"{SITE}?{COLS}"))[0][1] == "3"


def test_periods_choose_by_the_visits_start(worked_month: Cast) -> None:
    assert names(worked_month, f"{SITE}?period=today") == ["Varnholt AG"]
    assert table(html(worked_month, f"{SITE}?period=today&{COLS}"))[0][1] == "1"
    assert "University of Westmere" in names(worked_month, "/s/second-site/companies?period=90d")


# --- order, search, filters, tabs -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("", ["Varnholt AG", QUARRYSTONE]),
        ("last", [QUARRYSTONE, "Varnholt AG"]),
        ("-visits", ["Varnholt AG", QUARRYSTONE]),
        ("visitors", [QUARRYSTONE, "Varnholt AG"]),
        ("-pageviews", ["Varnholt AG", QUARRYSTONE]),
        ("engaged", [QUARRYSTONE, "Varnholt AG"]),
        ("name", [QUARRYSTONE, "Varnholt AG"]),
        ("-name", ["Varnholt AG", QUARRYSTONE]),
        ("nonsense; drop table", ["Varnholt AG", QUARRYSTONE]),
    ],
)
def test_it_sorts(worked_month: Cast, sort: str, expected: list[str]) -> None:
    assert names(worked_month, f"{SITE}?sort={sort}") == expected


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        ("varnholt", ["Varnholt AG"]),
        ("ARN", ["Varnholt AG"]),
        ("quarrystone.example", [QUARRYSTONE]),
        ("%25", [QUARRYSTONE]),
        ("e_1", [QUARRYSTONE]),
        ("_", [QUARRYSTONE]),
        ("%5C", []),
        ("v%25g", []),
        ("%00varnholt", ["Varnholt AG"]),
        ("'", []),
        ("  ", ["Varnholt AG", QUARRYSTONE]),
    ],
)
def test_search_takes_letters_for_what_they_are(worked_month: Cast, search: str, expected: list[str]) -> None:
    assert names(worked_month, f"{SITE}?q={search}") == expected


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ("f=source:is:LinkedIn", ["Varnholt AG"]),
        ("f=page:is:/docs", [QUARRYSTONE]),
        ("f=country:is_not:DE", ["Varnholt AG", QUARRYSTONE]),
        ("f=country:is:GB", []),
        ("f=nonsense:is:x", ["Varnholt AG", QUARRYSTONE]),
    ],
)
def test_filters_choose_visits(worked_month: Cast, filters: str, expected: list[str]) -> None:
    assert names(worked_month, f"{SITE}?{filters}") == expected


def test_a_filtered_companys_figures_are_those_of_the_visits_chosen(worked_month: Cast) -> None:
    (varnholt,) = table(html(worked_month, f"{SITE}?f=source:is:LinkedIn&{COLS}"))
    assert varnholt[1:5] == ["2", "1", "3", "1m 35s"]


def test_new_this_week_is_each_clients_own(worked_month: Cast) -> None:
    """Varnholt is known to the first client and new to the second: of its visits only the second's one is news."""
    assert names(worked_month, f"{SITE}?view=new") == [QUARRYSTONE]
    assert names(worked_month, "/s/second-site/companies?view=new") == ["Varnholt AG"]
    varnholt, _ = table(html(worked_month, f"/companies?view=new&{COLS}"))
    assert (varnholt[1], varnholt[-1]) == ("1", "Second site")
    assert "All 2 Hot 0 New this week 2" in words(html(worked_month, "/companies"))


def test_the_filter_form_leads_to_the_pages_own_address(worked_month: Cast) -> None:
    form = "filter_field=source&filter_op=is&filter_value=Google"
    answer = worked_month.browser(worked_month.owner).get(f"{SITE}?period=7d&{form}")
    assert (answer.status_code, answer.headers["Location"]) == (302, f"{SITE}?period=7d&f=source%3Ais%3AGoogle")


# --- pages, emptiness, cost -------------------------------------------------------------------------------------------


def many(cast: Cast, count: int) -> None:
    for number in range(count):
        about = network(f"Company {number:03}", f"c{number}.example")
        visit_make(cast.site, ago(hours=1, minutes=number), pages=[Page("/", engaged_s=1)], **about)
    visits_match()


def test_it_pages_without_losing_or_repeating_any(in_alder: Cast) -> None:
    many(in_alder, 120)
    pages = [names(in_alder, f"{SITE}?page={number}&sort=-visits") for number in (1, 2, 3)]
    assert [len(page) for page in pages] == [50, 50, 20]
    assert len({name for page in pages for name in page}) == 120
    assert "51–100 of 120 companies" in words(html(in_alder, f"{SITE}?page=2"))


@pytest.mark.parametrize("page", ["0", "-1", "x", "²", "9" * 5000, "99999999999"])
def test_a_nonsense_page_is_no_error(worked_month: Cast, page: str) -> None:
    html(worked_month, f"{SITE}?page={page}")


def test_empty_states_say_what_to_do(in_alder: Cast) -> None:
    assert "No company in this period" in words(html(in_alder))
    assert "No visits in this period (last 30 days)." in words(html(in_alder))
    searched = html(in_alder, f"{SITE}?q=nobody&period=7d")
    assert "No company fits" in words(searched)
    assert f'href="{SITE}?period=7d"' in searched


@pytest.mark.parametrize("count", [1, 60])
def test_sixty_companies_take_as_many_queries_as_one(in_alder: Cast, count: int) -> None:
    many(in_alder, count)
    browser = in_alder.browser(in_alder.viewer)
    browser.get(SITE)
    # Domain, login, user, membership; site, team, rules; merges, which companies, their figures, pages; two for what
    # clients know; saved views, tags; then the shell's.
    with queries_asked(20):
        browser.get(SITE)


# --- as a file --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", [SITE, "/companies", f"{SITE}?view=new", f"{SITE}?q=varn", f"{SITE}?sort=name"])
def test_the_file_says_what_the_page_says(worked_month: Cast, address: str) -> None:
    address += f"{'&' if '?' in address else '?'}{COLS}"
    answer = worked_month.browser(worked_month.analyst).get(f"{address}&format=csv")
    rows, shown = csv_rows(streamed(answer)), table(html(worked_month, address))
    assert [row["Company"] for row in rows] == names(worked_month, address)
    assert [[row["Visits"], row["Visitors (daily, summed)"], row["Page views"]] for row in rows] == [
        cells[1:4] for cells in shown
    ]


def test_the_file_holds_every_company_whatever_the_page(in_alder: Cast) -> None:
    many(in_alder, 60)
    answer = in_alder.browser(in_alder.owner).get(f"{SITE}?format=csv&page=2")
    assert len(csv_rows(streamed(answer))) == 60
    assert re.fullmatch(r'attachment; filename="companies-[\d-]+\.csv"', answer.headers["Content-Disposition"])


def test_figures_of_the_file_by_hand(worked_month: Cast) -> None:
    varnholt, _ = csv_rows(streamed(worked_month.browser(worked_month.owner).get(f"{SITE}?format=csv&{COLS}")))
    assert varnholt == {
        "Company": "Varnholt AG",
        "Domain": "varnholt.example",
        "Kind": "business",
        "Target account": "",
        "Visits": "3",
        "Visitors (daily, summed)": "2",
        "Page views": "4",
        "Engaged seconds": "105",
        "Last seen (UTC)": "2026-05-13T09:00:00+00:00",
        "Pages that matter": "Pricing page",
        "Pages read longest": "",
        "Source (of most visits)": "LinkedIn",
    }
