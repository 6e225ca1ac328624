"""The list of visits: people's, those set aside, pages of it, filters, and the file."""

import csv
import re
from datetime import UTC, datetime
from io import StringIO
from uuid import UUID

import pytest

from apps.analytics import visits as visits_module
from apps.analytics.visits import Cursor, cursor_read
from apps.companies.models import Company
from apps.sites.models import Site
from tests.cast import Cast
from tests.factories_tracking import visit_make

from .conftest import NOW, at

VISIT = re.compile(r"/visits/([0-9a-f-]{36})")


def visits(cast: Cast, query: str = "") -> str:
    response = cast.browser(cast.viewer).get(f"/s/{cast.site.slug}/visits?period=yesterday{query}")
    assert response.status_code == 200
    return response.content.decode()


def test_it_lists_peoples_visits_newest_first(in_alder: Cast, worked_day: Site) -> None:
    page = visits(in_alder)
    assert "5 visits, Tue 12 May; 1 more set aside." in page
    times = re.findall(r">12 May, (\d\d:\d\d)</time>", page)
    assert times == ["15:00", "12:00", "11:00", "10:00", "09:00"]
    assert "Examplebot" not in page


def test_bots_are_listed_apart_by_their_reason(in_alder: Cast, worked_day: Site) -> None:
    visit_make(worked_day, at(14), set_aside="spam_referrer")
    page = visits(in_alder, "&show=aside")
    assert "Examplebot" in page and "Spam referrers" in page
    visit_make(worked_day, at(15), set_aside="bot_network", bot_name="Cloud", signals="hosting,no_screen")
    assert "no script ran that knows a screen; it comes from a data centre" in visits(in_alder, "&show=aside")
    assert "data centre" not in visits(in_alder)
    assert "Spam referrers" in visits(in_alder, "&show=aside&reason=spam_referrer")
    assert "Examplebot" not in visits(in_alder, "&show=aside&reason=spam_referrer")


def test_filters_choose_visits(in_alder: Cast, worked_day: Site) -> None:
    assert len(VISIT.findall(visits(in_alder, "&f=country:is:AT"))) == 1
    assert len(VISIT.findall(visits(in_alder, "&f=page:is:/pricing"))) == 1


def test_a_company_has_its_name_and_a_provider_its_kind(in_alder: Cast, site: Site) -> None:
    company = Company.objects.create(name="Varnholt AG", domain="varnholt.example", created_at=NOW, updated_at=NOW)
    visit_make(site, at(9), company_id=company.id)
    visit_make(site, at(10), network_kind="consumer", organisation="Example Telecom", city="Vienna", country="AT")
    page = visits(in_alder)
    assert "Varnholt AG" in page
    assert "Internet provider, Vienna" in page
    assert "Example Telecom" not in page


def test_pages_follow_one_another_without_gap_or_repetition(in_alder: Cast, site: Site) -> None:
    # All at the same moment: the order by time alone wouldn't do.
    made = {str(visit_make(site, at(9)).id) for _ in range(103)}
    seen: list[str] = []
    query: str | None = ""
    while query is not None:
        page = visits(in_alder, query)
        seen += VISIT.findall(page)
        following = re.search(r'rel="next" href="[^"]*(after=[^"&]+)', page)
        query = f"&{following[1]}" if following else None
    assert len(seen) == 103
    assert set(seen) == made


@pytest.mark.parametrize("text", ["", "x", "1.x", "9" * 30 + ".", "-1.0", "17.", "1²." + "0" * 32])
def test_a_place_in_the_list_that_is_nonsense_is_the_beginning(text: str) -> None:
    assert cursor_read(text) is None


def test_a_place_in_the_list_comes_back_as_it_was() -> None:
    cursor = Cursor(datetime(2026, 5, 12, 9, 0, 0, 123_457, tzinfo=UTC), UUID(int=7))
    assert cursor_read(cursor.text) == cursor


def test_the_file_holds_all_of_the_list(in_alder: Cast, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visits_module, "EXPORT_CHUNK", 4)
    for _ in range(13):
        visit_make(site, at(9), source="=1+1", country="AT", city="Vienna")
    file = in_alder.browser(in_alder.analyst).download(f"/s/{site.slug}/visits.csv?period=yesterday")
    lines = list(csv.DictReader(StringIO(file.decode("utf-8-sig"))))
    assert len(lines) == 13
    assert len({line["Visit"] for line in lines}) == 13
    assert lines[0]["Started"] == "2026-05-12T09:00:00+02:00"
    assert lines[0]["Source"] == "'=1+1"
    assert lines[0]["Country"] == "Austria"


def test_a_viewer_may_not_export(in_alder: Cast, worked_day: Site) -> None:
    assert in_alder.browser(in_alder.viewer).get(f"/s/{worked_day.slug}/visits.csv").status_code == 403
    assert "visits.csv" not in visits(in_alder)


@pytest.mark.parametrize("path", ["visits", "visits.csv"])
def test_others_find_nothing_there(in_alder: Cast, worked_day: Site, path: str) -> None:
    outsider = in_alder.browser(in_alder.outsider, in_alder.birch)
    assert outsider.get(f"/s/{worked_day.slug}/{path}").status_code == 404
    assert in_alder.browser(in_alder.limited).get(f"/s/{in_alder.other_site.slug}/{path}").status_code == 404
