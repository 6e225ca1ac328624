"""The portfolio: a row a site, what needs somebody, and who sees which."""

import csv
from datetime import datetime, timedelta
from io import StringIO
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.analytics.portfolio import Portfolio, portfolio, sentence
from apps.analytics.site_health import TagState
from apps.companies.models import Company, CompanyClient
from apps.core.formats import moment
from apps.installation.models import Silence
from apps.scoring.services import scores_work
from apps.sites.models import Site
from tests.cast import Cast
from tests.factories import make_site
from tests.factories_tracking import visit_make
from tests.scoring.conftest import company_make, make_hot

from .conftest import NOW, at

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
# Host, user, membership; sites and domains for page and shell; health twice, three queries each; figures three; new
# companies; hot ones; merges three times; silences that are over; destinations.
MOST_QUERIES = 29


def found_for(*sites: Site) -> Portfolio:
    return portfolio(list(Site.objects.filter(id__in=[site.id for site in sites]).select_related("client")), now=NOW)


def test_a_row_has_the_last_seven_days_against_the_seven_before(in_alder: Cast, site: Site) -> None:
    for back in range(7):
        for _ in range(3):
            visit_make(site, at(9, day=13) - DAY * back)
    for back in range(7, 14):
        for _ in range(2):
            visit_make(site, at(9, day=13) - DAY * back)
    # Not yet: it is noon, and a week ago this was the afternoon.
    visit_make(site, at(15, day=6))
    row = found_for(site).rows[0]
    assert (row.visitors, row.change.text, row.days[-7:]) == (21, "+50.0%", [3] * 7)
    assert len(row.days) == 28


def test_days_are_those_of_each_sites_zone(in_alder: Cast, site: Site) -> None:
    far = make_site(in_alder.first, time_zone="Pacific/Auckland")
    # 11 May, 13:00 UTC: the 12th in Auckland, the 11th in Vienna.
    moment = at(15, day=11)
    for one in (site, far):
        visit_make(one, moment)
    rows = {row.site.id: row for row in found_for(site, far).rows}
    assert moment.astimezone(ZoneInfo("Pacific/Auckland")).day == 12
    assert (rows[site.id].days[-3], rows[far.id].days[-2]) == (1, 1)


def test_people_of_the_last_five_minutes_are_there_now(in_alder: Cast, site: Site) -> None:
    visit_make(site, NOW - 20 * MINUTE, last_s=17 * 60, visitor=1)
    visit_make(site, NOW - 2 * MINUTE, visitor=2)
    visit_make(site, NOW - 20 * MINUTE, last_s=10 * 60, visitor=3)
    visit_make(site, NOW - 1 * MINUTE, visitor=4, set_aside="bot_declared")
    assert found_for(site).rows[0].health.live == 2


def silence(site: Site, heard_at: datetime, **fields: object) -> Silence:
    return Silence.objects.create(site=site, heard_at=heard_at, raised_at=NOW, usual=38.2, **fields)


def test_a_silent_site_needs_somebody(in_alder: Cast, site: Site) -> None:
    visit_make(site, NOW - 3 * HOUR)
    silence(site, NOW - 3 * HOUR)
    found = found_for(site)
    heard = moment(NOW - 3 * HOUR, zone=ZoneInfo(site.time_zone), now=NOW)
    row = found.rows[0]
    assert row.health.state is TagState.SILENT
    assert row.state.text == f"Silent since {heard}"
    assert [(need.head, need.text) for need in found.needs] == [
        (f"Tag silent since {heard}.", "Usually 38 page views by now.")
    ]


@pytest.mark.parametrize(
    ("ago", "status", "expected"),
    [
        (2 * HOUR, "active", TagState.WORKING),  # heard again; the alarm is cleared with the next look
        (3 * HOUR, "paused", TagState.PAUSED),
    ],
)
def test_an_alarm_that_is_about_to_be_cleared_isnt_shown(
    in_alder: Cast, site: Site, ago: timedelta, status: str, expected: TagState
) -> None:
    visit_make(site, NOW - ago)
    silence(site, NOW - 3 * HOUR)
    Site.objects.filter(id=site.id).update(status=status)
    found = found_for(site)
    assert (found.rows[0].health.state, found.needs) == (expected, [])


def test_a_site_without_an_alarm_is_at_most_quiet(in_alder: Cast, site: Site) -> None:
    visit_make(site, NOW - 2 * DAY)
    assert found_for(site).rows[0].health.state is TagState.QUIET


def test_a_site_that_is_heard_again_is_good_to_know_for_a_day(in_alder: Cast, site: Site) -> None:
    visit_make(site, NOW - HOUR)
    silence(site, NOW - 5 * HOUR, ended_at=NOW - HOUR, end="heard")
    silence(site, NOW - 3 * DAY, ended_at=NOW - 2 * DAY, end="heard")
    silence(site, NOW - 4 * HOUR, ended_at=NOW - 2 * HOUR, end="rests")
    assert [line.head for line in found_for(site).calm] == ["Heard again,"]


def test_a_site_waits_for_its_first_event(in_alder: Cast, site: Site) -> None:
    Site.objects.filter(id=site.id).update(created_at=NOW - 2 * DAY)
    found = found_for(site)
    assert found.rows[0].health.state is TagState.WAITING
    assert [need.head for need in found.needs] == ["Waiting for its first event."]
    Site.objects.filter(id=site.id).update(created_at=NOW - HOUR)
    found = found_for(site)
    assert (found.needs, [line.head for line in found.calm]) == ([], ["Added today,"])


def test_an_imported_log_is_no_tag(in_alder: Cast, site: Site) -> None:
    visit_make(site, at(9).replace(year=2015), origin="import")
    found = found_for(site)
    assert found.rows[0].health.state is TagState.IMPORTED
    assert found.needs == []


def test_a_bot_shows_that_the_tag_works_but_is_nobody(in_alder: Cast, site: Site) -> None:
    visit_make(site, NOW - HOUR, set_aside="bot_headless")
    row = found_for(site).rows[0]
    assert (row.health.state, row.visitors, row.health.live) == (TagState.WORKING, 0, 0)


def test_a_strong_fall_is_told(in_alder: Cast, site: Site) -> None:
    for number in range(100):
        visit_make(site, at(9, day=4) + number * MINUTE / 2)
    for _ in range(40):
        visit_make(site, NOW - 10 * MINUTE)
    found = found_for(site)
    assert [need.head for need in found.needs] == ["Visitors down 60.0%"]


def test_new_companies_are_good_to_know(in_alder: Cast, site: Site) -> None:
    for number, first in enumerate([NOW - DAY, NOW - 2 * DAY, NOW - 30 * DAY]):
        company = Company.objects.create(
            name=f"Company {number}", domain=f"c{number}.example", created_at=NOW, updated_at=NOW
        )
        CompanyClient.objects.create(company=company, client_id=site.client_id, first_seen_at=first, last_seen_at=NOW)
        visit_make(site, NOW - HOUR, company_id=company.id)
    found = found_for(site)
    assert found.rows[0].companies == 3
    assert [(line.head, line.text) for line in found.calm] == [("2 new companies this week:", "Company 0, Company 1")]


def test_what_needs_somebody_comes_first(in_alder: Cast, site: Site) -> None:
    visit_make(site, NOW - HOUR)
    Site.objects.filter(id=in_alder.other_site.id).update(created_at=NOW - 2 * DAY)
    found = found_for(site, in_alder.other_site)
    assert [row.site.id for row in found.rows] == [in_alder.other_site.id, site.id]
    assert sentence(found) == "1 thing at 1 site of 2. Nothing urgent at the other 1."


def test_the_page_shows_it(in_alder: Cast, site: Site) -> None:
    visit_make(site, NOW - MINUTE)
    page = in_alder.browser(in_alder.viewer).get("/").content.decode()
    for text in ("What needs you", "First site", "first.example", "Second site", "Working", "Not seen yet"):
        assert text in page


def test_a_limited_member_sees_the_sites_of_their_clients_alone(in_alder: Cast, site: Site) -> None:
    visit_make(in_alder.other_site, NOW - MINUTE)
    page = in_alder.browser(in_alder.limited).get("/").content.decode()
    assert "First site" in page
    assert "Second site" not in page and "second.example" not in page


def test_another_agency_sees_its_own(in_alder: Cast, site: Site) -> None:
    page = in_alder.browser(in_alder.outsider, in_alder.birch).get("/").content.decode()
    assert "Birch site" in page and "First site" not in page
    assert in_alder.browser(in_alder.outsider).get("/").status_code == 404


def test_an_archived_site_is_not_listed(in_alder: Cast, site: Site) -> None:
    Site.objects.filter(id=in_alder.other_site.id).update(status=Site.Status.ARCHIVED)
    page = in_alder.browser(in_alder.viewer).get("/").content.decode()
    assert "Second site" not in page
    assert "1 archived site" in page


def test_the_file_holds_the_table(in_alder: Cast, site: Site) -> None:
    visit_make(site, NOW - MINUTE)
    response = in_alder.browser(in_alder.analyst).get("/sites.csv")
    lines = list(csv.DictReader(StringIO(response.content.decode("utf-8-sig"))))
    by_site = {line["Site"]: line for line in lines}
    assert (by_site["First site"]["Visitors, 7 days"], by_site["First site"]["Tag"]) == ("1", "Working")
    assert in_alder.browser(in_alder.viewer).get("/sites.csv").status_code == 403
    limited = in_alder.browser(in_alder.limited).get("/sites.csv").content.decode()
    assert "Second site" not in limited


@pytest.mark.parametrize("sites", [1, 12])
def test_the_number_of_queries_does_not_grow_with_the_sites(in_alder: Cast, site: Site, sites: int) -> None:
    for number in range(sites):
        one = make_site(in_alder.first, time_zone=("UTC", "Asia/Tokyo", "America/Lima")[number % 3])
        visit_make(one, NOW - 2 * HOUR)
    browser = in_alder.browser(in_alder.viewer)
    browser.get("/account")  # notes in the session that the e-mail is confirmed
    with CaptureQueriesContext(connection) as queries:
        assert browser.get("/").status_code == 200
    assert len(queries) <= MOST_QUERIES


def test_a_row_has_the_companies_that_are_hot_now_but_not_those_that_are_ignored(in_alder: Cast, site: Site) -> None:
    hot, ignored = company_make("Varnholt AG"), company_make("Westmere Ltd")
    for company in (hot, ignored):
        make_hot(company, site, NOW - HOUR)
    client = {"client_id": site.client_id, "first_seen_at": NOW, "last_seen_at": NOW}
    CompanyClient.objects.create(company=ignored, is_ignored=True, **client)
    scores_work()
    assert [row.hot for row in found_for(site).rows] == [1]
    assert [row.hot for row in portfolio([site], now=NOW + 60 * DAY).rows] == [0]
