"""Who makes scores is woken once for what comes together, and again for what comes after it began."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from apps.companies.facts import CompanyMatched
from apps.core.ids import public_key
from apps.core.tenancy import in_schema
from apps.scoring import waking
from apps.scoring.models import Score
from apps.scoring.tasks import scores_cool_task, scores_sweep, scores_work_task
from apps.tracking.facts import EventsStored, GoalReached
from config import pipeline
from tests.cast import Cast

from .conftest import ago, company_make, visit_of


@pytest.fixture
def schema() -> Iterator[str]:
    name = f"a_{public_key(length=8)}"
    yield name
    waking.begun(name)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """For which agencies a task was sent off."""
    sent: list[tuple[Any, ...]] = []
    monkeypatch.setattr(scores_work_task, "apply_async", lambda args, **_: sent.append(args))
    return sent


def test_facts_that_come_together_ask_for_one_task(schema: str, asked: list[tuple[Any, ...]]) -> None:
    visit = uuid4()
    for _ in range(3):
        pipeline.make_scores(EventsStored(schema, 1, (visit,), False))
        pipeline.make_scores(CompanyMatched(schema, 1, (visit,)))
        pipeline.make_scores(GoalReached(schema, 1, 1, (1,), (visit,), False))
    assert asked == [(schema,)]
    waking.begun(schema)
    pipeline.make_scores(CompanyMatched(schema, 1, (visit,)))
    assert asked == [(schema,), (schema,)]


def test_visits_that_are_to_be_matched_first_ask_for_none(schema: str, asked: list[tuple[Any, ...]]) -> None:
    visit = uuid4()
    pipeline.make_scores(EventsStored(schema, 1, (visit,), False, (visit,)))
    assert asked == []


def test_tasks_work_in_their_agency_and_sweeps_in_all(in_alder: Cast) -> None:
    visit_of(company_make(), in_alder.site, ago(hours=1))
    scores_work_task(str(in_alder.alder.schema_name))
    assert Score.objects.count() == 1
    with in_schema(str(in_alder.birch.schema_name)):
        visit_of(company_make("Westmere Ltd"), in_alder.birch_site, ago(hours=1))
    scores_sweep()
    scores_cool_task()
    with in_schema(str(in_alder.birch.schema_name)):
        assert Score.objects.get().site_id == in_alder.birch_site.id
    assert Score.objects.count() == 1
