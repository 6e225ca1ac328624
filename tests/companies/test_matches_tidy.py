"""What is forgotten of visits and sites that are gone."""

from django.db import connection

from apps.analytics.companies.one import company_grounds
from apps.companies.erase import matches_tidy, site_forget, visit_forget
from apps.companies.models import Company, CompanyClient, CompanyMatch
from apps.companies.tasks import matches_tidy_task
from apps.scoring.models import Score
from apps.scoring.services import scores_work
from apps.tracking.erase_visit import visit_erase
from apps.tracking.models import Session
from tests.cast import Cast


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


def test_what_a_client_knows_outlives_the_visits(worked_month: Cast) -> None:
    Session.objects.all().delete()
    matches_tidy_task()
    assert not CompanyMatch.objects.exists()
    assert (Company.objects.count(), CompanyClient.objects.count()) == (3, 4)


def test_an_erased_sites_companies_go_unless_others_know_them(worked_month: Cast) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM session WHERE site_id = %s", [worked_month.site.id])
    site_forget(site_id=worked_month.site.id)
    assert sorted(Company.objects.values_list("name", flat=True)) == ["University of Westmere", "Varnholt AG"]
    assert set(CompanyClient.objects.values_list("client_id", flat=True)) == {worked_month.second.id}
    site_forget(site_id=worked_month.site.id)
