"""The goals' editor: who may, what it shows, what it refuses, and what it makes."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from apps.core import clock
from apps.sites.goals.rules import GoalRule
from apps.sites.models import Goal
from apps.tracking.models import Conversion, GoalRun
from tests.cast import Cast
from tests.factories_tracking import Happened, Page, visit_make
from tests.goaling import goal_make

GOALS = "/s/first-site/goals"
NEW = f"{GOALS}/new"
PAGE: dict[str, Any] = {
    "name": "Thanks",
    "page": "/thanks*",
    "counts": "once",
    "value_from": "none",
    "reach": "forward",
}
EVENT: dict[str, Any] = {
    "name": "Order",
    "event_name": "order",
    "page": "",
    "prop": ["plan", "", "value"],
    "op": ["is", "is", "at_least"],
    "wanted": ["team", "", "20"],
    "counts": "every",
    "value_from": "event",
    "currency": "eur",
    "reach": "past",
}


def paths_of(cast: Cast) -> list[str]:
    goal = goal_make(cast.site, "page", page="/x")
    return [NEW, f"{NEW}?kind=event", f"{GOALS}/{goal.id}"]


def test_managers_and_above_edit(in_alder: Cast) -> None:
    for path in paths_of(in_alder):
        for member in (in_alder.owner, in_alder.admin, in_alder.manager, in_alder.limited):
            assert in_alder.browser(member).get(path).status_code == 200


def test_lower_roles_are_refused(in_alder: Cast) -> None:
    for path in paths_of(in_alder):
        for member in (in_alder.analyst, in_alder.viewer):
            assert in_alder.browser(member).get(path).status_code == 403


def test_for_outsiders_there_is_nothing(in_alder: Cast) -> None:
    for path in paths_of(in_alder):
        assert in_alder.browser(in_alder.outsider).get(path).status_code == 404
        assert in_alder.browser(in_alder.outsider, in_alder.birch).get(path).status_code == 404
        assert in_alder.browser(in_alder.limited).get(path.replace("first", "second")).status_code == 404


def test_nobody_below_or_outside_changes_anything(in_alder: Cast) -> None:
    goal = goal_make(in_alder.site, "page", page="/x")
    before = Goal.objects.values().get()
    posts = {NEW: PAGE, f"{GOALS}/{goal.id}": PAGE, f"{GOALS}/{goal.id}/state": {"state": "archived"}}
    for path, form in posts.items():
        assert in_alder.browser(in_alder.analyst).post(path, form).status_code == 403
        assert in_alder.browser(in_alder.outsider).post(path, form).status_code == 404
        assert in_alder.browser(in_alder.limited).post(path.replace("first", "second"), form).status_code == 404
    assert Goal.objects.values().get() == before


def test_a_goal_of_another_site_isnt_this_ones(in_alder: Cast) -> None:
    goal = goal_make(in_alder.other_site, "page", page="/x")
    browser = in_alder.browser(in_alder.owner)
    assert browser.get(f"{GOALS}/{goal.id}").status_code == 404
    assert browser.post(f"{GOALS}/{goal.id}/state", {"state": "off"}).status_code == 404


def test_a_kind_that_there_isnt_is_404(cast: Cast) -> None:
    assert cast.browser(cast.manager).get(f"{NEW}?kind=moon").status_code == 404


def test_it_makes_a_page_goal(in_alder: Cast) -> None:
    response = in_alder.browser(in_alder.limited).post(NEW, PAGE)
    assert (response.status_code, response["Location"]) == (302, GOALS)
    goal = Goal.objects.get()
    assert goal.rule == GoalRule(goal.id, goal.rule.kind, page="/thanks*")
    assert (goal.site_id, goal.name, goal.created_by) == (in_alder.site.id, "Thanks", str(in_alder.limited.user))
    assert not GoalRun.objects.exists()


def test_it_makes_an_event_goal_and_applies_it_to_the_past(in_alder: Cast) -> None:
    assert in_alder.browser(in_alder.manager).post(f"{NEW}?kind=event", EVENT).status_code == 302
    goal = Goal.objects.get()
    assert [condition.words for condition in goal.rule.conditions] == ["plan is team", "value is at least 20"]
    assert (goal.rule.counts_every, goal.rule.value_from, goal.rule.currency) == (True, "event", "EUR")
    assert GoalRun.objects.get().goal_id == goal.id


@pytest.mark.parametrize(
    ("kind", "form", "says"),
    [
        ("page", {"name": ""}, "This field is required"),
        ("page", {"page": ""}, "This field is required"),
        ("page", {"page": "**"}, "Say which page"),
        ("page", {"value_from": "fixed"}, "How much is it worth?"),
        ("page", {"value_from": "fixed", "value": "-1"}, "greater than or equal to 0"),
        ("page", {"value_from": "event"}, "Select a valid choice"),
        ("page", {"currency": "€"}, "Three letters"),
        ("page", {"reach": ""}, "Choose from when on"),
        ("page", {"name": "Taken"}, "of this name already"),
        ("event", EVENT | {"event_name": ""}, "This field is required"),
        ("event", EVENT | {"wanted": ["", "", "20"]}, "plan is … what?"),
        ("event", EVENT | {"wanted": ["team", "", "much"]}, "a number, such as"),
        ("event", EVENT | {"prop": ["a"] * 11, "op": ["is"] * 11, "wanted": ["b"] * 11}, "10 conditions at most"),
        ("scroll", {"threshold": "101"}, "less than or equal to 100"),
        ("engaged", {"threshold": "0"}, "greater than or equal to 1"),
    ],
)
def test_what_cant_be_made_comes_back_with_why(in_alder: Cast, kind: str, form: dict[str, Any], says: str) -> None:
    goal_make(in_alder.site, "page", page="/x", name="Taken")
    response = in_alder.browser(in_alder.manager).post(f"{NEW}?kind={kind}", PAGE | form)
    assert response.status_code == 422
    assert says in response.content.decode()
    assert Goal.objects.count() == 1


def test_there_can_be_fifty(in_alder: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.sites.goals.services.MOST_GOALS", 1)
    goal_make(in_alder.site, "page", page="/x")
    response = in_alder.browser(in_alder.manager).post(NEW, PAGE)
    assert response.status_code == 422 and "at most" in response.content.decode()


def test_a_preview_shows_the_past_and_makes_nothing(in_alder: Cast) -> None:
    at = clock.now() - timedelta(days=2)
    pages = [Page("/"), Page("/thanks/you", 20)]
    visit_make(in_alder.site, at, pages=pages, source="Google")
    visit_make(in_alder.site, at)
    form = PAGE | {"value_from": "fixed", "value": "12.50", "currency": "EUR", "preview": "1"}
    response = in_alder.browser(in_alder.manager).post(NEW, form)
    page = response.content.decode()
    assert response.status_code == 200
    assert "Would have counted 1 time in the past 30 days" in page
    assert "1 of 2" in page and "50.0%" in page and "12.50 EUR" in page and "/, Google" in page
    assert 'value="/thanks*"' in page
    assert not Goal.objects.exists() and not Conversion.objects.exists()


def test_a_preview_of_nothing_says_what_to_look_at(in_alder: Cast) -> None:
    browser = in_alder.browser(in_alder.manager)
    page = browser.post(f"{NEW}?kind=event", EVENT | {"preview": "1"}).content.decode()
    assert "No visit of the past 30 days reached this. Is the event’s name as the page sends it?" in page
    response = browser.post(NEW, PAGE | {"page": "", "preview": "1"})
    assert (response.status_code, "Would have counted" in response.content.decode()) == (422, False)


def test_it_shows_a_goal_as_it_is_and_changes_it(in_alder: Cast) -> None:
    visit_make(in_alder.site, clock.now() - timedelta(days=1), events=[Happened("order")])
    browser = in_alder.browser(in_alder.manager)
    browser.post(f"{NEW}?kind=event", EVENT | {"reach": "forward"})
    goal = Goal.objects.get()
    page = browser.get(f"{GOALS}/{goal.id}").content.decode()
    assert 'name="prop" value="plan"' in page and '<option value="at_least" selected>' in page
    assert str(in_alder.manager.user) in page
    changed = EVENT | {"name": "Any order", "prop": [], "op": [], "wanted": [], "reach": "past"}
    assert in_alder.browser(in_alder.admin).post(f"{GOALS}/{goal.id}", changed).status_code == 302
    goal.refresh_from_db()
    assert (goal.name, goal.rule.conditions, goal.changed_by) == ("Any order", (), str(in_alder.admin.user))
    assert GoalRun.objects.get().goal_id == goal.id
    assert browser.post(f"{GOALS}/{goal.id}", changed | {"name": ""}).status_code == 422


def test_a_fixed_value_comes_back_as_it_was_written(in_alder: Cast) -> None:
    goal = goal_make(in_alder.site, "page", page="/x", value_from="fixed", value=Decimal("100"), currency="EUR")
    page = in_alder.browser(in_alder.manager).get(f"{GOALS}/{goal.id}").content.decode()
    assert 'name="value" value="100"' in page


def test_it_is_switched_archived_and_brought_back(in_alder: Cast) -> None:
    goal = goal_make(in_alder.site, "page", page="/x", name="Thanks")
    browser, state = in_alder.browser(in_alder.manager), f"{GOALS}/{goal.id}/state"
    for word, is_active, is_archived in (
        ("off", False, False),
        ("on", True, False),
        ("archived", True, True),
        ("restored", True, False),
        ("nonsense", True, False),
    ):
        assert browser.post(state, {"state": word}).status_code == 302
        goal.refresh_from_db()
        assert (goal.is_active, goal.archived_at is not None) == (is_active, is_archived)
    assert goal.changed_by == str(in_alder.manager.user)
    assert browser.get(state).status_code == 405


def test_an_archived_one_has_no_page_and_isnt_brought_back_over_another(in_alder: Cast) -> None:
    goal = goal_make(in_alder.site, "page", page="/x", name="Thanks")
    browser = in_alder.browser(in_alder.manager)
    browser.post(f"{GOALS}/{goal.id}/state", {"state": "archived"})
    assert browser.get(f"{GOALS}/{goal.id}").status_code == 404
    assert browser.post(f"{GOALS}/{goal.id}/state", {"state": "off"}).status_code == 404
    goal_make(in_alder.site, "page", page="/y", name="Thanks")
    browser.post(f"{GOALS}/{goal.id}/state", {"state": "restored"})
    goal.refresh_from_db()
    assert goal.archived_at is not None
    assert "of this name already" in browser.get(GOALS).content.decode()


def test_one_that_isnt_understood_cant_be_edited(in_alder: Cast) -> None:
    goal = goal_make(in_alder.site, "page", page="/x")
    Goal.objects.filter(id=goal.id).update(kind="phase-of-moon")
    browser = in_alder.browser(in_alder.manager)
    assert browser.get(f"{GOALS}/{goal.id}").status_code == 302
    page = browser.get(GOALS).content.decode()
    assert "so it can’t be edited" in page and "Not understood by this version of Beacon" in page
