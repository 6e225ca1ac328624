"""From a visit's network to a company, its match, and what each client knows of it."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, transaction
from pytest_django import DjangoCaptureOnCommitCallbacks, DjangoDbBlocker

from apps.agencies.models import Agency
from apps.companies.facts import CompanyMatched
from apps.companies.models import Company, CompanyClient, CompanyMatch
from apps.companies.services import visits_match
from apps.companies.tasks import match_sweep, visits_match_task
from apps.core import facts
from apps.core.tenancy import call_in_schema, in_schema
from apps.sites.models import Site
from apps.tracking.models import Session
from tests import factories
from tests.cast import Cast
from tests.factories_tracking import visit_make
from tests.queries import queries_asked

from .conftest import NOW, PROVIDER, VARNHOLT, WESTMERE, ago, network


def fresh(visit: Session) -> Session:
    visit.refresh_from_db()
    return visit


def test_a_visit_from_a_companys_network_gets_the_company(in_alder: Cast) -> None:
    visit = visit_make(in_alder.site, ago(minutes=5), last_s=60, **VARNHOLT)
    assert visits_match(session_ids=[visit.id]) == 1
    company = Company.objects.get()
    assert (company.name, company.domain, company.kind) == ("Varnholt AG", "varnholt.example", "business")
    assert (fresh(visit).company_id, visit.matched_at) == (company.id, NOW)
    match = CompanyMatch.objects.get()
    assert (match.session_id, match.site_id, match.ground) == (visit.id, in_alder.site.id, "network")
    assert match.confidence_ratio == 0.85
    assert match.evidence == {
        "network": "Varnholt AG", "domain": "varnholt.example", "asn": "AS64501", "source": "local",
    }  # fmt: skip
    known = CompanyClient.objects.get()
    assert (known.client_id, known.first_seen_at, known.last_seen_at) == (
        in_alder.first.id,
        visit.started_at,
        visit.ended_at,
    )


@pytest.mark.parametrize("kind", ["consumer", "hosting", "vpn", "tor", "proxy", "bot", "unknown"])
def test_a_provider_never_becomes_a_company(in_alder: Cast, kind: str) -> None:
    visit = visit_make(in_alder.site, ago(minutes=5), **(PROVIDER | {"network_kind": kind}))
    assert visits_match() == 1
    assert (fresh(visit).company_id, visit.matched_at) == (None, NOW)
    assert not Company.objects.exists()


def test_a_visit_behind_a_vpn_is_nobodys(in_alder: Cast) -> None:
    visit = visit_make(in_alder.site, ago(minutes=5), is_vpn=True, **VARNHOLT)
    visits_match()
    assert fresh(visit).company_id is None


def test_a_set_aside_visit_is_never_looked_at(in_alder: Cast) -> None:
    visit = visit_make(in_alder.site, ago(minutes=5), set_aside="bot_declared", **VARNHOLT)
    assert visits_match(session_ids=[visit.id]) == 0
    assert visits_match() == 0
    assert fresh(visit).matched_at is None
    assert not Company.objects.exists()


def test_matching_twice_changes_nothing(in_alder: Cast) -> None:
    visit = visit_make(in_alder.site, ago(minutes=5), **VARNHOLT)
    visits_match(session_ids=[visit.id])
    assert visits_match(session_ids=[visit.id]) == 0
    Session.objects.update(matched_at=None)  # as if the first time had broken off after its rows
    visits_match(session_ids=[visit.id])
    assert (Company.objects.count(), CompanyMatch.objects.count(), CompanyClient.objects.count()) == (1, 1, 1)


def test_what_two_clients_saw_is_kept_apart_and_only_widens(in_alder: Cast) -> None:
    """The older visit is told of last."""
    for site, days in ((in_alder.site, 2), (in_alder.other_site, 5), (in_alder.site, 9), (in_alder.site, 4)):
        visit_make(site, ago(days=days), **VARNHOLT)
        visits_match()
    rows = CompanyClient.objects.values_list("client_id", "first_seen_at", "last_seen_at")
    seen = {client_id: (first, last) for client_id, first, last in rows}
    assert seen == {
        in_alder.first.id: (ago(days=9), ago(days=2)),
        in_alder.second.id: (ago(days=5), ago(days=5)),
    }


def test_it_tells_which_visits_of_each_site_have_a_name(
    in_alder: Cast, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    told: list[CompanyMatched] = []
    facts.listen(CompanyMatched, told.append)
    here = visit_make(in_alder.site, ago(minutes=5), **VARNHOLT)
    there = visit_make(in_alder.other_site, ago(minutes=5), **WESTMERE)
    visit_make(in_alder.site, ago(minutes=5), **PROVIDER)
    with django_capture_on_commit_callbacks(execute=True):
        visits_match()
    schema = str(in_alder.alder.schema_name)
    assert told == [
        CompanyMatched(schema, in_alder.site.id, (here.id,)),
        CompanyMatched(schema, in_alder.other_site.id, (there.id,)),
    ]


@pytest.mark.parametrize("visits", [1, 100])
def test_visits_of_a_hundred_companies_take_as_many_queries_as_one(in_alder: Cast, visits: int) -> None:
    for number in range(visits):
        visit_make(in_alder.site, ago(minutes=number), **network(f"Company {number}", f"c{number}.example"))
    # Lock; visits, joined ones, corrections, who told it, kinds, what pages tell, clues; companies read, made, read;
    # clients of the sites; link, mark; matches that went, matches; what clients know.
    with queries_asked(17):
        visits_match()


def test_nothing_to_do_takes_two_queries(in_alder: Cast) -> None:
    with queries_asked(2):
        assert visits_match() == 0


def test_the_task_matches_in_its_agency(in_alder: Cast) -> None:
    visit = visit_make(in_alder.site, ago(minutes=5), **VARNHOLT)
    visits_match_task(str(in_alder.alder.schema_name), [str(visit.id)])
    assert fresh(visit).company_id


def test_the_sweep_finds_what_nobody_was_told_of_in_every_agency(in_alder: Cast) -> None:
    visit = visit_make(in_alder.site, ago(minutes=5), **VARNHOLT)
    with in_schema(str(in_alder.birch.schema_name)):
        theirs = visit_make(in_alder.birch_site, ago(minutes=5), **WESTMERE)
    match_sweep()
    assert fresh(visit).company_id
    with in_schema(str(in_alder.birch.schema_name)):
        assert list(Company.objects.values_list("name", flat=True)) == ["University of Westmere"]
        assert fresh(theirs).company_id == Company.objects.get().id
    assert list(Company.objects.values_list("name", flat=True)) == ["Varnholt AG"]


# --- with others at work ----------------------------------------------------------------------------------------------


@pytest.fixture
def busy(real_agency: Agency, django_db_blocker: DjangoDbBlocker) -> Iterator[Site]:
    """A site with forty visits of two companies, committed, so that several connections see them."""
    with django_db_blocker.unblock(), in_schema(str(real_agency.schema_name)):
        site = factories.make_site(domain="busy.example")
        for number in range(40):
            visit_make(site, ago(minutes=number), **(VARNHOLT if number % 2 else WESTMERE))
        yield site


def in_thread(schema: str) -> int:
    try:
        return call_in_schema(schema, visits_match)
    finally:
        connection.close()


@pytest.mark.real
def test_workers_side_by_side_match_each_visit_once(busy: Site, real_agency: Agency) -> None:
    schema = str(real_agency.schema_name)
    with ThreadPoolExecutor(4) as pool:
        looked_at = list(pool.map(in_thread, [schema] * 4))
    assert sum(looked_at) == 40
    assert Company.objects.count() == 2
    assert CompanyMatch.objects.count() == 40
    assert CompanyClient.objects.count() == 2


@pytest.mark.real
def test_it_doesnt_wait_for_visits_that_the_writer_is_at_work_on(busy: Site, real_agency: Agency) -> None:
    held = Session.objects.order_by("started_at")[:1].get()
    with transaction.atomic():
        Session.objects.filter(id=held.id).update(ended_at=held.ended_at + timedelta(minutes=1))
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(in_thread, str(real_agency.schema_name)).result(timeout=20) == 39
    assert visits_match() == 1
    assert Session.objects.filter(company_id__isnull=True).count() == 0
