"""Corrections at the same time as others, and as visits are matched: committed, on several connections."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
from pytest_django import DjangoDbBlocker

from apps.agencies.models import Agency
from apps.companies import correcting
from apps.companies.models import Company, CompanyCorrection
from apps.companies.services import visits_match
from apps.core.errors import Refused
from apps.core.tenancy import call_in_schema, in_schema
from apps.tracking.models import Session
from tests import factories
from tests.factories_tracking import visit_make

from .conftest import QUARRY, VARNHOLT, ago

V, Q = "varnholt.example", "quarrystone.example"
pytestmark = pytest.mark.real


@pytest.fixture
def schema(real_agency: Agency, django_db_blocker: DjangoDbBlocker) -> Iterator[str]:
    """An agency with forty matched visits of two companies."""
    with django_db_blocker.unblock(), in_schema(str(real_agency.schema_name)):
        site = factories.make_site(domain="busy.example")
        for number in range(40):
            visit_make(site, ago(minutes=number), **(VARNHOLT if number % 2 else QUARRY))
        visits_match()
        yield str(real_agency.schema_name)


def all_at_once(schema: str, *works: Callable[[], Any]) -> list[Any]:
    def run(work: Callable[[], Any]) -> Any:
        try:
            return call_in_schema(schema, work)
        except Refused as refusal:
            return refusal
        finally:
            connection.close()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


def merge(domain: str, to_domain: str) -> CompanyCorrection | None:
    return correcting.correction_make(correcting.merging(domain=domain, to_domain=to_domain), by="Ada")


def companies() -> set[str]:
    ids = Session.objects.values_list("company_id", flat=True)
    return set(Company.objects.filter(id__in=ids).values_list("domain", flat=True))


def test_of_two_that_would_make_a_circle_one_is_refused(schema: str) -> None:
    ended = all_at_once(schema, lambda: merge(V, Q), lambda: merge(Q, V))
    assert sorted(isinstance(one, Refused) for one in ended) == [False, True]
    assert len(companies()) == 1


def test_sent_by_four_at_once_it_is_made_once(schema: str) -> None:
    all_at_once(schema, *[lambda: merge(Q, V)] * 4)
    assert CompanyCorrection.objects.count() == 1
    assert companies() == {V}


def test_visits_that_are_matched_meanwhile_follow_too(schema: str) -> None:
    Session.objects.filter(id__in=Session.objects.values("id")[:20]).update(company_id=None, matched_at=None)
    all_at_once(schema, visits_match, lambda: merge(Q, V), visits_match)
    visits_match()
    assert companies() == {V}
    correction = CompanyCorrection.objects.get()
    all_at_once(schema, *[lambda: correcting.correction_undo(correction_id=correction.id, by="Ben")] * 3)
    assert companies() == {V, Q}
    assert Session.objects.filter(company_id=Company.objects.get(domain=Q).id).count() == 20
