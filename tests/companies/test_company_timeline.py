"""A company's line of time, its people, and the way on to the next company of the list."""

import re
from typing import Any

import pytest

from apps.companies.models import Company
from apps.companies.services import visits_match
from apps.scoring.models import ScoreChange
from apps.sites.goals.rules import GoalKind, GoalRule
from apps.tracking.goals.services import goal_create
from apps.tracking.models import Conversion, Event
from tests import factories
from tests.cast import Cast
from tests.factories_tracking import Happened, Page, visit_make

from .conftest import VARNHOLT, ago
from .reading import words


def varnholt() -> Company:
    return Company.objects.get(domain="varnholt.example")


def page(cast: Cast, query: str = "", who: str = "viewer") -> str:
    path = f"/s/first-site/companies/{varnholt().id}{query}"
    answer = cast.browser(getattr(cast, who)).get(path)
    assert answer.status_code == 200
    return answer.content.decode()


def titles(html: str) -> list[str]:
    return [words(line) for line in re.findall(r'<li class="tl".*?<b>(.*?)</b>', html, re.DOTALL)]


@pytest.fixture
def eventful(in_alder: Cast) -> Cast:
    """An ad click ten days ago; today a visit that reaches a goal, and by it the company turned hot."""
    cast, site = in_alder, in_alder.site
    ad: dict[str, Any] = {
        "channel": "Paid Search",
        "source": "Google",
        "campaign": "torque-dach",
        "click_ids": {"gclid": "x"},
    }
    visit_make(site, ago(days=10), pages=[Page("/products")], **ad, **VARNHOLT)
    visit = visit_make(
        site, ago(hours=1), pages=[Page("/pricing")], events=[Happened("demo_request", 60)], city="Munich", **VARNHOLT
    )
    visits_match()
    rule = GoalRule(0, GoalKind.EVENT, event_name="demo_request")
    goal = goal_create(site=site, name="Demo requested", rule=rule, reaches_back=False, user_name="x")
    event = Event.objects.get(session_id=visit.id, name="demo_request")
    Conversion.objects.create(
        site_id=site.id, goal_id=goal.id, event_id=event.event_id, session_id=visit.id, occurred_at=event.occurred_at
    )
    change = {"what": "temperature", "before": "warm", "after": "hot", "score": 72}
    ScoreChange.objects.create(site_id=site.id, company_id=varnholt().id, at=event.occurred_at, **change)
    return cast


def test_all_kinds_stand_in_one_line_newest_first(eventful: Cast) -> None:
    html = page(eventful)
    assert titles(html) == ["Turned hot", "Demo requested", "Visit from Munich", "Visit", "Ad click"]
    text = words(html)
    assert "Demo requested , the goal’s first for this company" in text
    assert "Ad click , Google, campaign “torque-dach”" in text
    assert "Turned hot , total score 72, was warm before" in text


def test_it_is_narrowed_to_visits_or_events(eventful: Cast) -> None:
    assert titles(page(eventful, "?show=visits")) == ["Visit from Munich", "Visit"]
    assert titles(page(eventful, "?show=events")) == ["Turned hot", "Demo requested", "Ad click"]
    assert "All Visits 2 Events 3" in words(page(eventful, "?show=nonsense"))


def test_what_another_client_measured_isnt_in_it(eventful: Cast) -> None:
    visit_make(eventful.other_site, ago(minutes=5), city="Graz", **VARNHOLT)
    visits_match()
    other = {"what": "temperature", "before": "cold", "after": "warm", "score": 41}
    ScoreChange.objects.create(site_id=eventful.other_site.id, company_id=varnholt().id, at=ago(minutes=4), **other)
    assert "Graz" not in page(eventful) and "Turned warm" not in page(eventful)


def test_people_are_counted_by_what_they_said_with_consent(eventful: Cast) -> None:
    assert "Nobody has said who they are" in words(page(eventful))
    for number, event in enumerate(Event.objects.filter(site_id=eventful.site.id).order_by("occurred_at")):
        Event.objects.filter(event_id=event.event_id).update(user_id_hash=bytes([min(number, 1)]) * 16)
    text = words(page(eventful))
    assert "2 people have said who they are, with consent" in text
    assert "01010101 1 visit" in text and "00000000 1 visit" in text


# --- from one to the next ---------------------------------------------------------------------------------------------


def links(html: str) -> dict[str, str]:
    found = re.findall(r'<a href="([^"]+)" rel="(prev|next)" data-key', html)
    return {rel: url.replace("&amp;", "&") for url, rel in found}


def test_the_list_leads_to_pages_that_lead_on(worked_month: Cast) -> None:
    browser = worked_month.browser(worked_month.viewer)
    long = "&of=" + "x" * 1_600
    listed = browser.get(f"/s/first-site/companies?sort=-visits&period=30d{long}").content.decode()
    urls = [url.replace("&amp;", "&") for url in re.findall(r'class="rowlink" href="([^"]+)"', listed)]
    first, second = (browser.get(url).content.decode() for url in urls)
    assert links(first) == {"next": urls[1]}
    assert links(second) == {"prev": urls[0]}
    assert "Companies 1 of 2" in words(first)
    assert f'href="/s/first-site/companies?sort=-visits&amp;period=30d{long.replace("&", "&amp;")}"' in first
    too_long = browser.get(f"/s/first-site/companies?of={'x' * 4_000}").content.decode()
    assert re.findall(r'class="rowlink" href="([^"]+)"', too_long)[0] == urls[0].partition("?")[0]


def test_over_all_sites_it_leads_from_site_to_site_and_never_to_one_that_isnt_seen(worked_month: Cast) -> None:
    urls = {}
    for who in (worked_month.owner, worked_month.limited):
        browser = worked_month.browser(who)
        listed = browser.get("/companies?sort=name&period=90d").content.decode()
        urls[who.id] = [url.replace("&amp;", "&") for url in re.findall(r'class="rowlink" href="([^"]+)"', listed)]
    assert [url.split("/")[2] for url in urls[worked_month.owner.id]] == ["first-site", "second-site", "first-site"]
    browser = worked_month.browser(worked_month.limited)
    first = urls[worked_month.limited.id][0]
    assert links(browser.get(first).content.decode()) == {"next": urls[worked_month.limited.id][1]}
    # Somebody else's address shows nothing that one's own list doesn't have.
    borrowed = urls[worked_month.owner.id][0]
    assert "second-site" not in str(links(browser.get(borrowed).content.decode()))


@pytest.mark.parametrize(
    "query", ["?list=", "?list=%00&at=%00", "?list=sort%3Dx&at=99999", "?list=" + "f%3Da%26" * 100, "?at=2&all=1"]
)
def test_an_address_that_leads_nowhere_is_no_error(worked_month: Cast, query: str) -> None:
    page(worked_month, query)


def test_a_sister_site_is_named(worked_month: Cast) -> None:
    sister = factories.make_site(worked_month.first, name="Sister site")
    visit_make(sister, ago(minutes=10), **VARNHOLT)
    visits_match()
    assert "on Sister site" in words(page(worked_month))
