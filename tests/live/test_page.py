"""The live page as it is loaded: who gets it, and what stands on it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.cache import cache

from apps.companies.models import Company, CompanyClient
from apps.core import clock
from apps.live.counting import MINUTES
from apps.live.presence import ROWS, presence_now
from apps.scoring.models import ScoreChange
from apps.scoring.selectors import score_of
from apps.scoring.services import scores_work
from apps.sites.models import Site
from apps.tracking.models import Origin
from tests.cast import Cast
from tests.factories_tracking import Happened, Page, visit_make
from tests.queries import queries_asked
from tests.scoring.conftest import company_make, make_hot

from .sockets import words

NOW = datetime(2026, 5, 13, 10, 0, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def fixed_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def path(site: Site) -> str:
    return f"/s/{site.slug}/live"


# --- who gets it ------------------------------------------------------------------------------------------------------


def test_it_shows_who_is_there(in_alder: Cast) -> None:
    company = Company.objects.create(name="Varnholt AG", domain="varnholt.example", created_at=NOW, updated_at=NOW)
    google: dict[str, Any] = {"source": "Google", "channel": "Paid Search"}
    visit_make(in_alder.site, ago(90), pages=[Page("/"), Page("/pricing", 60)], company_id=company.id, **google)
    text = words(in_alder.browser(in_alder.viewer).get(path(in_alder.site)).content.decode())
    assert "1 person on the site" in text
    assert "1 from a network that names a company" in text
    assert "Varnholt AG – /pricing Google, paid unknown 1m 30s" in text
    assert "Varnholt AG came from Google, paid, to /" in text
    assert "times in UTC" in text


@pytest.mark.parametrize("role", ["owner", "admin", "manager", "analyst", "viewer", "limited"])
def test_every_role_may_watch(in_alder: Cast, role: str) -> None:
    assert in_alder.browser(getattr(in_alder, role)).get(path(in_alder.site)).status_code == 200


def test_another_agencys_member_gets_404(in_alder: Cast) -> None:
    assert in_alder.browser(in_alder.outsider).get(path(in_alder.site)).status_code == 404
    theirs = in_alder.browser(in_alder.outsider, in_alder.birch)
    assert theirs.get(path(in_alder.site)).status_code == 404


def test_a_member_of_another_client_gets_404(in_alder: Cast) -> None:
    assert in_alder.browser(in_alder.limited).get(path(in_alder.other_site)).status_code == 404


def test_somebody_logged_out_is_sent_to_the_login(in_alder: Cast) -> None:
    answer = in_alder.browser(None).get(path(in_alder.site))
    assert (answer.status_code, answer.headers["Location"].split("?")[0]) == (302, "/login")


# --- what is right ----------------------------------------------------------------------------------------------------


def test_presence_ends_five_minutes_after_the_last_event(in_alder: Cast) -> None:
    visit_make(in_alder.site, ago(900), last_s=601)  # 299 s ago
    visit_make(in_alder.site, ago(900), last_s=599)  # 301 s ago
    assert presence_now(in_alder.site.id).visitors == 1


def test_bots_imports_and_other_sites_are_nowhere(in_alder: Cast) -> None:
    visit_make(in_alder.site, ago(10), set_aside="bot_declared")
    visit_make(in_alder.site, ago(10), origin=Origin.IMPORT)
    visit_make(in_alder.other_site, ago(10))
    seen = presence_now(in_alder.site.id)
    assert (seen.visitors, seen.listed, seen.visits, seen.feed, seen.pages) == (0, 0, [], [], [])
    assert seen.minutes == [0] * MINUTES


def test_figures_by_hand(in_alder: Cast) -> None:
    """Three visitors, one of them with two visits: on /b since the later one."""
    site = in_alder.site
    vienna: dict[str, Any] = {"latitude": 48.2, "longitude": 16.37, "city": "Vienna (Inner City)"}
    visit_make(site, ago(200), pages=[Page("/a")], visitor=1, **vienna)
    visit_make(site, ago(100), pages=[Page("/b")], visitor=1, **vienna)
    visit_make(site, ago(80), pages=[Page("/b")], visitor=2, company_id=7, **vienna)
    visit_make(site, ago(70), pages=[Page("/c")], visitor=3)
    seen = presence_now(site.id)
    assert (seen.visitors, seen.listed, seen.in_companies, seen.without_place) == (3, 4, 1, 1)
    assert [(page.name, page.value, page.share, page.width) for page in seen.pages] == [
        ("/b", "2", "67%", 100),
        ("/c", "1", "33%", 50),
    ]
    assert [(place.count, place.label) for place in seen.places] == [(2, "Vienna (Inner City)")]
    assert [visit.path for visit in seen.visits] == ["/c", "/b", "/b", "/a"]
    # 10:00:30 less 200 s is 09:57:10, 100 s 09:58:50, 80 s 09:59:10, 70 s 09:59:20.
    assert seen.minutes[-4:] == [1, 1, 2, 0]


def test_a_minute_that_was_counted_stays_as_it_was(in_alder: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """09:58:50 and 10:00:20, looked at at 10:00:30 and then at 10:01:05, with one more at 10:01:02."""
    visit_make(in_alder.site, ago(100))
    visit_make(in_alder.site, ago(10))
    before = presence_now(in_alder.site.id)
    assert before.minutes[-4:] == [0, 1, 0, 1]
    visit_make(in_alder.site, ago(95))  # so late that it isn't looked for any more
    visit_make(in_alder.site, ago(5))  # still on its way when its minute ended
    visit_make(in_alder.site, ago(-32))
    monkeypatch.setattr(clock, "now", lambda: ago(-35))
    assert presence_now(in_alder.site.id, before=before).minutes[-4:] == [1, 0, 2, 1]
    assert presence_now(in_alder.site.id).minutes[-4:] == [2, 0, 2, 1]


def test_minutes_after_a_long_silence(in_alder: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    visit_make(in_alder.site, ago(10))
    before = presence_now(in_alder.site.id)
    for minutes in (7, 29, 30, 45):
        monkeypatch.setattr(clock, "now", lambda minutes=minutes: NOW + timedelta(minutes=minutes))
        after = presence_now(in_alder.site.id, before=before).minutes
        assert after == presence_now(in_alder.site.id).minutes
        assert sum(after) == (1 if minutes < 30 else 0)


def test_the_feed_says_what_was_done(in_alder: Cast) -> None:
    visit_make(
        in_alder.site,
        ago(50),
        pages=[Page("/"), Page("/contact", 10)],
        events=[Happened("form_submit", 20, path="/contact"), Happened("quote_form-start", 30, path="/contact")],
        source="Direct",
        city="Graz",
    )
    said = [f"{line.who} {line.did} {line.path}" for line in presence_now(in_alder.site.id).feed]
    assert said == [
        "Someone in Graz did “quote form start” on /contact",
        "Someone in Graz sent a form on /contact",
        "Someone in Graz opened /contact",
        "Someone in Graz came directly to /",
    ]


def test_a_company_that_is_gone_leads_nowhere(in_alder: Cast) -> None:
    visit_make(in_alder.site, ago(5), company_id=999, network_kind="business")
    (visit,) = presence_now(in_alder.site.id).visits
    assert (visit.company_id, visit.who) == (None, "Company network")


def test_an_empty_site_says_so(in_alder: Cast) -> None:
    text = words(in_alder.browser(in_alder.owner).get(path(in_alder.site)).content.decode())
    assert "0 people on the site" in text
    assert "Nobody is here right now." in text
    assert "Nothing in the last five minutes." in text


def test_the_list_is_capped_and_says_so(in_alder: Cast) -> None:
    for number in range(ROWS + 3):
        visit_make(in_alder.site, ago(number + 1), visitor=number)
    answer = in_alder.browser(in_alder.owner).get(path(in_alder.site)).content.decode()
    assert answer.count('<tr role="row" id="visit-') == ROWS
    assert f"The newest {ROWS} are listed, of {ROWS + 3} visits." in words(answer)


@pytest.mark.parametrize("visitors", [1, 100])
def test_presence_takes_ten_queries_whoever_is_there(in_alder: Cast, visitors: int) -> None:
    company = Company.objects.create(name="Varnholt AG", domain="varnholt.example", created_at=NOW, updated_at=NOW)
    for number in range(visitors):
        visit_make(in_alder.site, ago(number), visitor=number, company_id=company.id)
    with queries_asked(10):
        presence_now(in_alder.site.id)


@pytest.mark.parametrize("visitors", [1, 30])
def test_the_page_takes_as_many_queries_for_thirty_as_for_one(in_alder: Cast, visitors: int) -> None:
    for number in range(visitors):
        visit_make(in_alder.site, ago(number), visitor=number)
    browser = in_alder.browser(in_alder.viewer)
    browser.get(path(in_alder.site))
    # Domain, login, user, membership; site; eight of presence, as there is no company; the rest is the shell's,
    # silent sites among it.
    with queries_asked(18):
        browser.get(path(in_alder.site))


# --- scores -----------------------------------------------------------------------------------------------------------


def test_a_company_has_its_score_and_who_has_turned_hot_is_named(in_alder: Cast) -> None:
    company = company_make()
    make_hot(company, in_alder.site, ago(0))
    visit_make(in_alder.site, ago(20), company_id=company.id, latitude=48.14, longitude=11.58)
    cold = company_make("Westmere Ltd")
    visit_make(in_alder.site, ago(25), visitor=2, company_id=cold.id, latitude=41.88, longitude=-87.63)
    scores_work()
    score = score_of(site_id=in_alder.site.id, company_id=company.id, at=NOW)
    assert score is not None
    cache.clear()  # the navigation's count is kept for some seconds
    answer = in_alder.browser(in_alder.viewer).get(path(in_alder.site)).content.decode()
    assert f"Varnholt AG Hot {score.shown} /" in words(answer)
    assert "3 from a network that names a company, 2 of them hot" in words(answer)
    assert answer.count('class="halo-hot"') == 1 and "<title>Varnholt AG: /</title>" in answer
    assert '1<span class="vh"> hot</span>' in answer  # in the navigation
    assert f"Varnholt AG turned hot, score {score.shown}" in words(answer)
    other = in_alder.browser(in_alder.viewer).get(path(in_alder.other_site)).content.decode()
    assert "turned hot" not in other and "halo-hot" not in other and "of them hot" not in other
    CompanyClient.objects.update_or_create(
        company=company,
        client_id=in_alder.site.client_id,
        defaults={"is_ignored": True, "first_seen_at": NOW, "last_seen_at": NOW},
    )
    seen = presence_now(in_alder.site.id)
    assert (seen.in_companies, seen.in_hot, seen.hot_places) == (1, 0, [])


def test_what_is_backfilled_long_ago_or_ignored_is_not_named(in_alder: Cast) -> None:
    company, ignored = company_make(), company_make("Westmere Ltd")
    known = {"client_id": in_alder.site.client_id, "first_seen_at": NOW, "last_seen_at": NOW}
    CompanyClient.objects.create(company=ignored, is_ignored=True, **known)
    change = {"site_id": in_alder.site.id, "what": "temperature", "before": "warm", "after": "hot", "score": 80}
    for company_id, at, is_backfill in (
        (company.id, ago(10), True),
        (company.id, ago(16 * 60), False),
        (ignored.id, ago(10), False),
    ):
        ScoreChange.objects.create(company_id=company_id, at=at, is_backfill=is_backfill, **change)
    assert presence_now(in_alder.site.id).turned == []
