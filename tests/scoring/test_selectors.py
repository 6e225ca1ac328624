"""What pages read: a score from its row and the same one explained from the events."""

from datetime import UTC, timedelta
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from apps.analytics.companies.score import company_score
from apps.scoring.effect import effect_of
from apps.scoring.models import ScoreChange
from apps.scoring.reasons import PartName
from apps.scoring.rules import Match, Rule, RuleKind, Scoring
from apps.scoring.saving import scoring_save
from apps.scoring.selectors import score_changes, score_explained, score_history, score_of, scores_now
from apps.scoring.services import scores_work
from apps.sites.goals.conditions import PropCondition, PropOp
from tests.cast import Cast
from tests.factories_tracking import Happened, Page
from tests.goaling import goal_make
from tests.queries import queries_asked

from .conftest import NOW, ago, company_make, make_hot, visit_of

PURCHASES = ((5, "1000.00", "EUR"), (6, "999.99", "EUR"), (7, "5000", "USD"))


@pytest.mark.parametrize("days", [0, 1, 5, 30])
def test_the_reasons_add_up_to_the_score_of_the_row(in_alder: Cast, days: int) -> None:
    company, site = company_make(), in_alder.site
    goal_make(site, "page", page="/thanks", back=True)
    make_hot(company, site, ago(days=2))
    visit_of(company, site, ago(hours=3), [Page("/careers"), Page("/thanks", 9)], events=[Happened("form_start", 20)])
    scores_work()
    at = NOW + timedelta(days=days)
    asked: dict[str, Any] = {"site_id": site.id, "company_id": company.id, "at": at}
    score, why = score_of(**asked), score_explained(**asked)
    assert score is not None and why is not None
    assert sum(reason.total_points for reason in why.reasons) == why.total == score.shown
    assert why.score.total == pytest.approx(score.parts.total)
    assert why.score.temperature == score.parts.temperature
    history = score_history(**asked, days=10, zone=UTC)
    assert history.points[-1].parts.total == pytest.approx(score.parts.total)


def test_explaining_takes_seven_queries(in_alder: Cast) -> None:
    company = company_make()
    make_hot(company, in_alder.site, ago(days=2))
    goal_make(in_alder.site, "page", page="/thanks")
    with queries_asked(7):
        score_explained(site_id=in_alder.site.id, company_id=company.id, at=NOW)


def test_who_was_never_there_has_no_score(in_alder: Cast) -> None:
    asked: dict[str, Any] = {"site_id": in_alder.site.id, "company_id": company_make().id, "at": NOW}
    assert score_of(**asked) is None
    assert score_explained(**asked) is None
    assert scores_now(site_ids=[in_alder.site.id], company_ids=[], at=NOW) == []


def test_changes_are_those_of_the_sites_that_are_asked_for(in_alder: Cast) -> None:
    company = company_make()
    for site in (in_alder.site, in_alder.other_site):
        make_hot(company, site, ago(minutes=1))
    scores_work()
    found = list(score_changes(site_ids=[in_alder.site.id], since=ago(hours=1)))
    assert {one.site_id for one in found} == {in_alder.site.id}
    assert len(found) == ScoreChange.objects.count() / 2


def test_list_and_page_say_the_same_of_what_lies_ahead_by_a_wrong_clock(in_alder: Cast) -> None:
    company, site = company_make(), in_alder.site
    visit_of(company, site, ago(minutes=5), [Page("/"), Page("/demo", 360, engaged_s=60, scroll=90)])
    scores_work()
    asked: dict[str, Any] = {"site_id": site.id, "company_id": company.id, "at": NOW}
    score, why = score_of(**asked), score_explained(**asked)
    page = company_score(site, company, at=NOW, zone=UTC)
    assert score is not None and why is not None and page is not None
    assert score.shown == why.total == page.explanation.total
    assert score.parts.intent == why.score.intent > 0


def test_a_rule_can_ask_for_an_event_s_own_value(in_alder: Cast) -> None:
    company, site = company_make(), in_alder.site
    bought = [Happened("purchase", after, "/buy", value=Decimal(worth), currency=of) for after, worth, of in PURCHASES]
    visit_of(company, site, ago(hours=1), events=bought)
    asked = PropCondition("value", PropOp.AT_LEAST, "1000"), PropCondition("currency", PropOp.IS, "eur")
    rule = Rule("big", "Bought", RuleKind.EVENT, 30, 60, Match(event="purchase", conditions=asked))
    scoring_save(site_id=site.id, scoring=Scoring((rule,)), expected_version=0, user_name="Ann")
    scores_work()
    here: dict[str, Any] = {"site_id": site.id, "company_id": company.id, "at": ago(hours=1) + timedelta(seconds=9)}
    score, why = score_of(**here), score_explained(**here)
    assert score is not None and why is not None
    assert score.parts.intent == pytest.approx(30, abs=0.01)
    (reason,) = why.part(PartName.INTENT).reasons
    assert [one.what for one in reason.evidence] == ["purchase of 1,000 EUR on /buy"]
    # The preview as well.
    less = replace(rule, match=replace(rule.match, conditions=asked[:1]))
    effect = effect_of(sites=[site], before=Scoring((rule,)), after=Scoring((less,)))
    assert effect.moved == 1
