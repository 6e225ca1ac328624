"""The weekly digest: whom it names, when it goes out, and what its page shows."""

import re
from datetime import UTC, date, datetime, timedelta
from smtplib import SMTPServerDisconnected
from typing import Any

import pytest
from django.core.cache import cache

from apps.alerts import digest_views, digests, sending, why
from apps.alerts.digests import Span, digest_content, digests_raise, monday_of, week_before
from apps.alerts.models import AlertSent
from apps.companies.models import Company
from apps.core.periods import zone_of
from apps.scoring.loading import activities_load
from apps.scoring.services import scores_make
from apps.sites.models import Site
from tests.cast import Cast
from tests.factories import make_site
from tests.factories_tracking import Page
from tests.scoring.conftest import company_make, make_hot, visit_of

from .conftest import Kind, Outbox, at, known, wish
from .test_hot import send_all
from .test_pages import text_of

MONDAY = datetime(2026, 5, 11, tzinfo=UTC)  # of this week
SEVEN = MONDAY + timedelta(hours=7)
PAGE = "/s/first-site/alerts/digest"


@pytest.fixture(autouse=True)
def nothing_kept() -> None:
    """No digest of another test is known."""
    cache.clear()


def _refuse(*_: Any, **__: Any) -> None:
    raise SMTPServerDisconnected


def scored(site: Site, *companies: Company) -> None:
    scores_make(site_id=site.id, company_ids=[company.id for company in companies])


@pytest.fixture
def a_week(in_alder: Cast) -> Cast:
    """Last week on the first site: one company was new, one rose, one was hot and stayed so, one did little.

    | Newmark     | first came on Wednesday, reads a page            | new                 |
    | Riser       | known for months, on Saturday reads all         | risen               |
    | Steady      | hot on the Sunday before, reads all on Sunday    | hot, hardly changed |
    | Idler       | known, came once                                 | nowhere             |
    | Hidden      | new, ignored by the client                       | nowhere             |
    """
    site, client = in_alder.site, in_alder.first
    names = ("Newmark", "Riser", "Steady", "Idler", "Hidden")
    newmark, riser, steady, idler, hidden = companies = [company_make(name) for name in names]
    for company in companies:
        known(company, client, is_ignored=company is hidden)
    visit_of(newmark, site, MONDAY - timedelta(days=5), [Page("/", engaged_s=20)])
    newmark.clients.update(first_seen_at=MONDAY - timedelta(days=5))
    hidden.clients.update(first_seen_at=MONDAY - timedelta(days=5))
    visit_of(riser, site, MONDAY - timedelta(days=19))
    make_hot(riser, site, MONDAY - timedelta(days=1))
    for day in (7, 7.2, 0.5):
        make_hot(steady, site, MONDAY - timedelta(days=day))
    visit_of(steady, site, MONDAY - timedelta(days=18))
    visit_of(idler, site, MONDAY - timedelta(days=19))
    visit_of(idler, site, MONDAY - timedelta(days=3))
    make_hot(hidden, site, MONDAY - timedelta(days=1))
    scored(site, *companies)
    return in_alder


def sections(content: dict[str, Any]) -> dict[str, list[str]]:
    return {one["title"]: [company["name"] for company in one["companies"]] for one in content["sections"]}


def test_it_names_the_new_the_risen_and_the_hot_with_reasons(a_week: Cast) -> None:
    content = digest_content(site=a_week.site, span=week_before(MONDAY.date(), zone_of("UTC")))
    found = sections(content)
    assert found["New companies"] == ["Newmark"]
    assert found["Risen most"] == ["Riser"]
    assert found["Still hot"] == ["Steady"]
    assert content["subject"] == "First site: 1 new, 1 rising, 1 still hot companies"
    assert content["days"] == "4 May to 10 May"
    risen = content["sections"][1]["companies"][0]
    assert risen["rise"].startswith("+")
    assert len(risen["reasons"]) == 4
    assert "Hidden" not in str(content) and "Idler" not in str(content)


def test_the_same_week_says_the_same_later(a_week: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    span = week_before(MONDAY.date(), zone_of("UTC"))
    before = digest_content(site=a_week.site, span=span)
    at(monkeypatch, SEVEN + timedelta(days=5))
    make_hot(Company.objects.get(name="Idler"), a_week.site, SEVEN + timedelta(days=4))
    scored(a_week.site, *Company.objects.all())
    assert digest_content(site=a_week.site, span=span) == before


def test_it_goes_out_on_monday_at_seven_once(a_week: Cast, monkeypatch: pytest.MonkeyPatch, outbox: Outbox) -> None:
    for member in (a_week.viewer, a_week.limited):
        wish(member, a_week.site, Kind.DIGEST)
    at(monkeypatch, SEVEN - timedelta(seconds=1))
    assert digests_raise() == 0
    at(monkeypatch, SEVEN)
    assert digests_raise() == 2
    at(monkeypatch, SEVEN + timedelta(hours=3))
    assert digests_raise() == 0
    assert send_all() == 2
    assert {mail.to for mail in outbox()} == {a_week.viewer.user.email, a_week.limited.user.email}
    for body in (outbox()[0].text, outbox()[0].html):
        assert "Riser" in body and "Risen most" in body and "/mail/stop/" in body
    at(monkeypatch, SEVEN + timedelta(days=1))
    assert digests_raise() == 0  # Tuesday


def test_who_asked_after_seven_has_the_next_one(a_week: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    wish(a_week.viewer, a_week.site, Kind.DIGEST, since=SEVEN + timedelta(minutes=1))
    at(monkeypatch, SEVEN + timedelta(hours=1))
    assert digests_raise() == 0
    assert not AlertSent.objects.exists()


def test_seven_is_of_the_sites_zone(in_alder: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    in_alder.site.time_zone = "America/New_York"
    in_alder.site.save()
    wish(in_alder.viewer, in_alder.site, Kind.DIGEST)
    visit_of(company_make("Newmark"), in_alder.site, MONDAY - timedelta(days=2))
    known(Company.objects.get(), in_alder.first)
    Company.objects.get().clients.update(first_seen_at=MONDAY - timedelta(days=2))
    scored(in_alder.site, Company.objects.get())
    at(monkeypatch, SEVEN + timedelta(hours=3, minutes=59))
    assert digests_raise() == 0
    at(monkeypatch, SEVEN + timedelta(hours=4))
    assert digests_raise() == 1
    assert AlertSent.objects.get().day == date(2026, 5, 11)


@pytest.mark.parametrize(
    ("monday", "hours"), [(date(2026, 3, 30), 167), (date(2026, 10, 26), 169), (date(2026, 5, 11), 168)]
)
def test_weeks_of_the_clocks_changes_have_an_hour_less_or_more(monday: date, hours: int) -> None:
    zone = zone_of("Europe/Vienna")
    span = week_before(monday, zone)
    assert (span.until - span.since).total_seconds() == hours * 3600
    assert monday_of(span.until, zone) == monday
    assert monday_of(span.until - timedelta(seconds=1), zone) == monday - timedelta(days=7)


def test_with_nothing_to_report_no_mail_goes_out(
    in_alder: Cast, monkeypatch: pytest.MonkeyPatch, outbox: Outbox
) -> None:
    wish(in_alder.viewer, in_alder.site, Kind.DIGEST)
    at(monkeypatch, SEVEN)
    assert digests_raise() == 0
    assert AlertSent.objects.get().content["is_empty"]
    assert send_all() == 0
    assert outbox() == []


def test_many_are_counted_and_the_most_telling_named(in_alder: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(10):
        company = company_make(f"New{number:02}")
        known(company, in_alder.first)
        visit_of(company, in_alder.site, MONDAY - timedelta(days=2))
        company.clients.update(first_seen_at=MONDAY - timedelta(days=2))
    content = digest_content(site=in_alder.site, span=Span(MONDAY - timedelta(days=7), MONDAY))
    (section,) = content["sections"]
    assert (len(section["companies"]), section["more"]) == (8, 2)
    # The last one read all. Two old ones stand higher than any, and no more are looked at, nor more of the new ones.
    monkeypatch.setattr(digests, "LOOKED_AT", 2)
    make_hot(company, in_alder.site, MONDAY - timedelta(days=1))
    for name in ("Longtime", "Regular"):
        old = company_make(name)
        known(old, in_alder.first)
        for days in (9, 8, 1):
            make_hot(old, in_alder.site, MONDAY - timedelta(days=days))
    scored(in_alder.site, *Company.objects.exclude(name="New00"))
    section = digest_content(site=in_alder.site, span=Span(MONDAY - timedelta(days=7), MONDAY))["sections"][0]
    assert [one["name"] for one in section["companies"]] == ["New09", "New01"]
    assert (section["title"], section["more"]) == ("New companies", 8)


def test_a_site_that_fails_takes_no_other_site_s_digest(a_week: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    broken, later = a_week.site, make_site(a_week.first)
    visit_of(Company.objects.get(name="Newmark"), later, MONDAY - timedelta(days=4))
    scored(later, Company.objects.get(name="Newmark"))
    for site in (broken, later):
        wish(a_week.viewer, site, Kind.DIGEST)

    def fail(*, site: Site, span: Span) -> dict[str, Any]:
        if site == broken:
            raise KeyError("odd")
        return digest_content(site=site, span=span)

    monkeypatch.setattr(digests, "digest_content", fail)
    at(monkeypatch, SEVEN)
    assert broken.id < later.id
    assert digests_raise() == 1
    assert AlertSent.objects.get().site_id == later.id


def test_companies_are_loaded_some_at_a_time(a_week: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[int] = []

    def count(*, site_id: int, company_ids: list[int]) -> Any:
        loaded.append(len(company_ids))
        return activities_load(site_id=site_id, company_ids=company_ids)

    span = week_before(MONDAY.date(), zone_of("UTC"))
    whole = digest_content(site=a_week.site, span=span)
    monkeypatch.setattr(why, "activities_load", count)
    monkeypatch.setattr(why, "COMPANIES_TOGETHER", 2)
    assert digest_content(site=a_week.site, span=span) == whole
    assert loaded[:2] == [2, 2]  # of the four that the client doesn't ignore


# --- one that waits ---------------------------------------------------------------------------------------------------


@pytest.fixture
def waiting(a_week: Cast, monkeypatch: pytest.MonkeyPatch) -> Cast:
    """A digest for the viewer that the mail server didn't take at seven, and an hour has gone by."""
    wish(a_week.viewer, a_week.site, Kind.DIGEST)
    at(monkeypatch, SEVEN)
    digests_raise()
    with monkeypatch.context() as broken:
        broken.setattr(sending, "mail_send", _refuse)
        assert send_all() == 0
    at(monkeypatch, SEVEN + timedelta(hours=1))
    return a_week


def test_it_names_no_company_that_was_ignored_meanwhile(waiting: Cast, outbox: Outbox) -> None:
    Company.objects.get(name="Riser").clients.update(is_ignored=True)
    assert send_all() == 1
    (mail,) = outbox()
    assert "Riser" not in mail.text and "Newmark" in mail.text and "4 May to 10 May" in mail.text


def test_nor_one_that_was_ignored_while_no_worker_was_there(
    a_week: Cast, monkeypatch: pytest.MonkeyPatch, outbox: Outbox
) -> None:
    wish(a_week.viewer, a_week.site, Kind.DIGEST)
    at(monkeypatch, SEVEN)
    digests_raise()
    Company.objects.get(name="Riser").clients.update(is_ignored=True)
    at(monkeypatch, SEVEN + timedelta(hours=1))
    assert send_all() == 1
    assert "Riser" not in outbox()[0].text


def test_it_goes_by_what_the_client_ignores_that_the_site_has_now(
    a_week: Cast, monkeypatch: pytest.MonkeyPatch, outbox: Outbox
) -> None:
    wish(a_week.viewer, a_week.site, Kind.DIGEST)
    at(monkeypatch, SEVEN)
    digests_raise()
    known(Company.objects.get(name="Riser"), a_week.second, is_ignored=True)
    Site.objects.filter(id=a_week.site.id).update(client=a_week.second)
    assert send_all() == 1
    assert "Riser" not in outbox()[0].text and "Hidden" in outbox()[0].text


def test_where_nothing_is_left_to_report_none_goes_out(waiting: Cast, outbox: Outbox) -> None:
    for company in Company.objects.all():
        company.clients.update(is_ignored=True)
    assert send_all() == 0
    assert outbox() == [] and AlertSent.objects.get().due_at is None


# --- its page -------------------------------------------------------------------------------------------------------


def _unsigned(html: str) -> str:
    return re.sub(r"/mail/stop/[\w:.-]+", "/mail/stop/", html)


def test_the_page_shows_the_very_mail(a_week: Cast, monkeypatch: pytest.MonkeyPatch, outbox: Outbox) -> None:
    browser = a_week.browser(a_week.viewer)
    page = text_of(browser.get(PAGE))
    assert f'src="{PAGE}/mail?week=last"' in page
    shown = browser.get(f"{PAGE}/mail?week=last")
    assert shown["X-Frame-Options"] == "SAMEORIGIN"
    assert "style-src 'unsafe-inline'" in shown["Content-Security-Policy"]
    assert browser.post(f"{PAGE}/send", {"week": "last"})["Location"] == f"{PAGE}?week=last"
    assert f"The digest was sent to {a_week.viewer.user.email}" in text_of(browser.get(PAGE))
    (mail,) = outbox()
    assert mail.to == a_week.viewer.user.email
    # But for the second in which the link that ends it was signed.
    assert _unsigned(text_of(shown)) == _unsigned(" ".join(mail.html.split()))
    browser.post(f"{PAGE}/send", {"week": "last"})
    assert "a moment ago" in text_of(browser.get(PAGE))
    assert len(outbox()) == 1
    # Monday's own isn't used up by it.
    wish(a_week.viewer, a_week.site, Kind.DIGEST)
    at(monkeypatch, SEVEN)
    assert digests_raise() == 1


def test_it_is_reckoned_once_however_often_it_is_looked_at(a_week: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    reckoned: list[Site] = []

    def count(*, site: Site, span: Span) -> dict[str, Any]:
        reckoned.append(site)
        return digest_content(site=site, span=span)

    monkeypatch.setattr(digests, "digest_content", count)
    browser = a_week.browser(a_week.viewer)
    for _ in range(2):
        browser.get(PAGE)
        browser.get(f"{PAGE}/mail?week=last")
        browser.post(f"{PAGE}/send", {"week": "last"})
    a_week.browser(a_week.owner).get(PAGE)
    assert len(reckoned) == 1
    # What the client ignores holds at once.
    Company.objects.get(name="Riser").clients.update(is_ignored=True)
    assert "Riser" not in text_of(browser.get(f"{PAGE}/mail?week=last"))


def test_who_sends_on_and_on_has_nothing_reckoned(a_week: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = a_week.browser(a_week.viewer)
    browser.post(f"{PAGE}/send", {"week": "last"})
    reckoned: list[Span] = []
    monkeypatch.setattr(digest_views, "digest_lately", lambda *, site, span: reckoned.append(span))
    browser.post(f"{PAGE}/send", {"week": "this"})
    monkeypatch.undo()
    assert reckoned == []
    assert "asked for one a moment ago" in text_of(browser.get(PAGE))


def test_the_mail_server_s_failure_is_told(a_week: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "mail_send", _refuse)
    browser = a_week.browser(a_week.viewer)
    browser.post(f"{PAGE}/send")
    assert "didn’t take it" in text_of(browser.get(PAGE))


def test_an_empty_week_says_so_and_sends_nothing(in_alder: Cast, outbox: Outbox) -> None:
    browser = in_alder.browser(in_alder.viewer)
    assert "Nothing to report" in text_of(browser.get(f"{PAGE}?week=this"))
    browser.post(f"{PAGE}/send", {"week": "this"})
    assert outbox() == []
