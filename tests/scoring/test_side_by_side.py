"""Several workers at once, workers that are killed, and schemas that were renamed: the scores end the same."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event as Signal

import pytest
from django.db import connection, transaction
from pytest_django import DjangoDbBlocker

from apps.agencies import schemas
from apps.agencies.models import Agency
from apps.core.tenancy import call_in_schema, in_schema
from apps.scoring import reckoning, services
from apps.scoring.check import scores_check
from apps.scoring.loading import activities_load
from apps.scoring.models import Score, ScoreChange, ScoreDue, ScoreRun
from apps.scoring.runs import run_ask, run_work
from apps.scoring.services import scores_work
from apps.sites.models import Site
from apps.tracking.models import Session
from tests import factories
from tests.cast import Cast

from .conftest import ago, company_make, make_hot, visit_of

COMPANIES = 12


@pytest.fixture
def busy(real_agency: Agency, django_db_blocker: DjangoDbBlocker) -> Iterator[Site]:
    """A site that hot companies have been on, committed, so that several connections see them."""
    with django_db_blocker.unblock(), in_schema(str(real_agency.schema_name)):
        site = factories.make_site(domain="busy.example")
        for number in range(COMPANIES):
            make_hot(company_make(f"C{number} Ltd"), site, ago(minutes=number))
        yield site


def in_thread(schema: str) -> int:
    try:
        return call_in_schema(schema, scores_work)
    finally:
        connection.close()


def differing(site: Site) -> list[object]:
    return [one for one in scores_check(site_id=site.id) if one.differing or one.is_due]


@pytest.mark.real
def test_workers_side_by_side_make_each_score_and_tell_once(
    busy: Site, real_agency: Agency, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A few marks each time, so that all of them are at work.
    monkeypatch.setattr(services, "MARKS_TOGETHER", 5)
    ScoreDue.objects.update(is_fresh=True)
    with ThreadPoolExecutor(4) as pool:
        done = sum(pool.map(in_thread, [str(real_agency.schema_name)] * 4))
    assert done == 3 * COMPANIES
    assert Score.objects.count() == COMPANIES
    assert ScoreChange.objects.filter(what="temperature", after="hot").count() == COMPANIES
    assert differing(busy) == []


@pytest.mark.real
def test_who_was_killed_has_left_all_to_the_next(busy: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    class Killed(BaseException):
        pass

    def die(*_: object) -> None:
        raise Killed

    marks = ScoreDue.objects.count()
    with monkeypatch.context() as patched:
        patched.setattr(services, "changes_tell", die)
        with pytest.raises(Killed):
            scores_work()
    assert (ScoreDue.objects.count(), Score.objects.count()) == (marks, 0)
    scores_work()
    assert differing(busy) == []


@pytest.mark.real
def test_a_visit_that_changes_while_its_company_is_reckoned_is_reckoned_again(
    busy: Site, real_agency: Agency, monkeypatch: pytest.MonkeyPatch
) -> None:
    scores_work()
    loaded, changed = Signal(), Signal()

    def slow(**asked: object) -> object:
        found = activities_load(**asked)  # type: ignore[arg-type]
        loaded.set()
        changed.wait(20)
        return found

    visit = Session.objects.order_by("id")[:1].get()
    ScoreDue.objects.create(site_id=busy.id, company_id=visit.company_id or 0)
    monkeypatch.setattr(reckoning, "activities_load", slow)
    with ThreadPoolExecutor(1) as pool:
        worker = pool.submit(in_thread, str(real_agency.schema_name))
        assert loaded.wait(20)
        # The writer waits for nobody.
        Session.objects.filter(id=visit.id).update(set_aside="excluded")
        changed.set()
        worker.result(timeout=30)
    scores_work()
    assert differing(busy) == []


@pytest.mark.real
def test_a_run_goes_on_where_another_was_killed(busy: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    scores_work()
    Score.objects.update(visits=99)
    run_ask(site_id=busy.id)
    monkeypatch.setattr("apps.scoring.runs.COMPANIES_TOGETHER", 5)
    with monkeypatch.context() as patched:
        patched.setattr("apps.scoring.runs.WORK_FOR", -services.WORK_FOR)
        assert not run_work(busy.id)
    run = ScoreRun.objects.get()
    assert (run.companies, run.done, run.finished_at) == (COMPANIES, 5, None)
    assert run_work(busy.id)
    assert ScoreRun.objects.get().done == COMPANIES
    assert differing(busy) == []


def test_a_schema_that_was_renamed_marks_its_own_scores(cast: Cast) -> None:
    schemas.spare_make()
    with transaction.atomic():
        agency = factories.make_agency("Renamed")
        with in_schema(str(agency.schema_name)):
            site = factories.make_site(domain="renamed.example")
            visit_of(company_make(), site, ago(hours=1))
            assert scores_work() == 1
            assert Score.objects.get().site_id == site.id
        with in_schema(str(cast.alder.schema_name)):
            assert not ScoreDue.objects.exists()
