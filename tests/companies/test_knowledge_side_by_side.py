"""Several who write the same of a company at the same moment end as one who did."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction
from pytest_django import DjangoDbBlocker

from apps.agencies.models import Agency, Membership
from apps.agencies.roles import Role
from apps.companies.knowledge.notes import note_change, note_delete, note_write
from apps.companies.knowledge.tags import tags_change
from apps.companies.knowledge.watching import companies_watch
from apps.companies.models import Company, CompanyClient, CompanyMention, CompanyNote, KnowledgeEntry, TargetAccount
from apps.core import clock
from apps.core.tenancy import call_in_schema, in_schema
from config.local.deadline import wait_until
from tests import factories

AT_ONCE = 4


@pytest.fixture
def known(real_agency: Agency, django_db_blocker: DjangoDbBlocker) -> Iterator[CompanyClient]:
    at = clock.now()
    with django_db_blocker.unblock(), in_schema(str(real_agency.schema_name)):
        company = Company.objects.create(name="V", domain="v.example", created_at=at, updated_at=at)
        client = factories.make_client()
        yield CompanyClient.objects.create(company=company, client_id=client.id, first_seen_at=at, last_seen_at=at)


@pytest.mark.real
def test_each_thing_is_written_once(known: CompanyClient, real_agency: Agency) -> None:
    by, ids = Membership.objects.select_related("user").get(agency=real_agency).user, [known.company_id]

    def work() -> None:
        tags_change(client_id=known.client_id, company_ids=ids, by=by, add=["DACH"])
        companies_watch(client_id=known.client_id, company_ids=ids, by=by)
        note_write(agency=real_agency, known=known, text="Same", by=by, path="/")

    with ThreadPoolExecutor(AT_ONCE) as pool:
        done = [pool.submit(in_thread, str(real_agency.schema_name), work) for _ in range(AT_ONCE)]
        for one in done:
            one.result(timeout=20)
    known.refresh_from_db()
    assert known.tags == ["DACH"]
    assert (TargetAccount.objects.count(), CompanyNote.objects.count()) == (1, 1)
    assert sorted(KnowledgeEntry.objects.values_list("text", flat=True)) == ["added the tag “DACH”", "watches it"]


@pytest.mark.real
def test_a_note_that_is_deleted_while_somebody_is_mentioned_in_it_is_gone_with_that(
    known: CompanyClient, real_agency: Agency
) -> None:
    me = Membership.objects.select_related("user").get(agency=real_agency)
    told = factories.make_member(real_agency, Role.ANALYST).user
    note = note_write(agency=real_agency, known=known, text="Call them", by=me.user, path="/")
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            note_change(agency=real_agency, note=note, text=f"@{told.email} call them", by=me, path="/")
            assert CompanyMention.objects.count() == 1
            gone = pool.submit(in_thread, str(real_agency.schema_name), lambda: note_delete(note=note, by=me))
            wait_until(_somebody_waits, seconds=10)
        gone.result(timeout=20)
    assert not CompanyNote.objects.exists() and not CompanyMention.objects.exists()


def _somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        (count,) = cursor.fetchone() or (0,)
    return bool(count)


def in_thread(schema: str, work: Callable[[], None]) -> None:
    try:
        call_in_schema(schema, work)
    finally:
        connection.close()
