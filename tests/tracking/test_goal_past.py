"""Goals applied to the past, and previewed there: the same as if they had been there from the beginning."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from pytest_django import DjangoCaptureOnCommitCallbacks

from apps.core import clock, facts
from apps.sites.goals.conditions import PropCondition, PropOp
from apps.sites.goals.rules import GoalKind, GoalRule, ValueFrom
from apps.sites.models import Goal, Site
from apps.tracking.envelope import EventIn
from apps.tracking.facts import GoalChanged, GoalReached
from apps.tracking.goals import work
from apps.tracking.goals.preview import goal_preview
from apps.tracking.goals.services import goal_archive, goal_change, goal_create
from apps.tracking.models import Conversion, GoalRun
from apps.tracking.tasks import goal_work as goal_work_task
from apps.tracking.tasks import goals_sweep
from tests.cast import Cast
from tests.goaling import amounts, figures, goal_make, met, reach

from .arrivals import CRAWLER, NOON, click, engagement, envelope, store, view
from .ruling import rule_make

DAY = 24 * 60
WORTH = (PropCondition("value", PropOp.AT_LEAST, "20"), PropCondition("plan", PropOp.IS_NOT, "solo"))
ASKED: list[dict[str, Any]] = [
    {"kind": "page", "page": pattern}
    for pattern in (
        "/",
        "/thanks",
        "/Thanks/",
        "/a_b%c",
        "thanks",
        "*you",
        "/shop/*/done",
        "/caf%C3%A9*",
        "/café",
        "first.example/thanks",
        "*.example/shop*",
        "https://other.example/thanks",
        "/find?q=*",
        "?*page=2",
        "/app#/done*",
    )
]
ASKED += [
    {"kind": "event", "event_name": "order", "value_from": ValueFrom.EVENT, "currency": "USD", "counts_every": True},
    {"kind": "event", "event_name": "order", "conditions": WORTH},
    {"kind": "event", "event_name": "order", "page": "/shop*"},
    {"kind": "scroll", "threshold": 50},
    {"kind": "scroll", "threshold": 50, "page": "/shop*"},
    {"kind": "engaged", "threshold": 10, "value_from": ValueFrom.FIXED, "value": Decimal("2.5"), "currency": "EUR"},
]
PATHS = (
    "/",
    "/thanks",
    "/thanks/",
    "/THANKS",
    "/thanks/you",
    "/a_b%c",
    "/axbxc",
    "/shop/a/done",
    "/shop/a/b/done/",
    "/caf%c3%a9/menu",
    "/caf%C3%A9",
    "/café",
    "/find",
    "/app",
)


@pytest.fixture(autouse=True)
def noon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOON + timedelta(hours=1))


@pytest.fixture
def small_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "SLICE_EVENTS", 2)


def order(minutes: float, value: str, path: str = "/shop/a", **props: str) -> EventIn:
    return click(minutes, "order", value=value, host="first.example", path=path, props=props or None)


def past(site: Site) -> None:
    """Store some days of visits in which every goal of ASKED is met by something, and missed by something."""
    views = [view(-9 * DAY + number, path) for number, path in enumerate(PATHS)]
    views += [view(-9 * DAY + 20, "/find", query="q=shoes&page=2"), view(-9 * DAY + 21, "/app", fragment="/done/1")]
    store(envelope(site, *views), envelope(site, order(-9 * DAY + 22, "20"), order(-9 * DAY + 23, "19.99")))
    store(envelope(site, engagement(-9 * DAY + 9, views[7], 10, 50), engagement(-9 * DAY + 9, views[8], 9.9, 49)))
    elsewhere = view(-2 * DAY, "/thanks")
    elsewhere.host = "other.example"
    store(envelope(site, elsewhere, order(-2 * DAY + 1, "50", plan="solo"), order(-2 * DAY + 2, "50"), visitor=8))
    store(envelope(site, view(-DAY, "/thanks"), user_agent=CRAWLER, visitor=9))


@pytest.mark.usefixtures("small_slices")
def test_applied_to_the_past_it_has_what_it_would_have_had(in_alder: Cast) -> None:
    site = in_alder.site
    before = [goal_make(site, **asked) for asked in ASKED]
    past(site)
    for goal, asked in zip(before, ASKED, strict=True):
        Goal.objects.filter(id=goal.id).update(is_active=False)
        after = goal_make(site, **asked, name="after", back=True)
        assert met(goal) == met(after) and met(goal), asked
        goal_archive(goal=after, user_name="Ann")
    assert set(Conversion.objects.filter(is_backfill=False).values_list("goal_id", flat=True)) == {g.id for g in before}


def test_the_preview_says_what_would_count(in_alder: Cast) -> None:
    site = in_alder.site
    past(site)
    for asked in ASKED:
        goal = goal_make(site, **asked, name="after", back=True)
        preview = goal_preview(site_id=site.id, rule=goal.rule)
        shown = [(one.currency, one.amount) for one in preview.amounts]
        assert ((preview.conversions, preview.visits), shown) == (figures(goal), amounts(goal)), asked
        assert (preview.all_visits, len(preview.latest)) == (2, preview.visits)
        goal_archive(goal=goal, user_name="Ann")


def test_a_preview_stores_nothing_and_leaves_out_what_is_older_or_set_aside(in_alder: Cast) -> None:
    site = in_alder.site
    store(envelope(site, view(-31 * DAY, "/thanks")), envelope(site, view(-DAY, "/thanks"), visitor=8))
    store(envelope(site, view(-2 * DAY, "/thanks"), view(-2 * DAY + 1, "/intranet"), visitor=9))
    rule_make(site, "page:is:/intranet", back=True)
    preview = goal_preview(site_id=site.id, rule=GoalRule(0, GoalKind.PAGE, page="/thanks"))
    assert (preview.conversions, preview.visits, preview.all_visits, preview.ratio) == (1, 1, 1, 1.0)
    assert not Conversion.objects.exists() and not Goal.objects.exists()


def test_without_visits_there_is_no_ratio(in_alder: Cast) -> None:
    preview = goal_preview(site_id=in_alder.site.id, rule=GoalRule(0, GoalKind.PAGE, page="/thanks"))
    assert (preview.conversions, preview.ratio, preview.is_cut) == (0, None, False)


@pytest.fixture
def applying(in_alder: Cast, small_slices: None) -> Iterator[Goal]:
    """A goal on its way through the past, which it meets on four days."""
    for day in (9, 8, 5, 1):
        store(envelope(in_alder.site, view(-day * DAY, "/thanks"), view(-day * DAY + 1, "/thanks")))
    rule = GoalRule(0, GoalKind.PAGE, page="/thanks", counts_every=True)
    yield goal_create(site=in_alder.site, name="Thanks", rule=rule, reaches_back=True, user_name="Ann")


def test_who_is_killed_is_taken_up_by_the_next(applying: Goal) -> None:
    assert work.goal_slice(applying.id)
    assert 0 < figures(applying)[0] < 8
    assert work.goals_unfinished() == []  # whoever did that slice may still be at it
    assert not work.goal_work(applying.id)
    GoalRun.objects.update(leased_until=NOON)
    assert work.goals_unfinished() == [applying.id]
    assert work.goal_work(applying.id)
    assert (figures(applying), GoalRun.objects.get().state) == ((8, 4), "done")
    assert work.goals_unfinished() == []


def test_two_at_once_do_no_more_than_one(applying: Goal) -> None:
    assert work.goal_slice(applying.id)
    GoalRun.objects.update(cursor_at=None, cursor_id=None)  # the other one's slice again
    while work.goal_slice(applying.id):
        pass
    assert figures(applying) == (8, 4)


def test_it_stops_when_its_time_is_up_and_lets_others_go_on(applying: Goal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "WORK_FOR", timedelta(0))
    assert not work.goal_work(applying.id)
    assert work.goals_unfinished() == [applying.id]


def test_what_comes_meanwhile_is_the_writers(applying: Goal) -> None:
    assert work.goal_slice(applying.id)
    (late,) = reach(envelope(Site.objects.get(id=applying.site_id), view(-9 * DAY, "/thanks"), visitor=8))
    assert not late.is_backfill
    while work.goal_slice(applying.id):
        pass
    assert figures(applying) == (9, 5)


def test_an_archived_one_isnt_applied_any_further(applying: Goal) -> None:
    assert work.goal_slice(applying.id)
    goal_archive(goal=applying, user_name="Ann")
    assert not work.goal_slice(applying.id) and work.goals_unfinished() == []


def test_one_that_isnt_understood_waits_for_a_newer_version(applying: Goal) -> None:
    Goal.objects.filter(id=applying.id).update(kind="phase-of-moon")
    assert not work.goal_work(applying.id)
    assert GoalRun.objects.get().state == "applying"
    assert figures(applying) == (0, 0)


def test_it_tells_what_was_found_as_backfill(
    applying: Goal, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[GoalReached] = []
    monkeypatch.setitem(facts._listeners, GoalReached, [told.append])
    with django_capture_on_commit_callbacks(execute=True):
        work.goal_work(applying.id)
    assert all(fact.is_backfill and fact.goal_id == applying.id for fact in told)
    assert sum(len(fact.conversion_ids) for fact in told) == 8


def test_a_changed_goal_may_be_counted_anew(in_alder: Cast) -> None:
    site = in_alder.site
    goal = goal_make(site, "page", page="/thanks")
    store(envelope(site, view(0, "/thanks"), view(1, "/b")))
    changed = msgspec.structs.replace(goal.rule, page="/b")
    goal_change(goal=goal, name="B", rule=changed, reaches_back=True, user_name="Ben")
    assert met(goal) == []
    assert work.goal_work(goal.id)
    row = Conversion.objects.get(goal_id=goal.id)
    assert (row.occurred_at, row.is_backfill) == (NOON + timedelta(minutes=1), True)


def test_a_site_without_events_is_done_at_once(in_alder: Cast) -> None:
    goal = goal_make(in_alder.site, "page", page="/thanks", back=True)
    assert (figures(goal), GoalRun.objects.get().state) == ((0, 0), "done")


def test_the_tasks_carry_it_out(applying: Goal, in_alder: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    woken: list[tuple[str, int]] = []
    monkeypatch.setattr(goal_work_task, "delay", lambda *asked: woken.append(asked))
    goals_sweep()
    assert woken == [(str(in_alder.alder.schema_name), applying.id)]
    goal_work_task(*woken[0])
    assert figures(applying) == (8, 4)


def test_making_one_wakes_the_work(
    in_alder: Cast, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[GoalChanged] = []
    monkeypatch.setitem(facts._listeners, GoalChanged, [told.append])
    rule = GoalRule(0, GoalKind.PAGE, page="/thanks")
    with django_capture_on_commit_callbacks(execute=True):
        for name, back in (("forward", False), ("back", True)):
            goal_create(site=in_alder.site, name=name, rule=rule, reaches_back=back, user_name="Ann")
    assert [fact.goal_id for fact in told] == [Goal.objects.get(name="back").id]
