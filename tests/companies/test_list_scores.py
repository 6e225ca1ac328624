"""Scores on a list over several clients: those of the sites whose client ignores a company say nothing of it there."""

from urllib.parse import quote

import pytest

from apps.companies.models import Company, CompanyClient, CompanyCorrection, TargetAccount
from apps.scoring.models import Score
from apps.sites.models import Site
from apps.tracking.models import Session
from tests.cast import Cast, streamed
from tests.factories_tracking import Page, visit_make

from .conftest import NOW, ago, score_put
from .reading import companies, csv_rows, table, words

QUARRYSTONE = "Quarrystone_100% Ferrous"
LIST = "/companies?cols=temperature,score,category,visits,site"


def html(cast: Cast, address: str = LIST) -> str:
    answer = cast.browser(cast.owner).get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def names(cast: Cast, address: str) -> list[str]:
    return companies(html(cast, address))


def of_varnholt(cast: Cast, address: str = LIST) -> list[str]:
    return next(cells[1:] for cells in table(html(cast, address)) if cells[0].startswith("VA "))


def ignore(cast: Cast, domain: str = "varnholt.example") -> None:
    CompanyClient.objects.filter(client_id=cast.first.id, company__domain=domain).update(is_ignored=True)


@pytest.fixture
def scored(worked_month: Cast) -> Cast:
    """Varnholt with 85 on the first client's site and 12 on the second's, Quarrystone with 50 on the first's alone."""
    score_put(worked_month.site.id, "varnholt.example", 85)
    score_put(worked_month.other_site.id, "varnholt.example", 12)
    score_put(worked_month.site.id, "quarrystone.example", 50)
    return worked_month


def test_the_score_is_of_a_site_whose_client_does_not_ignore_the_company(scored: Cast) -> None:
    assert of_varnholt(scored) == ["Hot", "85", "High Intent", "4", "First site"]
    ignore(scored)
    assert of_varnholt(scored) == ["Cold", "12", "Looker", "1", "Second site"]
    page = words(html(scored))
    assert "All 2 Hot 0 " in page and "Ignored 1" in page


def test_tabs_filters_and_order_go_by_that_score(scored: Cast) -> None:
    assert names(scored, f"{LIST}&view=hot") == ["Varnholt AG"]
    ignore(scored)
    assert names(scored, f"{LIST}&view=hot") == []
    assert names(scored, f"{LIST}&f=temperature:is:hot") == names(scored, f"{LIST}&f=score:at_least:51") == []
    assert names(scored, f"{LIST}&f=category:is:looker") == ["Varnholt AG"]
    for sort in ("score", "temperature", "category"):
        assert names(scored, f"{LIST}&sort=-{sort}") == [QUARRYSTONE, "Varnholt AG"]
        assert names(scored, f"{LIST}&sort={sort}") == ["Varnholt AG", QUARRYSTONE]


def test_among_the_ignored_it_is_that_of_the_sites_whose_client_ignores_it(scored: Cast) -> None:
    ignore(scored)
    expected = ["Hot", "85", "High Intent", "3", "First site"]
    assert of_varnholt(scored, f"{LIST}&view=ignored") == expected
    assert of_varnholt(scored, f"{LIST}&f=ignored:is:yes") == expected
    assert of_varnholt(scored, f"{LIST}&f=ignored:is:no") == ["Cold", "12", "Looker", "1", "Second site"]
    assert of_varnholt(scored, f"{LIST}&f=ignored:is:yes|no") == ["Hot", "85", "High Intent", "4", "First site"]


def test_a_site_on_which_it_did_not_come_in_the_period_counts_unless_its_client_ignores_it(scored: Cast) -> None:
    Session.objects.filter(site_id=scored.site.id).delete()
    assert of_varnholt(scored)[:2] == ["Hot", "85"]
    ignore(scored)
    assert of_varnholt(scored)[:2] == ["Cold", "12"]


def test_without_a_score_on_the_sites_that_count_there_is_none(scored: Cast) -> None:
    Score.objects.filter(site_id=scored.other_site.id).delete()
    ignore(scored)
    assert of_varnholt(scored)[:3] == ["–", "–", "–"]


def test_a_client_ignores_on_all_its_sites(scored: Cast) -> None:
    third = Site.objects.create(client=scored.first, name="Third site", slug="third-site", time_zone="Europe/Berlin")
    varnholt = Company.objects.get(domain="varnholt.example")
    visit_make(third, ago(days=1), pages=[Page("/")], company_id=varnholt.id, matched_at=NOW)
    score_put(third.id, "varnholt.example", 95)
    assert of_varnholt(scored)[1] == "95"
    ignore(scored)
    assert of_varnholt(scored)[1] == "12"


def test_what_was_merged_into_a_company_has_it_ignored(scored: Cast) -> None:
    CompanyCorrection.objects.create(
        kind="merge", domain="quarrystone.example", to_domain="varnholt.example", made_by="-", made_at=NOW
    )
    assert of_varnholt(scored)[1] == "85"
    ignore(scored, "quarrystone.example")
    assert of_varnholt(scored)[1] == "12"


def test_files_changes_and_the_way_through_the_list_are_of_the_same_companies(scored: Cast) -> None:
    """What is hot is taken along, changed and counted as the page has it."""
    browser, varnholt = scored.browser(scored.owner), Company.objects.get(domain="varnholt.example")
    beside = f"/s/second-site/companies/{varnholt.id}?list={quote('view=hot')}&at=1&all=1"
    change = {"action": "watch", "all": "1", "query": "view=hot"}

    def taken() -> list[dict[str, str]]:
        return csv_rows(streamed(browser.get(f"{LIST}&format=csv")))

    assert taken()[0]["Score"] == "85" and "1 of 1" in words(html(scored, beside))
    ignore(scored)
    assert {row["Company"]: row["Score"] for row in taken()} == {"Varnholt AG": "12", QUARRYSTONE: "50"}
    assert csv_rows(streamed(browser.get(f"{LIST}&view=hot&format=csv"))) == []
    assert "1 of 1" not in words(html(scored, beside))
    browser.post("/companies/bulk", change)
    assert not TargetAccount.objects.exists()
