"""What was told of a company goes with what it rested on: its visits, the site's retention, the company itself."""

from datetime import timedelta

import pytest

from apps.companies.erase import visit_forget
from apps.companies.models import Company
from apps.core import clock
from apps.scoring.models import Score, ScoreChange, ScoreDue
from apps.scoring.services import changes_tidy, scores_cool, scores_work
from apps.tracking.models import Session
from tests.cast import Cast

from .conftest import NOW, ago, company_make, eager_pages, make_hot, visit_of


def told(company: Company, what: str = "temperature") -> list[tuple[str, str]]:
    """Return what was told of a company, in order."""
    changes = ScoreChange.objects.filter(company_id=company.id, what=what).order_by("at", "id")
    return list(changes.values_list("before", "after"))


def erase(*visits: Session) -> None:
    for visit in visits:
        visit_forget(site_id=visit.site_id, session_id=visit.id)
    scores_work()


def test_visits_that_made_a_company_hot_take_that_with_them(in_alder: Cast) -> None:
    company = company_make()
    visit_of(company, in_alder.site, ago(days=2))
    make_hot(company, in_alder.site, ago(minutes=1))
    scores_work()
    assert told(company) == [("cold", "hot")]
    erase(*Session.objects.filter(started_at__gt=ago(days=1)))
    assert told(company) == told(company, "category") == []
    assert Score.objects.get().told_temperature == "cold"


def test_so_does_what_it_cooled_down_to(in_alder: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    company = company_make()
    visit_of(company, in_alder.site, ago(days=2))
    make_hot(company, in_alder.site, ago(minutes=1))
    scores_work()
    for days in (5, 60):
        monkeypatch.setattr(clock, "now", lambda days=days: NOW + timedelta(days=days))
        scores_cool()
    assert told(company)[-1][1] == "cold"
    erase(*Session.objects.filter(started_at__gt=ago(days=1)))
    assert told(company) == []


def test_what_others_made_stays_and_follows_on(in_alder: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    company = company_make()
    make_hot(company, in_alder.site, ago(minutes=1))
    scores_work()
    idle = visit_of(company, in_alder.site, ago(minutes=0))
    scores_work()
    erase(idle)
    assert told(company) == [("cold", "hot")]
    # Warm by one visit, hot by the next: without the first it was hot by the second.
    other = company_make("Westmere Ltd")
    first = visit_of(other, in_alder.site, ago(hours=30), eager_pages()[:2])
    monkeypatch.setattr(clock, "now", lambda: ago(hours=29))
    scores_work()
    monkeypatch.setattr(clock, "now", lambda: NOW)
    make_hot(other, in_alder.site, ago(minutes=1))
    scores_work()
    assert told(other) == [("cold", "warm"), ("warm", "hot")]
    erase(first)
    assert told(other) == [("cold", "hot")]


def test_of_another_site_nothing_goes(in_alder: Cast) -> None:
    company = company_make()
    for site in (in_alder.site, in_alder.other_site):
        make_hot(company, site, ago(minutes=1))
    scores_work()
    erase(*Session.objects.filter(site_id=in_alder.site.id))
    assert set(ScoreChange.objects.values_list("site_id", flat=True)) == {in_alder.other_site.id}


def test_visits_that_the_site_keeps_no_longer_leave_what_was_told_since(in_alder: Cast) -> None:
    in_alder.site.retention_days = 30
    in_alder.site.save()
    company = company_make()
    old = visit_of(company, in_alder.site, ago(days=31))
    make_hot(company, in_alder.site, ago(days=20))
    scores_work()
    ScoreChange.objects.update(at=ago(days=20))
    before = told(company)
    assert before
    Session.objects.filter(id=old.id).delete()
    scores_work()
    assert told(company)[: len(before)] == before


def test_what_was_told_longer_ago_than_the_site_keeps_is_forgotten(in_alder: Cast) -> None:
    in_alder.site.retention_days = 30
    in_alder.site.save()
    company = company_make()
    for site in (in_alder.site, in_alder.other_site):
        for days in (29, 31):
            ScoreChange.objects.create(
                site_id=site.id, company_id=company.id, what="temperature", before="cold", after="hot", score=78,
                at=ago(days=days),
            )  # fmt: skip
    assert changes_tidy() == 1
    assert changes_tidy() == 0
    kept = set(ScoreChange.objects.values_list("site_id", "at"))
    assert kept == {
        (in_alder.site.id, ago(days=29)),
        (in_alder.other_site.id, ago(days=29)),
        (in_alder.other_site.id, ago(days=31)),
    }


def test_a_company_that_is_erased_takes_along_what_was_told_of_it(in_alder: Cast) -> None:
    company = company_make()
    make_hot(company, in_alder.site, ago(minutes=1))
    scores_work()
    Session.objects.all().delete()
    company.delete()
    assert not ScoreChange.objects.exists()
    scores_work()  # its marks tell nothing of it anew
    assert not ScoreChange.objects.exists() and not Score.objects.exists()


def test_what_was_stored_after_a_company_had_gone_goes_too(in_alder: Cast) -> None:
    company = company_make()
    make_hot(company, in_alder.site, ago(minutes=1))
    scores_work()
    changes = list(ScoreChange.objects.all())
    Session.objects.all().delete()
    company.delete()
    ScoreChange.objects.bulk_create(changes)  # by a worker who had read its visits before
    ScoreDue.objects.update(gone_from=None)  # whatever took them from it
    scores_work()
    assert not ScoreChange.objects.exists()
