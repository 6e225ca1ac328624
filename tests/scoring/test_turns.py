"""Two agencies at once: what takes long is done in turns, and whoever somebody of is there just now goes first."""

from collections import deque
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from apps.core.tenancy import in_schema
from apps.scoring import runs, services, tasks
from apps.scoring.models import Score, ScoreDue, ScoreRun
from apps.scoring.runs import run_ask
from apps.scoring.tasks import run_work_task, scores_work_task
from tests.cast import Cast

from .conftest import ago, company_make, make_hot, visit_of

COMPANIES = 8


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> deque[tuple[Any, Any]]:
    """The tasks that wait for the one worker that there is, which does two companies in a turn."""
    waiting: deque[tuple[Any, Any]] = deque()
    for task in (scores_work_task, run_work_task):
        monkeypatch.setattr(task, "apply_async", lambda args, task=task, **_: waiting.append((task, args)))
    monkeypatch.setattr(tasks, "TURN", timedelta(0))
    monkeypatch.setattr(services, "BULK_TOGETHER", 2)
    monkeypatch.setattr(runs, "COMPANIES_TOGETHER", 2)
    return waiting


def test_no_agency_waits_for_all_of_anothers(in_alder: Cast, queue: deque[tuple[Any, Any]]) -> None:
    alder, birch = str(in_alder.alder.schema_name), str(in_alder.birch.schema_name)
    for number in range(COMPANIES):
        for site in (in_alder.site, in_alder.other_site):
            visit_of(company_make(f"C{site.id}x{number} Ltd"), site, ago(days=1))
    for site in (in_alder.site, in_alder.other_site):
        run_ask(site_id=site.id)
        queue.append((run_work_task, (alder, site.id)))
    queue.append((scores_work_task, (alder,)))
    _work(queue, 3)
    made = Score.objects.count()
    assert 0 < made < COMPANIES
    # Behind all that, somebody comes to either.
    hot = company_make("Hot Ltd")
    make_hot(hot, in_alder.site, ago(minutes=1))
    ScoreDue.objects.filter(company_id=hot.id).update(is_fresh=True)
    with in_schema(birch):
        make_hot(company_make("Westmere Ltd"), in_alder.birch_site, ago(minutes=1))
    queue.append((scores_work_task, (birch,)))

    _work(queue, len(queue))
    assert Score.objects.get(company_id=hot.id).told_temperature == "hot"
    with in_schema(birch):
        assert Score.objects.get().told_temperature == "hot"
    assert ScoreRun.objects.filter(finished_at__isnull=True).count() == 2
    assert ScoreDue.objects.count() > COMPANIES

    while queue:
        _work(queue, 1)
    assert Score.objects.count() == 2 * COMPANIES + 1
    assert not ScoreDue.objects.exists()
    assert not ScoreRun.objects.filter(finished_at__isnull=True).exists()


def test_marks_of_who_is_there_now_are_fresh(in_alder: Cast) -> None:
    now, past = company_make("Now Ltd"), company_make("Past Ltd")
    visit = visit_of(now, in_alder.site, datetime.now(UTC))
    visit_of(past, in_alder.site, ago(days=1)).delete()
    assert set(ScoreDue.objects.values_list("company_id", "is_fresh")) == {(now.id, True), (past.id, False)}
    ScoreDue.objects.all().delete()
    visit.delete()
    assert ScoreDue.objects.get().is_fresh


def _work(queue: deque[tuple[Any, Any]], count: int) -> None:
    for _ in range(count):
        task, args = queue.popleft()
        task(*args)
