"""Saving rules: versions, whose are in force, who was overtaken, and the scores that are made anew for it."""

import pytest
from msgspec.structs import replace

from apps.core.errors import Refused
from apps.scoring.check import scores_check
from apps.scoring.defaults import DEFAULT_SCORING
from apps.scoring.facts import ScoringChanged
from apps.scoring.models import Score, ScoreChange, ScoreRun
from apps.scoring.runs import run_of, run_work, runs_unfinished
from apps.scoring.saving import Overtaken, scoring_save
from apps.scoring.services import scores_work
from apps.scoring.versions import scoring_history, scoring_in, scoring_of, scoring_of_agency
from apps.sites.models import Site
from tests.cast import Cast
from tests.queries import queries_asked

from .conftest import ago, company_make, make_hot

GENTLE = replace(DEFAULT_SCORING, rules=DEFAULT_SCORING.rules[:1])
STRICT = replace(DEFAULT_SCORING, rules=())


def test_without_versions_the_products_own_are_in_force(in_alder: Cast) -> None:
    found = scoring_of(in_alder.site.id)
    assert (found.scoring, found.version_id, found.version, found.own_version) == (DEFAULT_SCORING, None, 0, 0)
    assert scoring_of_agency().scoring == DEFAULT_SCORING


def test_a_sites_own_go_before_the_agencys(in_alder: Cast) -> None:
    agencys = scoring_save(site_id=None, scoring=STRICT, expected_version=0, user_name="Ann")
    own = scoring_save(site_id=in_alder.site.id, scoring=GENTLE, expected_version=0, note="Less", user_name="Ben")
    assert (scoring_of(in_alder.site.id).scoring, scoring_of(in_alder.site.id).version_id) == (GENTLE, own.id)
    assert (scoring_of(in_alder.other_site.id).scoring, scoring_of(in_alder.other_site.id).site_id) == (STRICT, None)
    scoring_save(site_id=in_alder.site.id, scoring=None, expected_version=1, user_name="Ann")
    found = scoring_of(in_alder.site.id)
    assert (found.scoring, found.version_id, found.own_version) == (STRICT, agencys.id, 2)
    history = list(scoring_history(in_alder.site.id))
    assert [(one.version, one.made_by, one.note) for one in history] == [(2, "Ann", ""), (1, "Ben", "Less")]
    assert [scoring_in(one) for one in history] == [None, GENTLE]


def test_what_is_in_force_takes_one_query(in_alder: Cast) -> None:
    scoring_save(site_id=in_alder.site.id, scoring=GENTLE, expected_version=0, user_name="Ann")
    scoring_of(in_alder.site.id)
    with queries_asked(1):
        scoring_of(in_alder.site.id)


def test_who_was_overtaken_is_told(in_alder: Cast) -> None:
    scoring_save(site_id=in_alder.site.id, scoring=GENTLE, expected_version=0, user_name="Ann")
    with pytest.raises(Overtaken, match="Somebody else has changed the rules"):
        scoring_save(site_id=in_alder.site.id, scoring=STRICT, expected_version=0, user_name="Ben")
    assert scoring_of(in_alder.site.id).scoring == GENTLE


def test_the_agencys_rules_cannot_be_done_without(in_alder: Cast) -> None:
    with pytest.raises(Refused):
        scoring_save(site_id=None, scoring=None, expected_version=0, user_name="Ann")


def test_the_agencys_concern_the_sites_without_their_own(
    in_alder: Cast, told: list[object], django_capture_on_commit_callbacks: object
) -> None:
    scoring_save(site_id=in_alder.site.id, scoring=GENTLE, expected_version=0, user_name="Ann")
    assert run_work(in_alder.site.id)
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        scoring_save(site_id=None, scoring=STRICT, expected_version=0, user_name="Ann")
    assert runs_unfinished() == [in_alder.other_site.id]
    assert told == [ScoringChanged(str(in_alder.alder.schema_name), in_alder.other_site.id)]
    # An archived site's are made anew once it is back.
    in_alder.other_site.status = Site.Status.ARCHIVED
    in_alder.other_site.save()
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        scoring_save(site_id=None, scoring=GENTLE, expected_version=1, user_name="Ann")
    assert (runs_unfinished(), len(told)) == ([], 1)
    in_alder.other_site.status = Site.Status.ACTIVE
    in_alder.other_site.save()
    assert runs_unfinished() == [in_alder.other_site.id]


def test_what_changes_no_score_makes_none_anew(in_alder: Cast) -> None:
    make_hot(company_make(), in_alder.site, ago(minutes=1))
    scores_work()
    renamed = replace(DEFAULT_SCORING.rules[0], name="Another name")
    other = replace(DEFAULT_SCORING, rules=(*DEFAULT_SCORING.rules[1:], renamed))
    scoring_save(site_id=in_alder.site.id, scoring=other, expected_version=0, user_name="Ann")
    assert scoring_of(in_alder.site.id).scoring == other
    assert not ScoreRun.objects.exists()
    # To the last bit, also of rules in another order.
    assert [one.differing for one in scores_check(site_id=in_alder.site.id)] == [()]


def test_scores_are_made_anew_and_what_changes_by_it_is_no_news(in_alder: Cast) -> None:
    make_hot(company_make(), in_alder.site, ago(minutes=1))
    scores_work()
    version = scoring_save(site_id=in_alder.site.id, scoring=STRICT, expected_version=0, user_name="Ann")
    assert run_of(in_alder.site.id) is not None
    assert run_work(in_alder.site.id)
    assert run_of(in_alder.site.id) is None
    row = Score.objects.get()
    assert (row.version_id, row.rule_sums, row.told_category) == (version.id, [], "looker")
    last = ScoreChange.objects.latest("id")
    assert (last.after, last.is_backfill) == ("looker", True)
    assert ScoreRun.objects.get().done == 1
