"""`manage.py check_scores` and `recompute_scores`."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from apps.scoring.models import Score, ScoreChange, ScoreDue, ScoreRun
from apps.scoring.services import scores_work
from tests.cast import Cast

from .conftest import ago, company_make, make_hot, visit_of


def said(command: str, **options: str) -> str:
    out = StringIO()
    call_command(command, stdout=out, **options)
    return out.getvalue()


def test_what_was_made_is_what_events_make_it(in_alder: Cast) -> None:
    make_hot(company_make(), in_alder.site, ago(minutes=1))
    visit_of(company_make("Westmere Ltd"), in_alder.other_site, ago(days=300))
    scores_work()
    assert said("check_scores") == "All scores follow from events and rules: 2 scores of 3 sites.\n"


def test_what_differs_is_named_and_mended_by_making_all_anew(in_alder: Cast) -> None:
    company, other = company_make(), company_make("Westmere Ltd")
    make_hot(company, in_alder.site, ago(minutes=1))
    visit_of(other, in_alder.site, ago(days=3))
    scores_work()
    told = ScoreChange.objects.count()
    Score.objects.filter(company_id=company.id).update(visits=99)
    Score.objects.filter(company_id=other.id).delete()
    out = StringIO()
    with pytest.raises(CommandError, match="2 of 2 scores of 1 sites aren't what events and rules make them"):
        call_command("check_scores", stdout=out, agency="alder", site=in_alder.site.slug)
    assert out.getvalue().splitlines() == [
        f"alder/{in_alder.site.slug}  company {company.id}  visits",
        f"alder/{in_alder.site.slug}  company {other.id}  missing",
    ]
    assert said("recompute_scores", agency="alder") == "2 scores of 2 sites are made anew.\n"
    assert said("check_scores", agency="alder").startswith("All scores follow")
    assert ScoreChange.objects.count() == told
    assert not ScoreRun.objects.filter(finished_at__isnull=True).exists()


def test_what_is_just_being_made_is_no_difference(in_alder: Cast) -> None:
    company = company_make()
    visit_of(company, in_alder.site, ago(minutes=1))
    assert ScoreDue.objects.exists()
    assert said("check_scores", agency="alder").endswith("(1 are just being made).\n")
