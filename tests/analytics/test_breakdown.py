"""A dimension in full: the table, its search, order and pages; and the same as CSV."""

import csv
import re
from io import StringIO

import pytest

from apps.analytics.breakdowns import DIMENSIONS
from apps.sites.models import Site
from tests.cast import Cast
from tests.factories_tracking import Page, visit_make

from .conftest import at

PAGES = [name for name in DIMENSIONS if name != "companies"]
ROW = re.compile(r'<tr role="row".*?</tr>', re.S)
CELL = re.compile(r'<td role="cell"[^>]*>(.*?)</td>', re.S)
TAG = re.compile(r"<[^>]+>")


def table(page: str) -> list[list[str]]:
    """Return the text of the table's cells."""
    body = page.partition("<tbody")[2].partition("</tbody>")[0]
    return [[" ".join(TAG.sub(" ", cell).split()) for cell in CELL.findall(row)] for row in ROW.findall(body)]


def shown(cast: Cast, dimension: str, query: str = "") -> list[list[str]]:
    response = cast.browser(cast.viewer).get(f"/s/{cast.site.slug}/breakdown/{dimension}?period=yesterday{query}")
    assert response.status_code == 200
    return table(response.content.decode())


def exported(cast: Cast, dimension: str, query: str = "") -> list[list[str]]:
    response = cast.browser(cast.analyst).get(f"/s/{cast.site.slug}/breakdown/{dimension}.csv?period=yesterday{query}")
    assert response.status_code == 200
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert "attachment" in response["Content-Disposition"]
    return list(csv.reader(StringIO(response.content.decode("utf-8-sig"))))


def test_a_table_has_the_metrics_of_each_value(in_alder: Cast, worked_day: Site) -> None:
    assert shown(in_alder, "sources") == [
        ["Google", "3", "75%", "3", "1.00", "33.3%", "2s"],
        ["Bing", "1", "25%", "1", "1.00", "100.0%", "0s"],
        ["Direct", "1", "25%", "1", "2.00", "0.0%", "1m 00s"],
    ]


def test_pages_are_counted_by_their_views(in_alder: Cast, worked_day: Site) -> None:
    # / was engaged 4 + 20 + 12 + 3 + 1 = 40 s in 5 views, by 4 people.
    assert shown(in_alder, "pages") == [["/", "4", "100%", "5", "8s"], ["/pricing", "1", "25%", "1", "10s"]]


@pytest.mark.parametrize("dimension", PAGES)
def test_the_file_holds_what_the_page_shows(in_alder: Cast, worked_day: Site, dimension: str) -> None:
    visit_make(worked_day, at(14), campaign="spring", medium="cpc", referrer_host="ref.example", city="Linz")
    on_page, in_file = shown(in_alder, dimension), exported(in_alder, dimension)
    assert len(in_file) - 1 == len(on_page)
    assert on_page
    assert [int(row[1].replace(",", "")) for row in on_page] == [
        int(line[in_file[0].index("Visitors")]) for line in in_file[1:]
    ]


@pytest.mark.parametrize(
    ("query", "first"),
    [("", "Google"), ("&sort=name", "Bing"), ("&sort=-visits", "Google"), ("&sort=nonsense", "Google")],
)
def test_a_table_is_sorted_as_asked(in_alder: Cast, worked_day: Site, query: str, first: str) -> None:
    assert shown(in_alder, "sources", query)[0][0] == first
    assert exported(in_alder, "sources", query)[1][0] == first


@pytest.mark.parametrize(
    ("dimension", "search", "found"),
    [
        ("sources", "goo", ["Google"]),
        ("sources", "%", []),
        ("countries", "german", ["DE Germany"]),
        ("countries", "nowhere", []),
        ("pages", "PRIC", ["/pricing"]),
        ("events", "sign", ["Signup"]),
    ],
)
def test_a_search_finds_values_by_what_they_are_called(
    in_alder: Cast, worked_day: Site, dimension: str, search: str, found: list[str]
) -> None:
    query = f"&q={search.replace('%', '%25')}"
    assert [row[0] for row in shown(in_alder, dimension, query)] == found
    assert len(exported(in_alder, dimension, query)) - 1 == len(found)


def test_a_long_table_has_pages_and_the_file_has_all(in_alder: Cast, site: Site) -> None:
    for number in range(105):
        visit_make(site, at(9), pages=[Page(f"/page-{number:03}")])
    first, second = shown(in_alder, "pages"), shown(in_alder, "pages", "&page=2")
    assert (len(first), len(second)) == (100, 5)
    assert {row[0] for row in first} & {row[0] for row in second} == set()
    assert len(exported(in_alder, "pages")) == 106


@pytest.mark.parametrize("page", ["0", "-1", "x", "99999999999", "²"])
def test_an_odd_page_number_is_the_first_page(in_alder: Cast, worked_day: Site, page: str) -> None:
    assert len(shown(in_alder, "sources", f"&page={page}")) == 3


def test_a_file_runs_nothing_in_a_spreadsheet(in_alder: Cast, site: Site) -> None:
    visit_make(site, at(9), source="=HYPERLINK(1)", campaign="+1", medium="@x")
    assert exported(in_alder, "sources")[1][0] == "'=HYPERLINK(1)"
    assert exported(in_alder, "campaigns")[1][0] == "'+1"
    assert exported(in_alder, "mediums")[1][0] == "'@x"


def test_a_viewer_may_not_export(in_alder: Cast, worked_day: Site) -> None:
    viewer = in_alder.browser(in_alder.viewer)
    assert viewer.get(f"/s/{worked_day.slug}/breakdown/sources.csv").status_code == 403
    assert "sources.csv" not in viewer.get(f"/s/{worked_day.slug}/breakdown/sources").content.decode()


@pytest.mark.parametrize("path", ["breakdown/pages", "breakdown/pages.csv"])
def test_others_find_nothing_there(in_alder: Cast, worked_day: Site, path: str) -> None:
    outsider = in_alder.browser(in_alder.outsider, in_alder.birch)
    assert outsider.get(f"/s/{worked_day.slug}/{path}").status_code == 404
    assert in_alder.browser(in_alder.limited).get(f"/s/{in_alder.other_site.slug}/{path}").status_code == 404


@pytest.mark.parametrize("name", ["companies", "visitor_id", "pages-x"])
def test_there_is_no_other_dimension(in_alder: Cast, worked_day: Site, name: str) -> None:
    assert in_alder.browser(in_alder.viewer).get(f"/s/{worked_day.slug}/breakdown/{name}").status_code == 404
