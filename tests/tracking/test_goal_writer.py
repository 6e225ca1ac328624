"""Goals in the writer: conversions are stored once, whatever comes twice or late, and count with their visits."""

from datetime import timedelta
from decimal import Decimal
from itertools import permutations
from typing import Any

import msgspec
import pytest
from pytest_django import DjangoCaptureOnCommitCallbacks

from apps.core import clock, facts
from apps.core.tenancy import in_schema
from apps.sites.goals.conditions import PropCondition, PropOp
from apps.sites.goals.rules import ValueFrom
from apps.sites.models import Goal, Site
from apps.tracking.envelope import EventIn
from apps.tracking.erase import site_erase
from apps.tracking.erase_visit import visit_erase
from apps.tracking.facts import GoalReached
from apps.tracking.goals.services import goal_archive, goal_change, goal_switch
from apps.tracking.models import Conversion, Event, GoalRun, Session
from apps.tracking.retention import retention_enforce
from tests.cast import Cast
from tests.goaling import amounts, figures, goal_make, met, reach

from .arrivals import CRAWLER, NOON, PARTITIONS, click, engagement, envelope, store, view, visits
from .ruling import rule_gone, rule_make
from .test_parked_resend import heal, parked, resend
from .test_writer_stores import queries_of

FIXED: dict[str, Any] = {"value_from": ValueFrom.FIXED, "value": Decimal(50), "currency": "EUR"}
PLAN = (PropCondition("plan", PropOp.IS, "team"),)


def bought(minutes: float, value: str, currency: str = "EUR") -> EventIn:
    return click(minutes, "purchase", value=value, currency=currency)


def test_a_page_that_is_viewed_is_a_conversion(in_alder: Cast) -> None:
    site, thanks = in_alder.site, view(1, "/thanks")
    goal = goal_make(site, "page", page="/thanks", **FIXED)
    (fact,) = reach(envelope(site, view(0), thanks))
    (visit,) = visits(site)
    row = Conversion.objects.get()
    assert met(goal) == [(thanks.event_id, visit.id, Decimal(50), "EUR")]
    assert (row.site_id, row.occurred_at, row.is_backfill) == (site.id, NOON + timedelta(minutes=1), False)
    schema = str(in_alder.alder.schema_name)
    assert fact == GoalReached(schema, site.id, goal.id, (row.id,), (visit.id,), False)
    assert (figures(goal), amounts(goal)) == ((1, 1), [("EUR", 50)])


def test_an_event_with_conditions_brings_its_own_value(in_alder: Cast) -> None:
    site = in_alder.site
    goal = goal_make(site, "event", event_name="order", conditions=PLAN, value_from=ValueFrom.EVENT, counts_every=True)
    team = {"plan": "team"}
    store(
        envelope(
            site,
            click(0, "order", value="19.90", currency="EUR", props=team),
            click(1, "order", value="5", props={"plan": "solo"}),
            click(2, "order", value="30.10", currency="EUR", props=team),
            click(3, "order", value="7", currency="USD", props=team),
            click(4, "order", props=team),
        )
    )
    assert figures(goal) == (4, 1)
    assert amounts(goal) == [("EUR", Decimal("50.00")), ("USD", 7)]


def test_what_comes_twice_counts_once(in_alder: Cast) -> None:
    site, thanks = in_alder.site, view(0, "/thanks")
    goal = goal_make(site, "page", page="/thanks", counts_every=True)
    assert reach(envelope(site, thanks), envelope(site, thanks))
    assert reach(envelope(site, thanks, visitor=8)) == []
    assert figures(goal) == (1, 1)


def test_once_a_visit_or_each_time(in_alder: Cast) -> None:
    site = in_alder.site
    once = goal_make(site, "page", page="/thanks", **FIXED)
    every = goal_make(site, "page", page="/thanks", counts_every=True, **FIXED)
    store(envelope(site, view(0, "/thanks"), view(1, "/thanks")), envelope(site, view(0, "/thanks"), visitor=8))
    assert (figures(once), amounts(once)) == ((2, 2), [("EUR", 100)])
    assert (figures(every), amounts(every)) == ((3, 2), [("EUR", 150)])


def test_of_once_a_visit_the_earliest_counts_also_when_it_comes_late(in_alder: Cast) -> None:
    site = in_alder.site
    goal = goal_make(site, "event", event_name="purchase", value_from=ValueFrom.EVENT)
    store(envelope(site, bought(5, "10")))
    store(envelope(site, bought(1, "20")))
    assert (figures(goal), amounts(goal)) == ((1, 1), [("EUR", 20)])


@pytest.mark.parametrize(("kind", "threshold"), [("scroll", 75), ("engaged", 30)])
@pytest.mark.parametrize("page_pattern", ["", "/long*"])
@pytest.mark.parametrize("order", ["page first", "totals first", "together"])
def test_totals_reach_a_goal_whenever_they_come(
    in_alder: Cast, kind: str, threshold: int, page_pattern: str, order: str
) -> None:
    site, page, other = in_alder.site, view(0, "/long"), view(1, "/short")
    goal = goal_make(site, kind, threshold=threshold, page=page_pattern)
    elsewhere = goal_make(site, kind, threshold=threshold, page="/nowhere")
    totals = envelope(site, engagement(2, page, 30, 75), engagement(2, other, 29, 74))
    views = envelope(site, page, other)
    batches = {"page first": [[views], [totals]], "totals first": [[totals], [views]], "together": [[views, totals]]}
    told = [fact.goal_id for bodies in batches[order] for fact in reach(*bodies)]
    (visit,) = visits(site)
    assert met(goal) == [(page.event_id, visit.id, None, "")]
    assert (told, met(elsewhere)) == ([goal.id], [])
    assert reach(envelope(site, engagement(3, page, 60, 100))) == []
    assert figures(goal) == (1, 1)


def test_a_total_that_had_passed_the_mark_before_isnt_found_by_what_comes_again(in_alder: Cast) -> None:
    site, page = in_alder.site, view(0)
    store(envelope(site, page, engagement(1, page, 30, 80)))
    goal = goal_make(site, "scroll", threshold=75)
    store(envelope(site, engagement(2, page, 40, 90)))
    assert figures(goal) == (0, 0)


def test_conversions_follow_visits_that_are_joined(in_alder: Cast) -> None:
    site = in_alder.site
    once = goal_make(site, "page", page="/thanks")
    every = goal_make(site, "page", page="/thanks", counts_every=True)
    store(envelope(site, view(0, "/thanks")))
    store(envelope(site, view(50, "/thanks")))
    assert (figures(once), figures(every)) == ((2, 2), (2, 2))
    goal_archive(goal=every, user_name="Ann")  # what it has follows all the same
    store(envelope(site, view(25)))
    (visit,) = visits(site)
    assert {session_id for _, session_id, _, _ in [*met(once), *met(every)]} == {visit.id}
    assert (figures(once), figures(every)) == ((1, 1), (2, 1))


def journey(site: Site) -> list[Any]:
    first, last = view(0, "/in"), view(50, "/thanks")
    return [
        envelope(site, first, bought(1, "10")),
        envelope(site, engagement(2, first, 40, 90)),
        envelope(site, view(25, "/thanks")),
        envelope(site, last, bought(51, "30")),
        envelope(site, engagement(52, last, 5, 30)),
    ]


@pytest.mark.parametrize("order", list(permutations(range(5)))[::17])
def test_the_same_is_reached_in_whatever_order_it_comes(in_alder: Cast, order: tuple[int, ...]) -> None:
    site = in_alder.site
    page = goal_make(site, "page", page="/thanks")
    every = goal_make(site, "page", page="/thanks", counts_every=True)
    order_goal = goal_make(site, "event", event_name="purchase", value_from=ValueFrom.EVENT)
    scroll, engaged = goal_make(site, "scroll", threshold=80), goal_make(site, "engaged", threshold=30, page="/in")
    parts = journey(site)
    for place in order:
        store(parts[place])
    assert len(visits(site)) == 1
    assert [figures(goal) for goal in (page, every, order_goal, scroll, engaged)] == [
        (1, 1),
        (2, 1),
        (1, 1),
        (1, 1),
        (1, 1),
    ]
    assert amounts(order_goal) == [("EUR", 10)]


def test_set_aside_visits_dont_count_and_do_again_once_that_is_undone(in_alder: Cast) -> None:
    site = in_alder.site
    goal = goal_make(site, "page", page="/thanks")
    store(envelope(site, view(0, "/thanks")))
    rule = rule_make(site, "page:is:/thanks", back=True)
    assert reach(envelope(site, view(0, "/thanks"), visitor=8)) == []
    assert (len(met(goal)), figures(goal)) == (2, (0, 0))
    rule_gone(rule)
    assert figures(goal) == (2, 2)


def test_bots_reach_nothing(in_alder: Cast) -> None:
    site, page = in_alder.site, view(0, "/thanks")
    pages, scroll = goal_make(site, "page", page="/thanks"), goal_make(site, "scroll", threshold=10)
    store(envelope(site, page, user_agent=CRAWLER))
    store(envelope(site, engagement(1, page, 5, 50), user_agent=CRAWLER))
    assert (met(pages), met(scroll)) == ([], [])


def test_what_is_off_or_archived_isnt_reached_and_keeps_what_it_has(in_alder: Cast) -> None:
    site = in_alder.site
    off, gone = goal_make(site, "page", page="/thanks"), goal_make(site, "page", page="/thanks")
    store(envelope(site, view(0, "/thanks")))
    goal_switch(goal=off, is_active=False, user_name="Ann")
    goal_archive(goal=gone, user_name="Ann")
    store(envelope(site, view(0, "/thanks"), visitor=8))
    assert (figures(off), figures(gone)) == ((1, 1), (1, 1))
    goal_switch(goal=off, is_active=True, user_name="Ann")
    store(envelope(site, view(0, "/thanks"), visitor=9))
    assert figures(off) == (2, 2)


def test_a_changed_goal_asks_something_else_from_then_on(in_alder: Cast) -> None:
    site = in_alder.site
    goal = goal_make(site, "page", page="/thanks")
    store(envelope(site, view(0, "/thanks")))
    changed = msgspec.structs.replace(goal.rule, page="/b")
    goal_change(goal=goal, name="Other", rule=changed, reaches_back=False, user_name="Ben")
    store(envelope(site, view(0, "/b"), visitor=8), envelope(site, view(0, "/thanks"), visitor=9))
    assert figures(goal) == (2, 2)


def test_other_sites_and_agencies_have_goals_of_their_own(cast: Cast) -> None:
    with in_schema(str(cast.alder.schema_name)):
        goal = goal_make(cast.site, "page", page="/thanks")
        store(envelope(cast.other_site, view(0, "/thanks")))
        assert figures(goal) == (0, 0)
    with in_schema(str(cast.birch.schema_name)):
        store(envelope(cast.birch_site, view(0, "/thanks")))
        assert not Conversion.objects.exists() and not Goal.objects.exists()


def test_imported_ones_are_told_as_backfill(in_alder: Cast) -> None:
    goal_make(in_alder.site, "page", page="/thanks")
    (fact,) = reach(envelope(in_alder.site, view(0, "/thanks"), origin="import", import_id=5))
    assert fact.is_backfill and Conversion.objects.get().is_backfill


def test_late_ones_count_in_their_own_visit(in_alder: Cast) -> None:
    goal, late = goal_make(in_alder.site, "page", page="/thanks"), view(0, "/thanks")
    late.is_late = True
    store(envelope(in_alder.site, view(1, "/thanks"), late))
    assert figures(goal) == (2, 2)


def test_a_goal_that_isnt_understood_is_reached_by_nobody(in_alder: Cast) -> None:
    site = in_alder.site
    strange, plain = goal_make(site, "page", page="/thanks"), goal_make(site, "page", page="/thanks")
    Goal.objects.filter(id=strange.id).update(kind="phase-of-moon")
    store(envelope(site, view(0, "/thanks")))
    assert (met(strange), figures(plain)) == ([], (1, 1))
    assert Event.objects.filter(site_id=site.id).count() == 1


def test_what_was_parked_reaches_goals_when_it_is_stored_after_all(
    in_alder: Cast,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[GoalReached] = []
    monkeypatch.setitem(facts._listeners, GoalReached, [told.append])
    goal = goal_make(in_alder.site, "page", page="/thanks")
    row = parked(in_alder, view(0, "/tha\x00nks"))
    assert figures(goal) == (0, 0)
    heal(row)
    with django_capture_on_commit_callbacks(execute=True):
        resend(row)
    assert (figures(goal), [fact.goal_id for fact in told]) == ((1, 1), [goal.id])


def test_deleting_a_visit_takes_its_conversions(in_alder: Cast) -> None:
    site = in_alder.site
    goal = goal_make(site, "page", page="/thanks")
    store(envelope(site, view(0, "/thanks")), envelope(site, view(0, "/thanks"), visitor=8))
    visit_erase(site_id=site.id, session_id=visits(site)[0].id)
    assert (len(met(goal)), figures(goal)) == (1, (1, 1))


def test_retention_takes_conversions_with_their_visits(in_alder: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    site = in_alder.site
    monkeypatch.setattr(clock, "now", lambda: NOON)
    goal = goal_make(site, "page", page="/thanks")
    day = 24 * 60
    store(envelope(site, view(-91 * day, "/thanks")), envelope(site, view(-89 * day, "/thanks"), visitor=8))
    assert retention_enforce() == 1
    assert figures(goal) == (1, 1) and len(met(goal)) == 1


def test_erasing_a_site_leaves_nothing_and_nothing_of_others_goes(in_alder: Cast) -> None:
    site, other = in_alder.site, in_alder.other_site
    gone, kept = goal_make(site, "page", page="/thanks", back=True), goal_make(other, "page", page="/thanks")
    for one in (site, other):
        store(envelope(one, view(0, "/thanks")))
    site_erase(site.id)
    assert not Conversion.objects.filter(goal_id=gone.id).exists()
    assert not GoalRun.objects.filter(site_id=site.id).exists()
    assert figures(kept) == (1, 1)
    assert not Session.objects.filter(site_id=site.id).exists()


@pytest.mark.parametrize("visitors", [1, 100])
def test_a_batch_takes_one_query_more_where_a_goal_is_met(in_alder: Cast, visitors: int) -> None:
    site = in_alder.site
    goal_make(site, "page", page="/thanks")
    goal_make(site, "scroll", threshold=50, page="/blog*")
    store(envelope(site, view(0), visitor=0))  # leaves and position are there
    ids = [PARTITIONS * number for number in range(1, visitors + 1)]
    pages = {visitor: view(1, "/blog/a") for visitor in ids}
    plain = [envelope(site, page, visitor=visitor) for visitor, page in pages.items()]
    meeting = [envelope(site, view(2, "/thanks"), visitor=visitor) for visitor in ids]
    totals = [envelope(site, engagement(3, page, 5, 60), visitor=visitor) for visitor, page in pages.items()]
    assert (queries_of(lambda: store(*plain)), queries_of(lambda: store(*meeting))) == (15, 16)
    # Which pages they are is asked as well.
    before = queries_of(lambda: store(*[envelope(site, engagement(3, pages[one], 4, 40), visitor=one) for one in ids]))
    assert queries_of(lambda: store(*totals)) == before + 2
    assert Conversion.objects.count() == 2 * visitors
