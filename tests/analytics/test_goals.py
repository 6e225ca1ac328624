"""What came of goals: their page, the overview's panel and a visit's timeline; who sees them."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.sites.models import Goal, Site
from apps.tracking.models import GoalRun
from tests.cast import Cast
from tests.factories_tracking import Happened, Page, visit_make
from tests.goaling import goal_make

from .conftest import at

MAY = "period=custom&from=2026-05-12&to=2026-05-12"
# Host, user, membership, site; goals, figures, runs, visits by the kept days and raw; the shell's.
MOST_QUERIES = 21


@pytest.fixture
def reached(site: Site) -> Site:
    """12 May: three visits; one bought twice (30 EUR), one got to know, one did nothing. And a bot that bought."""
    thanks = [Page("/"), Page("/thanks", 30)]
    orders = [Happened("order", 31), Happened("order", 40)]
    visit_make(site, at(9), pages=thanks, events=orders, country="DE", source="Google")
    visit_make(site, at(10), pages=thanks, country="AT")
    visit_make(site, at(11), country="DE")
    visit_make(site, at(12), pages=thanks, events=orders, set_aside="bot_declared")
    visit_make(site, at(9, day=11), pages=thanks)
    worth: dict[str, Any] = {"value_from": "fixed", "value": Decimal(15), "currency": "EUR"}
    goal_make(site, "event", name="Order", event_name="order", counts_every=True, back=True, **worth)
    goal_make(site, "page", name="Thanked", page="/thanks", back=True)
    return site


def cells(page: str) -> list[list[str]]:
    """Return the figures of each line of the goals' table."""
    lines = page.split("<tbody")[1].split("</tbody>")[0].split('<tr role="row">')[1:]
    return [
        [part.split(">", 1)[1].split("<")[0] for part in line.split('<td role="cell" class="num')[1:]] for line in lines
    ]


def goals_page(cast: Cast, query: str = MAY, who: Any = None) -> str:
    answer = cast.browser(who or cast.viewer).get(f"/s/{cast.site.slug}/goals?{query}")
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_it_lists_goals_with_what_came_of_them(in_alder: Cast, reached: Site) -> None:
    page = goals_page(in_alder)
    assert cells(page) == [["2", "1", "33.3%", "30 EUR"], ["2", "2", "66.7%", "–"]]
    assert "Event order · each time, worth 15 EUR" in page and "Page /thanks · once a visit" in page


def test_it_honours_period_and_filters(in_alder: Cast, reached: Site) -> None:
    assert cells(goals_page(in_alder, f"{MAY}&f=country:is:AT")) == [["0", "0", "0.0%", "–"], ["1", "1", "100.0%", "–"]]
    two_days = "period=custom&from=2026-05-11&to=2026-05-12"
    assert cells(goals_page(in_alder, two_days)) == [["2", "1", "25.0%", "30 EUR"], ["3", "3", "75.0%", "–"]]
    assert cells(goals_page(in_alder, "period=custom&from=2026-05-01&to=2026-05-02"))[0] == ["0", "0", "–", "–"]


def test_everybody_who_reads_sees_them_and_managers_edit(in_alder: Cast, reached: Site) -> None:
    edit = f'href="/s/{reached.slug}/goals/{Goal.objects.get(name="Order").id}"'
    for who, may in ((in_alder.viewer, False), (in_alder.analyst, False), (in_alder.limited, True)):
        page = goals_page(in_alder, who=who)
        assert ((edit in page), ("/goals/new" in page)) == (may, may)


def test_for_outsiders_they_arent_there(in_alder: Cast) -> None:
    for path in ("goals", "panels/goals"):
        for who, agency in ((in_alder.outsider, None), (in_alder.outsider, in_alder.birch)):
            assert in_alder.browser(who, agency).htmx(f"/s/first-site/{path}").status_code == 404
        assert in_alder.browser(in_alder.limited).htmx(f"/s/second-site/{path}").status_code == 404


def test_without_any_it_says_what_to_do(in_alder: Cast, site: Site) -> None:
    assert "Add the first goal" in goals_page(in_alder, who=in_alder.manager)
    page = goals_page(in_alder)
    assert "No goal yet" in page and "A manager of your agency can make one." in page and "/goals/new" not in page


def test_the_panel_shows_most_conversions_first(in_alder: Cast, reached: Site) -> None:
    visit_make(reached, at(13), pages=[Page("/thanks")])
    goal_make(reached, "page", name="Thanked too", page="/thanks", back=True)
    panel = in_alder.browser(in_alder.viewer).htmx(f"/s/{reached.slug}/panels/goals?{MAY}").content.decode()
    assert panel.index("Thanked too") < panel.index("Order") < panel.index("Thanked<")
    assert "share of visits · worth 30 EUR" in panel and "<html" not in panel


def test_without_script_the_panel_leads_to_the_page(in_alder: Cast, reached: Site) -> None:
    answer = in_alder.browser(in_alder.viewer).get(f"/s/{reached.slug}/panels/goals?{MAY}")
    assert (answer.status_code, answer["Location"]) == (302, f"/s/{reached.slug}/goals?{MAY}")


def test_an_empty_panel_says_what_to_do(in_alder: Cast, site: Site) -> None:
    for who, says in ((in_alder.manager, "Make the first one"), (in_alder.viewer, "A manager of your agency can")):
        assert says in in_alder.browser(who).htmx(f"/s/{site.slug}/panels/goals").content.decode()


def test_the_table_asks_again_while_the_past_is_looked_through(in_alder: Cast, reached: Site) -> None:
    browser = in_alder.browser(in_alder.viewer)
    assert "every 2s" not in goals_page(in_alder)
    GoalRun.objects.update(state="applying")
    assert 'hx-trigger="every 2s"' in goals_page(in_alder)
    part = browser.htmx(f"/s/{reached.slug}/goals?{MAY}").content.decode()
    assert "<html" not in part and "looked for in the past" in part


def test_archived_ones_can_be_brought_back_by_managers(in_alder: Cast, reached: Site) -> None:
    goal = Goal.objects.get(name="Order")
    in_alder.browser(in_alder.manager).post(f"/s/{reached.slug}/goals/{goal.id}/state", {"state": "archived"})
    page = goals_page(in_alder, who=in_alder.manager)
    assert "1 archived goal" in page and cells(page) == [["2", "2", "66.7%", "–"]]
    assert "archived goal" not in goals_page(in_alder)


def test_a_visit_shows_what_it_reached(in_alder: Cast, site: Site) -> None:
    visit = visit_make(site, at(9), pages=[Page("/thanks"), Page("/thanks", 9)])
    goal_make(site, "page", name="Once", page="/thanks", back=True)
    worth: dict[str, Any] = {"value_from": "fixed", "value": Decimal("9.90"), "currency": "EUR"}
    goal_make(site, "page", name="Each", page="/thanks", counts_every=True, back=True, **worth)
    page = in_alder.browser(in_alder.viewer).get(f"/s/{site.slug}/visits/{visit.id}").content.decode()
    assert (page.count("goal: Once<"), page.count("goal: Each, worth 9.90 EUR<")) == (1, 2)


@pytest.mark.parametrize("goals", [1, 10])
def test_the_number_of_queries_does_not_grow_with_the_goals(in_alder: Cast, reached: Site, goals: int) -> None:
    for number in range(goals):
        goal_make(reached, "page", name=f"More {number}", page="/")
    browser, path = in_alder.browser(in_alder.viewer), f"/s/{reached.slug}/goals?{MAY}"
    browser.get(path)  # the shell's counts are kept for some seconds
    with CaptureQueriesContext(connection) as queries:
        browser.get(path)
    assert len(queries) <= MOST_QUERIES
