"""Applying to what is stored: as previewed, in slices, however often it is killed or started twice."""

from contextlib import ExitStack
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from apps.core import clock
from apps.core.errors import Refused
from apps.tracking import retention
from apps.tracking.erase import site_erase
from apps.tracking.erase_visit import visit_erase
from apps.tracking.ledger import ledger_sum
from apps.tracking.models import ExclusionRule, Session, VisitToJudge
from apps.tracking.recount import site_set_zone
from apps.tracking.rules import work
from apps.tracking.rules.conditions import conditions_read
from apps.tracking.rules.preview import rule_preview
from apps.tracking.rules.selectors import rule_line
from apps.tracking.rules.services import rule_create, rule_undo
from apps.tracking.setting_aside import local_days
from apps.tracking.tasks import rule_work as rule_work_task
from apps.tracking.tasks import rules_sweep
from tests.cast import Cast
from tests.factories_tracking import Happened, Page, visit_make

from .arrivals import NOON, click, envelope, store, view
from .ruling import agree, figures, rule_gone, rule_make, stored

DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def evening(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOON + timedelta(hours=8))


@pytest.fixture
def small_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "SLICE_VISITS", 2)


def visits_store(cast: Cast) -> None:
    """Seven visits to the intranet and three to the shop."""
    paths = ["/intranet"] * 7 + ["/shop"] * 3
    store(*[envelope(cast.site, view(number, path), visitor=number) for number, path in enumerate(paths)])


def test_the_preview_says_what_applying_then_does(in_alder: Cast) -> None:
    site = in_alder.site
    for days in range(0, 40, 3):
        visit_make(
            site,
            NOON - days * DAY,
            pages=[Page("/intranet"), Page("/a", 30, engaged_s=9)],
            events=[Happened("signup", 40)] if days % 2 else [],
            visitor=1,
        )
        visit_make(site, NOON - days * DAY + timedelta(hours=1), pages=[Page("/shop")], visitor=days % 4)
    visit_make(site, NOON, pages=[Page("/intranet")], set_aside="bot_declared")
    before = Session.objects.filter(set_aside="", started_at__gte=clock.now() - 30 * DAY).count()
    preview = rule_preview(site_id=site.id, filters=conditions_read(["page:is:/intranet", "pageviews:at_least:2"]))
    assert (preview.whole.visits, preview.goes.visits, preview.goes.visitors) == (before, 10, 10)
    assert (preview.goes.pageviews, preview.goes.events, preview.stored) == (20, 5, 14)
    assert sum(day.visits for day in preview.days) == 10
    assert sum(day.all_visits for day in preview.days) == before
    assert [visit.started_at for visit in preview.sample][:2] == [NOON, NOON - 3 * DAY]

    rule_make(site, "page:is:/intranet", "pageviews:at_least:2", back=True)
    gone = Session.objects.filter(set_aside="excluded")
    assert gone.count() == preview.stored
    assert gone.filter(started_at__gte=clock.now() - 30 * DAY).count() == preview.goes.visits
    assert rule_preview(site_id=site.id, filters=conditions_read(["page:is:/intranet"])).goes.visits == 0


def test_a_visitors_two_visits_of_a_day_are_one_visitor_in_the_preview(in_alder: Cast) -> None:
    for hours in (1, 3):
        visit_make(in_alder.site, NOON - timedelta(hours=hours), visitor=1)
    preview = rule_preview(site_id=in_alder.site.id, filters=conditions_read(["page:is:/"]))
    assert (preview.goes.visits, preview.goes.visitors) == (2, 1)


def test_a_site_without_visits_has_an_empty_preview(in_alder: Cast) -> None:
    preview = rule_preview(site_id=in_alder.site.id, filters=conditions_read(["page:is:/"]))
    assert (preview.goes.visits, preview.ratio, preview.days) == (0, None, [])


@pytest.mark.usefixtures("small_slices")
def test_one_that_is_killed_on_the_way_is_taken_up_by_the_sweep(
    in_alder: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    visits_store(in_alder)
    rule = rule_make(in_alder.site, "page:is:/intranet", back=True, carried_out=False)
    assert work._lease(rule.id)
    assert work.rule_slice(rule.id) and work.rule_slice(rule.id)
    rule.refresh_from_db()
    assert (rule.state, rule.visits_done, rule.visits_total) == ("applying", 4, 10)
    assert Session.objects.filter(excluded_by=rule.id).count() == 4
    agree(in_alder.site)
    # The one before said that it is at work, and is dead.
    assert work.rules_unfinished() == []
    assert not work.rule_work(rule.id)
    monkeypatch.setattr(clock, "now", lambda: NOON + timedelta(hours=8, minutes=2))
    assert work.rules_unfinished() == [rule.id]
    assert work.rule_work(rule.id)
    rule.refresh_from_db()
    assert (rule.state, rule.visits_done) == ("active", 10)
    assert Session.objects.filter(excluded_by=rule.id).count() == 7
    agree(in_alder.site)


@pytest.mark.usefixtures("small_slices")
def test_undoing_is_taken_up_too_and_ends_where_it_began(in_alder: Cast) -> None:
    visits_store(in_alder)
    before = stored(in_alder.site)
    rule = rule_make(in_alder.site, "page:is:/intranet", back=True)
    rule_undo(rule=rule, user_id=1, user_name="Ann")
    assert work.rule_slice(rule.id)
    agree(in_alder.site)
    assert Session.objects.filter(excluded_by=rule.id).count() == 5
    # A visitor comes back into one that isn't back yet.
    assert work.rule_slice(rule.id) and work.rule_slice(rule.id) and not work.rule_slice(rule.id)
    rule.refresh_from_db()
    assert rule.state == "undone"
    assert stored(in_alder.site) == before


@pytest.mark.usefixtures("small_slices")
def test_a_rule_undone_while_it_is_being_applied_leaves_nothing(in_alder: Cast) -> None:
    visits_store(in_alder)
    before = stored(in_alder.site)
    rule = rule_make(in_alder.site, "page:is:/intranet", back=True, carried_out=False)
    assert work.rule_slice(rule.id)
    rule_undo(rule=rule, user_id=1, user_name="Ann")
    work.rule_work(rule.id)
    work.rule_work(rule.id)
    rule.refresh_from_db()
    assert rule.state == "undone"
    assert stored(in_alder.site) == before
    assert not rule_undo(rule=rule, user_id=1, user_name="Ann")


@pytest.mark.usefixtures("small_slices")
def test_two_at_once_do_no_more_than_one(in_alder: Cast) -> None:
    visits_store(in_alder)
    rule = rule_make(in_alder.site, "page:is:/intranet", back=True, carried_out=False)
    assert work.rule_slice(rule.id)
    ExclusionRule.objects.filter(id=rule.id).update(cursor_at=None, cursor_id=None)  # the other one's slice again
    while work.rule_slice(rule.id):
        pass
    assert figures(in_alder.site)[:2] == (3, {"excluded": 7})
    agree(in_alder.site)


@pytest.mark.usefixtures("small_slices")
def test_it_stops_when_its_time_is_up_and_lets_others_go_on(in_alder: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    visits_store(in_alder)
    rule = rule_make(in_alder.site, "page:is:/intranet", back=True, carried_out=False)
    monkeypatch.setattr(work, "WORK_FOR", timedelta(0))
    assert not work.rule_work(rule.id)
    assert work.rules_unfinished() == [rule.id]


def test_visits_that_come_while_it_is_applied_are_its_too(in_alder: Cast) -> None:
    rule = rule_make(in_alder.site, "page:is:/intranet", back=True, carried_out=False)
    store(envelope(in_alder.site, view(0, "/intranet")))
    assert Session.objects.get().excluded_by == rule.id
    work.rule_work(rule.id)
    assert Session.objects.get().excluded_by == rule.id
    agree(in_alder.site)


def test_the_tasks_carry_it_out(in_alder: Cast) -> None:
    schema = str(in_alder.alder.schema_name)
    visits_store(in_alder)
    rule = rule_make(in_alder.site, "page:is:/intranet", back=True, carried_out=False)
    rule_work_task(schema, rule.id)
    rule.refresh_from_db()
    assert rule.state == "active"
    store(envelope(in_alder.site, view(9.5, "/intranet"), visitor=9))
    rules_sweep()
    assert Session.objects.filter(excluded_by=rule.id).count() == 8
    assert not VisitToJudge.objects.exists()


def test_open_visits_are_judged_once_they_are_over(in_alder: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOON + timedelta(minutes=5))
    store(envelope(in_alder.site, view(0)))
    rule = rule_make(in_alder.site, "pageviews:at_most:1", back=True)
    assert Session.objects.get().set_aside == ""
    monkeypatch.setattr(clock, "now", lambda: NOON + timedelta(minutes=36))
    work.visits_judge()
    assert Session.objects.get().excluded_by == rule.id


def test_erasing_and_retention_take_from_the_lines_of_what_goes(
    in_alder: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = in_alder.site
    store(
        envelope(site, view(0, "/intranet"), click(1)),
        envelope(site, view(2, "/intranet"), visitor=8),
        envelope(site, view(3, "/shop"), visitor=9),
    )
    rule = rule_make(site, "page:is:/intranet", back=True)
    assert visit_erase(site_id=site.id, session_id=Session.objects.get(visitor_id=7).id) == 2
    told = ledger_sum(site_id=site.id)
    assert (told.counted_now, told.set_aside_now, told.erased, told.accepted) == (1, {"excluded": 1}, 2, 4)
    agree(site)
    rule_gone(rule)
    assert visit_erase(site_id=site.id, session_id=Session.objects.get(visitor_id=8).id) == 1
    told = ledger_sum(site_id=site.id)
    assert (told.counted_now, told.set_aside_now, told.erased, told.accepted) == (1, {}, 3, 4)
    rule_make(site, "page:is:/shop", back=True)
    monkeypatch.setattr(clock, "now", lambda: NOON + timedelta(days=91))
    assert retention.retention_enforce() == 1
    told = ledger_sum(site_id=site.id)
    assert (told.counted_now, told.set_aside_now, told.erased, told.accepted) == (0, {}, 4, 4)
    agree(site)


def test_erasing_a_site_takes_its_rules(in_alder: Cast) -> None:
    store(envelope(in_alder.site, view(0)))
    rule_make(in_alder.site, "page:is:/", back=True)
    rule_make(in_alder.other_site, "page:is:/")
    store(envelope(in_alder.site, view(5)))
    site_erase(in_alder.site.id)
    assert set(ExclusionRule.objects.values_list("site_id", flat=True)) == {in_alder.other_site.id}
    assert not VisitToJudge.objects.exists()


def test_it_says_which_local_days_have_changed(in_alder: Cast) -> None:
    site_set_zone(site=in_alder.site, time_zone="Pacific/Auckland")  # 13 hours ahead: midnight is 11:00 UTC
    spans = [(NOON - timedelta(hours=2), NOON), (NOON + DAY, NOON + DAY)]
    days = local_days(site_id=in_alder.site.id, spans=spans)
    assert sorted(day.day for day in days) == [18, 19, 20]


def test_a_rule_that_there_is_isnt_made_twice(in_alder: Cast) -> None:
    rule_make(in_alder.site, "page:is:/")
    filters = conditions_read(["page:is:/"])
    with pytest.raises(Refused, match="already"):
        rule_create(site_id=in_alder.site.id, filters=filters, reaches_back=False, user_id=1, user_name="Ann")
    rule_create(site_id=in_alder.site.id, filters=filters, reaches_back=True, user_id=1, user_name="Ann")


def test_a_rule_that_is_done_while_the_list_is_read_isnt_shown_as_done_with_nothing(in_alder: Cast) -> None:
    visits_store(in_alder)
    rule = rule_make(in_alder.site, "page:is:/intranet", back=True, carried_out=False)

    def then_it_is_done(execute: Any, *args: Any) -> Any:
        result = execute(*args)
        reading.pop_all().close()
        work.rule_work(rule.id)
        return result

    with ExitStack() as reading:
        reading.enter_context(connection.execute_wrapper(then_it_is_done))
        line = rule_line(site_id=in_alder.site.id, rule_id=rule.id)
    assert line and (line.is_moving or line.held.visits == 7)
    after = rule_line(site_id=in_alder.site.id, rule_id=rule.id)
    assert after and not after.is_moving and after.held.visits == 7
