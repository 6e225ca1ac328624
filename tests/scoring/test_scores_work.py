"""From a change in visits to the score: marks, rows, what is told, and what it takes."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from msgspec.structs import replace
from pytest_django import DjangoCaptureOnCommitCallbacks

from apps.alerts import tasks as alerts_tasks
from apps.companies import tasks as companies_tasks
from apps.core import clock
from apps.core.tenancy import current_schema
from apps.scoring import services
from apps.scoring import tasks as scoring_tasks
from apps.scoring.defaults import DEFAULT_SCORING
from apps.scoring.facts import TemperatureChanged
from apps.scoring.models import Score, ScoreChange, ScoreDue, ScoringVersion
from apps.scoring.reasons import PartName
from apps.scoring.rules import IdealCustomer, Match, Rule, RuleKind, Scoring, Weights
from apps.scoring.runs import run_ask, run_slice
from apps.scoring.saving import scoring_save
from apps.scoring.selectors import score_explained
from apps.scoring.services import scores_cool, scores_work, site_forget
from apps.scoring.versions import scoring_of
from apps.tracking.company_links import visits_link
from apps.tracking.erase import site_erase
from apps.tracking.erase_visit import visit_erase
from apps.tracking.goals.services import goal_archive, goal_change
from apps.tracking.models import Session
from tests.cast import Cast
from tests.factories_tracking import Page, visit_make
from tests.goaling import goal_make
from tests.queries import queries_asked

from .conftest import NOW, ago, company_make, make_hot, visit_of


def test_a_visit_of_a_company_makes_its_score(in_alder: Cast) -> None:
    company = company_make()
    visit_of(company, in_alder.site, ago(hours=1))
    assert set(ScoreDue.objects.values_list("site_id", "company_id")) == {(in_alder.site.id, company.id)}
    assert scores_work() == 1
    row = Score.objects.get()
    assert (row.site_id, row.company_id, row.version_id) == (in_alder.site.id, company.id, None)
    assert (row.as_of, row.visits, row.views) == (ago(hours=1), 1.0, 1.0)
    assert (row.temperature, row.told_temperature) == ("cold", "cold")
    assert not ScoreDue.objects.exists()
    assert scores_work() == 0


def test_all_marks_of_a_company_are_done_with_at_once(in_alder: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []
    monkeypatch.setattr(services, "BULK_TOGETHER", 2)
    monkeypatch.setattr(services, "scores_make", lambda *, company_ids, **_: made.extend(company_ids))
    here, there = in_alder.site.id, in_alder.other_site.id
    pairs = [(here, 1), (here, 2), (here, 3), (there, 1)] * 5
    ScoreDue.objects.bulk_create(ScoreDue(site_id=site_id, company_id=company_id) for site_id, company_id in pairs)
    assert scores_work() == 20
    assert sorted(made) == [1, 1, 2, 3]


def test_visits_without_a_company_leave_no_mark(in_alder: Cast) -> None:
    visit = visit_make(in_alder.site, ago(hours=1))
    visit.engaged_ms = 5
    visit.save()
    visit.delete()
    assert not ScoreDue.objects.exists()


def test_whoever_turns_hot_is_told_of_once(
    in_alder: Cast, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks, told: list[object]
) -> None:
    company = company_make()
    make_hot(company, in_alder.site, ago(minutes=1))
    for _ in range(2):
        with django_capture_on_commit_callbacks(execute=True):
            scores_work()
        ScoreDue.objects.create(site_id=in_alder.site.id, company_id=company.id)
    change = ScoreChange.objects.get(what="temperature")
    assert (change.before, change.after, change.is_backfill) == ("cold", "hot", False)
    facts_told = [fact for fact in told if isinstance(fact, TemperatureChanged)]
    assert [(fact.change_id, fact.after, fact.score) for fact in facts_told] == [(change.id, "hot", change.score)]
    assert (facts_told[0].at, facts_told[0].rule_keys) == (NOW, tuple(change.rule_keys))
    explained = score_explained(site_id=in_alder.site.id, company_id=company.id, at=NOW)
    assert explained is not None
    reasons = [reason.rule.key for reason in explained.part(PartName.INTENT).reasons if reason.rule]
    assert sorted(change.rule_keys) == sorted(reasons)
    assert {fact.category for fact in Score.objects.all()} == {"high_intent"}


def test_who_turned_hot_while_all_is_made_anew_is_news_as_ever(in_alder: Cast) -> None:
    there, long_known = company_make(), company_make("Westmere Ltd")
    make_hot(there, in_alder.site, ago(minutes=1))
    make_hot(long_known, in_alder.site, ago(minutes=1))
    ScoreDue.objects.filter(company_id=long_known.id).delete()
    run_ask(site_id=in_alder.site.id)
    while run_slice(in_alder.site.id):
        pass
    scores_work()
    hot = ScoreChange.objects.filter(what="temperature").values_list("company_id", "is_backfill")
    assert set(hot) == {(there.id, False), (long_known.id, True)}


def test_what_an_imported_log_makes_hot_is_no_news(in_alder: Cast) -> None:
    make_hot(company_make(), in_alder.site, ago(minutes=1), origin="import")
    scores_work()
    assert ScoreChange.objects.get(what="temperature").is_backfill


def test_visits_that_are_given_to_another_company_are_no_news(in_alder: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    named, right, known = company_make(), company_make("Westmere Ltd"), company_make("Ostrava Glas")
    visit_of(known, in_alder.site, ago(days=2))
    make_hot(named, in_alder.site, ago(minutes=1))
    scores_work()
    monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(hours=1))
    ScoreDue.objects.create(site_id=in_alder.site.id, company_id=known.id)
    scores_work()
    for company in (right, known):
        Session.objects.filter(started_at__gt=ago(days=1)).update(company_id=company.id)
        scores_work()
    hot = ScoreChange.objects.filter(after="hot").values_list("company_id", "is_backfill")
    assert set(hot) == {(named.id, False), (right.id, True), (known.id, True)}


def test_who_comes_back_and_turns_hot_is_news(in_alder: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    company = company_make()
    visit_of(company, in_alder.site, ago(days=2))
    scores_work()
    monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(hours=1))
    make_hot(company, in_alder.site, ago(minutes=-30))
    scores_work()
    assert not ScoreChange.objects.get(what="temperature").is_backfill


def test_what_is_learned_of_a_company_hours_after_its_visit_is_no_news(
    in_alder: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    company = company_make()
    make_hot(company, in_alder.site, ago(minutes=1))
    scores_work()
    ScoreChange.objects.all().delete()
    Score.objects.update(told_temperature="warm")
    monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(hours=8))
    ScoreDue.objects.create(site_id=in_alder.site.id, company_id=company.id)
    scores_work()
    assert ScoreChange.objects.get(what="temperature", after="hot").is_backfill


def test_what_is_long_ago_is_no_news(in_alder: Cast) -> None:
    make_hot(company_make(), in_alder.site, ago(hours=30))
    scores_work()
    assert ScoreChange.objects.get(what="temperature").is_backfill


def test_a_visit_that_goes_takes_its_share_with_it(in_alder: Cast) -> None:
    company = company_make()
    make_hot(company, in_alder.site, ago(minutes=1))
    kept = visit_of(company, in_alder.site, ago(days=2))
    scores_work()
    for visit_id in Session.objects.exclude(id=kept.id).values_list("id", flat=True):
        visit_erase(site_id=in_alder.site.id, session_id=visit_id)
    scores_work()
    row = Score.objects.get()
    assert (row.visits, row.as_of, row.told_temperature) == (1.0, kept.started_at, "cold")
    visit_erase(site_id=in_alder.site.id, session_id=kept.id)
    scores_work()
    assert not Score.objects.exists()


def test_a_visit_that_is_another_companys_moves_its_share(in_alder: Cast) -> None:
    one, other = company_make(), company_make("Westmere Ltd")
    visit = visit_of(one, in_alder.site, ago(hours=1))
    scores_work()
    visits_link(companies={visit.id: other.id}, at=ago(hours=0))
    scores_work()
    assert list(Score.objects.values_list("company_id", flat=True)) == [other.id]


def test_what_is_set_aside_does_not_count(in_alder: Cast) -> None:
    company = company_make()
    visit = visit_of(company, in_alder.site, ago(hours=1))
    scores_work()
    Session.objects.filter(id=visit.id).update(set_aside="excluded")
    scores_work()
    assert not Score.objects.exists()


def test_goals_count_as_they_do_elsewhere(in_alder: Cast) -> None:
    company = company_make()
    visit_of(company, in_alder.site, ago(hours=1), [Page("/thanks"), Page("/thanks", 60)])
    goal = goal_make(in_alder.site, "page", page="/thanks", back=True)
    scores_work()
    assert Score.objects.get().rule_sums == [pytest.approx(40, abs=0.01)]  # once a visit
    goal_change(goal=goal, name="Thanks", rule=replace(goal.rule, counts_every=True), reaches_back=False, user_name="A")
    scores_work()
    assert Score.objects.get().rule_sums == [pytest.approx(80, abs=0.01)]
    goal_archive(goal=goal, user_name="A")
    scores_work()
    assert Score.objects.get().rule_sums == []


def test_a_profile_that_is_learned_changes_the_fit(in_alder: Cast) -> None:
    company = company_make()
    visit_of(company, in_alder.site, ago(hours=1))
    scoring = replace(DEFAULT_SCORING, ideal=IdealCustomer(industries=("Machinery",)))
    scoring_save(site_id=in_alder.site.id, scoring=scoring, expected_version=0, user_name="Ann")
    scores_work()
    assert Score.objects.get().fit is None
    company.industry = "machinery"
    company.save()
    scores_work()
    assert Score.objects.get().fit == 100


def test_it_cools_down_and_says_so(in_alder: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    company = company_make()
    make_hot(company, in_alder.site, ago(minutes=1))
    scores_work()
    assert scores_cool() == 0
    monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(days=60))
    assert scores_cool() == 1
    assert scores_cool() == 0
    row = Score.objects.get()
    assert (row.told_temperature, row.told_category, row.temperature) == ("cold", "looker", "hot")
    last = ScoreChange.objects.filter(what="temperature").latest("id")
    assert (last.before, last.after, last.is_backfill) == ("hot", "cold", False)


def test_whose_score_is_about_to_be_made_anew_isnt_said_to_have_cooled(
    in_alder: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    company = company_make()
    make_hot(company, in_alder.site, ago(minutes=1))
    scores_work()
    monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(days=60))
    make_hot(company, in_alder.site, clock.now() - timedelta(minutes=1))
    assert scores_cool() == 0
    scores_work()
    assert not ScoreChange.objects.filter(before="hot").exists()


def test_older_code_can_write_rows_while_it_still_runs(in_alder: Cast) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO score_change (site_id, company_id, what, before, after, score, is_backfill, at)"
            " VALUES (1, 2, 'temperature', 'hot', 'warm', 60, FALSE, now())"
        )
        cursor.execute(
            "INSERT INTO score (site_id, company_id, as_of, visits, views, engaged_minutes, scroll_ratio, visitors,"
            " rule_sums, rule_caps, weights, temperature, category, told_temperature, told_category, calculated_at)"
            " VALUES (1, 2, now(), 1, 1, 1, 1, 1, '{}', '{}', '{0,0,1,1,0}', 'cold', 'looker', 'cold', 'looker', now())"
        )
    assert (Score.objects.get().brief_keys, ScoreChange.objects.get().rule_keys) == ([], [])


def test_who_turns_hot_by_time_alone_is_no_news(in_alder: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    rules = (
        Rule("a", "Pricing", RuleKind.PAGE, 100, 1_000, Match(pages=("/pricing",))),
        Rule("b", "Careers", RuleKind.PAGE, -100, -100, Match(pages=("/careers",)), window_days=2),
    )
    scoring = Scoring(rules=rules, weights=Weights(intent=1, engagement=0))
    scoring_save(site_id=in_alder.site.id, scoring=scoring, expected_version=0, user_name="Ann")
    visit_of(company_make(), in_alder.site, ago(minutes=5), [Page("/careers"), Page("/pricing", 1)])
    scores_work()
    assert Score.objects.get().told_temperature == "cold"
    monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(days=2, hours=1))
    assert scores_cool() == 1
    assert set(ScoreChange.objects.values_list("after", "is_backfill")) == {("hot", True), ("high_intent", True)}


def test_an_erased_site_leaves_nothing(in_alder: Cast) -> None:
    company = company_make()
    make_hot(company, in_alder.site, ago(minutes=1))
    scoring_save(site_id=in_alder.site.id, scoring=DEFAULT_SCORING, expected_version=0, user_name="Ann")
    visit_of(company, in_alder.other_site, ago(hours=1))
    scores_work()
    site_erase(in_alder.site.id)
    site_forget(site_id=in_alder.site.id)
    scores_work()
    assert list(Score.objects.values_list("site_id", flat=True)) == [in_alder.other_site.id]
    for model in (ScoreChange, ScoringVersion, ScoreDue):
        assert not model.objects.filter(site_id=in_alder.site.id).exists()


@pytest.mark.parametrize("companies", [1, 20])
def test_it_takes_as_many_queries_for_twenty_as_for_one(in_alder: Cast, companies: int) -> None:
    goal_make(in_alder.site, "page", page="/never")
    for number in range(companies):
        make_hot(company_make(f"C{number} Ltd"), in_alder.site, ago(minutes=1))
    # Rows as they were, rules, profiles, visits, events, goals, conversions; marks that wait; rows and changes;
    # marks, locks, and whether there are more: fresh ones (none of these are), the agency's place, the others.
    with queries_asked(17):
        scores_work()


def test_a_site_that_fails_keeps_its_marks_and_no_other_waits(in_alder: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    company = company_make()
    visit_of(company, in_alder.site, ago(hours=1))
    broken_id = in_alder.site.id - 1  # comes first
    ScoreDue.objects.create(site_id=broken_id, company_id=company.id)
    make = services.scores_make

    def fail(*, site_id: int, **asked: Any) -> None:
        make(site_id=site_id, **asked)
        if site_id == broken_id:
            raise KeyError("odd")

    monkeypatch.setattr(services, "scores_make", fail)
    assert scores_work() == 1
    assert Score.objects.get().site_id == in_alder.site.id
    assert set(ScoreDue.objects.values_list("site_id", "company_id")) == {(broken_id, company.id)}


def test_a_rule_that_cannot_be_read_is_left_out_alone(in_alder: Cast) -> None:
    row = scoring_save(site_id=None, scoring=DEFAULT_SCORING, expected_version=0, user_name="Ann")
    row.refresh_from_db()
    assert row.content is not None
    row.content["rules"][0]["kind"] = "of_tomorrow"
    ScoringVersion.objects.filter(id=row.id).update(content=row.content)
    assert scoring_of(in_alder.site.id).scoring == replace(DEFAULT_SCORING, rules=DEFAULT_SCORING.rules[1:])


def test_an_agency_that_fails_keeps_no_other_waiting(cast: Cast) -> None:
    for tasks in (scoring_tasks, alerts_tasks, companies_tasks):
        seen: list[str] = []

        def fail(seen: list[str] = seen) -> None:
            seen.append(current_schema())
            raise KeyError("odd")

        tasks._for_each_agency(fail)
        assert {cast.alder.schema_name, cast.birch.schema_name} <= set(seen)
