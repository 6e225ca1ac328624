"""The pages of a site's rules: who may, what they show, and what they do."""

from datetime import timedelta
from urllib.parse import quote

import pytest

from apps.agencies.models import SiteRoute
from apps.core import clock
from apps.sites.models import Site
from apps.tracking.models import ExclusionRule, Session
from apps.tracking.rules.selectors import rule_text
from apps.tracking.rules.work import rule_slice, rule_work
from tests.cast import Cast
from tests.factories_tracking import Page, visit_make

from .ruling import rule_make

PAGE = "/s/first-site/settings/rules"
NEW = f"{PAGE}/new"
CHOSEN = f"{NEW}?c=page:starts_with:/intranet&c=country:is:DE"
MADE = {"c": ["page:starts_with:/intranet"], "reach": "past"}


@pytest.fixture
def intranet(in_alder: Cast) -> Cast:
    """Two counted visits of the past days, one of them to the intranet."""
    at = clock.now() - timedelta(days=2)
    visit_make(in_alder.site, at, pages=[Page("/intranet/a"), Page("/b", 20)], country="DE", organisation="Alder")
    visit_make(in_alder.site, at + timedelta(hours=3), pages=[Page("/shop")], country="DE")
    return in_alder


def paths_of(cast: Cast) -> list[str]:
    rule = rule_make(cast.site, "page:is:/x")
    return [PAGE, NEW, CHOSEN, f"{PAGE}/{rule.id}/undo"]


def test_managers_and_above_see_them(in_alder: Cast) -> None:
    for path in paths_of(in_alder):
        for member in (in_alder.owner, in_alder.admin, in_alder.manager, in_alder.limited):
            assert in_alder.browser(member).get(path).status_code == 200


def test_lower_roles_are_refused(in_alder: Cast) -> None:
    for path in paths_of(in_alder):
        for member in (in_alder.analyst, in_alder.viewer):
            assert in_alder.browser(member).get(path).status_code == 403


def test_for_outsiders_they_arent_there(in_alder: Cast) -> None:
    for path in paths_of(in_alder):
        assert in_alder.browser(in_alder.outsider).get(path).status_code == 404
        assert in_alder.browser(in_alder.outsider, in_alder.birch).get(path).status_code == 404
        assert in_alder.browser(in_alder.limited).get(path.replace("first", "second")).status_code == 404


def test_nobody_below_or_outside_changes_anything(in_alder: Cast) -> None:
    rule = rule_make(in_alder.site, "page:is:/x")
    before = ExclusionRule.objects.values().get()
    posts = {NEW: MADE, f"{PAGE}/{rule.id}/undo": {}, f"{PAGE}/agents": {"agents": "robot"}}
    for path, form in posts.items():
        assert in_alder.browser(in_alder.analyst).post(path, form).status_code == 403
        assert in_alder.browser(in_alder.outsider).post(path, form).status_code == 404
        assert in_alder.browser(in_alder.limited).post(path.replace("first", "second"), form).status_code == 404
    assert ExclusionRule.objects.values().get() == before
    assert Site.objects.get(id=in_alder.site.id).ignored_user_agents == []


def test_a_rule_of_another_site_isnt_this_ones(in_alder: Cast) -> None:
    rule = rule_make(in_alder.other_site, "page:is:/x")
    assert in_alder.browser(in_alder.owner).get(f"{PAGE}/{rule.id}/undo").status_code == 404
    assert in_alder.browser(in_alder.owner).post(f"{PAGE}/{rule.id}/undo").status_code == 404


def test_without_rules_it_says_what_they_are_for(in_alder: Cast) -> None:
    page = in_alder.browser(in_alder.manager).get(PAGE).content.decode()
    assert "No rule yet" in page
    assert "work forward only: addresses and raw user agents aren’t stored" in page


@pytest.mark.parametrize(
    ("field", "op", "value", "text"),
    [
        ("country", "is", "Germany", "country:is:DE"),
        ("country", "contains", "Germany", "country:is:DE"),
        ("network", "is", "data centre", "network:is:hosting"),
        ("asn", "is", "AS64500", "asn:is:64500"),
        ("page", "starts_with", "/a|b", r"page:starts_with:/a\|b"),
        ("pageviews", "at_least", " 012 ", "pageviews:at_least:12"),
        ("organisation", "is", "unknown", "organisation:is:"),
    ],
)
def test_a_condition_joins_the_address(cast: Cast, field: str, op: str, value: str, text: str) -> None:
    response = cast.browser(cast.manager).get(NEW, {"c": "page:is:/x", "field": field, "op": op, "value": value})
    assert response.status_code == 302
    assert response["Location"].endswith(f"c={quote(text, safe='')}") or response["Location"].endswith(f"c={text}")
    assert "c=page" in response["Location"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("country:starts_with:D", "can&#x27;t be filtered by"),
        ("pageviews:at_least:many", "is a whole number"),
        ("page:contains:", "contains: what?"),
        ("shoe:is:9", "There is no filter called"),
    ],
)
def test_one_that_cant_be_is_named_and_left_out(cast: Cast, text: str, says: str) -> None:
    page = cast.browser(cast.manager).get(NEW, {"c": text}).content.decode()
    assert says in page
    assert "From when on?" not in page


def test_it_shows_what_would_go_and_changes_nothing(intranet: Cast) -> None:
    page = intranet.browser(intranet.manager).get(CHOSEN).content.decode()
    assert "Would set aside 1 of 2 visits of the past 30 days (50%)" in page
    assert "/intranet/a" in page and "Alder" in page
    assert not ExclusionRule.objects.exists()
    assert not Session.objects.exclude(set_aside="").exists()


def test_it_makes_the_rule_and_says_who_did(intranet: Cast) -> None:
    browser = intranet.browser(intranet.manager)
    assert browser.post(NEW, MADE).status_code == 302
    rule = ExclusionRule.objects.get()
    assert (rule.reaches_back, rule.created_by, rule.created_by_id) == (
        True,
        str(intranet.manager.user),
        intranet.manager.user_id,
    )
    page = browser.get(PAGE).content.decode()
    assert "being applied to the past" in page and 'hx-trigger="every 2s"' in page
    rule_work(rule.id)
    page = browser.get(PAGE).content.decode()
    assert "1</b> visit set aside" in page and "every 2s" not in page
    assert str(intranet.manager.user) in page


def test_progress_is_a_fragment(intranet: Cast) -> None:
    rule = rule_make(intranet.site, "page:starts_with:/intranet", back=True, carried_out=False)
    answer = intranet.browser(intranet.manager).htmx(PAGE).content.decode()
    assert "<html" not in answer and "counting" in answer
    rule_slice(rule.id)
    answer = intranet.browser(intranet.manager).htmx(PAGE).content.decode()
    assert "every 2s" not in answer


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ({"c": ["page:is:/a"]}, "Choose from when on"),
        ({"c": ["page:is:/a"], "reach": "sideways"}, "Choose from when on"),
        ({"reach": "past"}, "would set everything aside"),
        ({"c": ["page:sounds:/a"], "reach": "past"}, "be filtered by"),
    ],
)
def test_what_cant_be_made_comes_back_with_why(in_alder: Cast, form: dict[str, object], says: str) -> None:
    response = in_alder.browser(in_alder.manager).post(NEW, form)
    assert response.status_code == 422
    assert says in response.content.decode()
    assert not ExclusionRule.objects.exists()


def test_undoing_says_what_comes_back_and_who_did_it(intranet: Cast) -> None:
    rule = rule_make(intranet.site, "page:starts_with:/intranet", back=True)
    browser = intranet.browser(intranet.limited)
    assert "visit comes" in browser.get(f"{PAGE}/{rule.id}/undo").content.decode()
    assert browser.post(f"{PAGE}/{rule.id}/undo").status_code == 302
    assert "bringing visits back" in browser.get(PAGE).content.decode()
    rule_work(rule.id)
    rule.refresh_from_db()
    assert (rule.state, rule.undone_by, rule.undone_by_id) == (
        "undone",
        str(intranet.limited.user),
        intranet.limited.user_id,
    )
    assert "1 undone rule" in browser.get(PAGE).content.decode()
    assert browser.post(f"{PAGE}/{rule.id}/undo").status_code == 302  # once more does nothing
    assert not Session.objects.exclude(set_aside="").exists()


def test_user_agents_are_kept_and_reach_the_door(in_alder: Cast) -> None:
    browser = in_alder.browser(in_alder.manager)
    form = {"agents": "UptimeRobot\n\n  acme   LoadTest \nuptimerobot"}
    assert browser.post(f"{PAGE}/agents", form).status_code == 302
    parts = ["uptimerobot", "acme loadtest"]
    assert Site.objects.get(id=in_alder.site.id).ignored_user_agents == parts
    assert SiteRoute.objects.get(site_key=in_alder.site.site_key).settings["ignored_user_agents"] == parts
    assert "uptimerobot" in browser.get(PAGE).content.decode()


@pytest.mark.parametrize("agents", ["bot", "x" * 201, "\n".join(f"agent {number}" for number in range(101))])
def test_parts_that_would_hit_everybody_are_refused(in_alder: Cast, agents: str) -> None:
    response = in_alder.browser(in_alder.manager).post(f"{PAGE}/agents", {"agents": agents})
    assert response.status_code == 422
    assert Site.objects.get(id=in_alder.site.id).ignored_user_agents == []


def test_a_rule_that_isnt_understood_is_shown_as_such(in_alder: Cast) -> None:
    rule = rule_make(in_alder.site, "page:is:/x")
    ExclusionRule.objects.filter(id=rule.id).update(conditions=[{"field": "moon", "op": "is", "values": ["full"]}])
    for path in (PAGE, f"{PAGE}/{rule.id}/undo"):
        page = in_alder.browser(in_alder.manager).get(path)
        assert page.status_code == 200
        assert "Not understood by this version of Beacon" in page.content.decode()
    assert rule_text(site_id=in_alder.site.id, rule_id=rule.id) == f"Rule {rule.id}: not understood"
