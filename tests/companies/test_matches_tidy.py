"""What is forgotten of visits and sites that are gone."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.analytics.companies.one import company_grounds
from apps.companies.erase import matches_tidy, site_forget, visit_forget
from apps.companies.models import Company, CompanyClient, CompanyClue, CompanyMatch
from apps.companies.services import visits_match
from apps.companies.tasks import matches_tidy_task
from apps.core import clock
from apps.scoring.models import Score
from apps.scoring.services import scores_work
from apps.tracking.erase_visit import visit_erase
from apps.tracking.models import Session, SessionAlias
from tests.cast import Cast
from tests.factories_tracking import Page, visit_make
from tests.queries import queries_asked
from tests.tracking.arrivals import NOON, envelope, store, view

from .conftest import QUARRY, VARNHOLT, ago
from .test_clues import NO, YES, identify, word


def test_matches_of_deleted_visits_go(worked_month: Cast) -> None:
    gone = Session.objects.filter(company_id__isnull=False, site_id=worked_month.site.id)[:1].get()
    visit_erase(site_id=worked_month.site.id, session_id=gone.id)
    before = CompanyMatch.objects.count()
    assert matches_tidy() == 1
    assert (CompanyMatch.objects.count(), CompanyMatch.objects.filter(session_id=gone.id).count()) == (before - 1, 0)
    assert matches_tidy() == 0


def test_grounds_count_kept_visits_alone_before_that(worked_month: Cast) -> None:
    varnholt, site = Company.objects.get(domain="varnholt.example"), worked_month.site
    (ground,) = company_grounds(company_id=varnholt.id, site_ids=[site.id])
    assert (ground.visits, ground.confidence_ratio) == (3, 0.85)
    gone = Session.objects.filter(company_id=varnholt.id, site_id=site.id)[:1].get()
    visit_erase(site_id=site.id, session_id=gone.id)
    (ground,) = company_grounds(company_id=varnholt.id, site_ids=[site.id])
    assert ground.visits == 2


def test_a_deleted_visit_takes_its_company_along_where_it_was_the_only_one(worked_month: Cast) -> None:
    site = worked_month.site
    visit = Session.objects.filter(company_id__isnull=False, site_id=site.id).order_by("started_at")[0]
    assert visit.company_id is not None
    company = Company.objects.get(id=visit.company_id)
    of_it = Session.objects.filter(company_id=company.id).order_by("started_at")
    row = CompanyClient.objects.get(company=company, client_id=site.client_id)
    assert of_it.count() > 1 and row.first_seen_at == visit.started_at
    visit_forget(site_id=site.id, session_id=visit.id)
    row.refresh_from_db()
    assert row.first_seen_at == of_it.filter(site_id=site.id)[0].started_at
    for other in list(of_it):
        visit_forget(site_id=other.site_id, session_id=other.id)
    assert not Company.objects.filter(id=company.id).exists()
    assert not CompanyClient.objects.filter(company_id=company.id).exists()
    assert not CompanyMatch.objects.filter(session_id=visit.id).exists()
    scores_work()
    assert not Score.objects.filter(company_id=company.id).exists()


def test_a_deleted_visit_leaves_what_somebody_wrote(worked_month: Cast) -> None:
    company = Company.objects.get(domain="varnholt.example")
    CompanyClient.objects.filter(company=company).update(tags=["Partner"])
    for visit in list(Session.objects.filter(company_id=company.id)):
        visit_forget(site_id=visit.site_id, session_id=visit.id)
    assert list(CompanyClient.objects.filter(company=company).values_list("is_left", "tags").distinct()) == [
        (True, ["Partner"])
    ]


def test_it_takes_the_sites_lock_before_matchings_and_reads_the_visit_after_both(worked_month: Cast) -> None:
    visit = Session.objects.filter(company_id__isnull=False).order_by("started_at")[0]
    with CaptureQueriesContext(connection) as asked:
        visit_forget(site_id=visit.site_id, session_id=visit.id)
    said = [query["sql"] for query in asked]
    marks = ("FROM unnest(", "company-match", 'FROM "session"')
    places = [next(place for place, sql in enumerate(said) if mark in sql) for mark in marks]
    assert places == sorted(places)


# --- visits that a late event joins -----------------------------------------------------------------------------------


@pytest.fixture
def two_became_one(in_alder: Cast, monkeypatch: pytest.MonkeyPatch) -> Session:
    """A visit of nobody's at 0 minutes and one at 40, whose e-mail names a company; one at 20, late, joins them."""
    monkeypatch.setattr(clock, "now", lambda: NOON + timedelta(hours=1))
    store(envelope(in_alder.site, view(0), consent=YES))
    store(envelope(in_alder.site, view(40), identify(41), consent=YES))
    visits_match()
    store(envelope(in_alder.site, view(20), consent=YES))
    return Session.objects.get()


def nothing_is_left() -> bool:
    kept = (Company, CompanyClient, CompanyMatch, CompanyClue)
    return not any(model._default_manager.exists() for model in kept)


@pytest.mark.parametrize("is_matched", [True, False])
def test_a_deleted_visit_takes_along_what_was_joined_to_it(two_became_one: Session, is_matched: bool) -> None:
    if is_matched:
        visits_match()
    assert CompanyMatch.objects.exclude(session_id=two_became_one.id).exists()
    gone = CompanyMatch.objects.exclude(session_id=two_became_one.id).values_list("session_id", flat=True)[0]
    assert visit_forget(site_id=two_became_one.site_id, session_id=gone) == 4
    assert not Session.objects.exists() and nothing_is_left()


def test_a_withdrawal_takes_along_what_was_joined(two_became_one: Session, in_alder: Cast) -> None:
    store(word(50, NO, in_alder))
    visits_match()
    assert Session.objects.count() == 1 and nothing_is_left()


def test_a_joined_visits_company_that_is_no_longer_its_own_is_left(in_alder: Cast) -> None:
    """An older visit of one company, and a younger one of another that became part of it."""
    whole = visit_make(in_alder.site, ago(days=2), pages=[Page("/"), Page("/pricing", 600)], **VARNHOLT)
    part = visit_make(in_alder.site, ago(days=2, minutes=-5), **QUARRY)
    visits_match()
    Session.objects.filter(id=part.id).delete()
    SessionAlias.objects.create(id=part.id, session_id=whole.id)
    assert matches_tidy() == 1
    assert list(CompanyClient.objects.values_list("company__domain", flat=True)) == ["varnholt.example"]


def test_what_a_client_knows_outlives_the_visits(worked_month: Cast) -> None:
    Session.objects.all().delete()
    matches_tidy_task()
    assert not CompanyMatch.objects.exists()
    assert (Company.objects.count(), CompanyClient.objects.count()) == (3, 4)


def test_an_erased_sites_companies_go_unless_others_know_them(worked_month: Cast) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM session WHERE site_id = %s", [worked_month.site.id])
    # However many clients knew however many companies.
    with queries_asked(20):
        site_forget(site_id=worked_month.site.id)
    assert sorted(Company.objects.values_list("name", flat=True)) == ["University of Westmere", "Varnholt AG"]
    assert set(CompanyClient.objects.values_list("client_id", flat=True)) == {worked_month.second.id}
    site_forget(site_id=worked_month.site.id)
