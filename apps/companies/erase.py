"""What companies forget: a deleted visit, the matches of visits that are gone, what rested on an erased site alone, and
what a deleted client knew.

What people wrote (tags, owner, notes, ignoring) rests on no site: it goes with the client.
"""

from collections.abc import Mapping
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Exists, OuterRef

from apps.core import clock
from apps.sites.models import Client, Site
from apps.tracking.erase_visit import visit_erase
from apps.tracking.locks import site_lock
from apps.tracking.models import Session, SessionAlias
from apps.tracking.selectors import session_get

from .client_rows import client_rows_narrow
from .corrections import corrections_in_force
from .forgetting import companies_forget, companies_left
from .joined import ids_joined, visits_strip
from .locks import matching_lock
from .models import (
    CompanyClient,
    CompanyClue,
    CompanyMatch,
    CompanyNote,
    HostLookup,
    KnowledgeEntry,
    LinksRun,
    LinkValue,
    NetworkLookup,
    SavedView,
    TargetAccount,
)
from .naming import names_settle

# Matches looked at in one statement.
SLICE = 10_000

_TIDY = """
WITH slice AS (SELECT id, session_id FROM {table} WHERE id > %s ORDER BY id LIMIT %s),
gone AS (
    DELETE FROM {table} WHERE id IN (
        SELECT slice.id FROM slice WHERE NOT EXISTS (SELECT FROM session WHERE session.id = slice.session_id)
    ) RETURNING session_id, {company_id} AS company_id
)
SELECT (SELECT max(id) FROM slice), ARRAY(SELECT session_id FROM gone), ARRAY(SELECT company_id FROM gone)
"""
# Whose a visit was by each, as SQL.
_TABLES = {"company_match": "company_id", "company_clue": "NULL::bigint"}
_TIDY_HOSTS = """
DELETE FROM host_lookup WHERE until_at < %s AND NOT EXISTS (SELECT FROM session WHERE session.id = session_id)
"""


def matches_tidy() -> int:
    """Delete the matches and clues of visits that were deleted or joined to others; return how many. May run twice.

    Visits that grow too old or are joined go without companies being told, so these stay behind until this comes round.
    What a client knows of a company (first and last seen) outlives visits that are too old. Of those that were joined
    to another company's it knows nothing more.
    """
    with connection.cursor() as cursor:
        cursor.execute(_TIDY_HOSTS, [clock.now()])
    return sum(_tidy(table, company_id) for table, company_id in _TABLES.items())


def _tidy(table: str, company_id: str) -> int:
    count, last = 0, 0
    reached: int | None
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            matching_lock()
            cursor.execute(_TIDY.format(table=table, company_id=company_id), [last, SLICE])
            reached, gone, company_ids = cursor.fetchone()
            _leave_joined(dict(zip(gone, company_ids, strict=True)))
        count += len(gone)
        if reached is None:
            return count
        last = reached


def _leave_joined(owners: Mapping[UUID, int | None]) -> None:
    """Have companies know nothing of visits that became part of others. `owners`: whose each was; None: nobody's."""
    for id_, session_id in SessionAlias.objects.filter(id__in=owners).values_list("id", "session_id"):
        visit, owner = Session.objects.filter(id=session_id).first(), owners[id_]
        if visit is not None and owner is not None and visit.company_id != owner:
            client_rows_narrow(company_ids=[owner], site_id=visit.site_id, span=(visit.started_at, visit.ended_at))
            companies_left([owner])


@transaction.atomic
def visit_forget(*, site_id: int, session_id: UUID) -> int:
    """Delete a visit with all that companies rested on by it, and return how many events went; 0: no such visit.

    With it go the visits that were joined to it; the id of one of those leads on to it. A company that nobody knows
    without it goes too. The score follows by the trigger on visits.
    """
    site_lock([site_id])
    matching_lock()
    # Not before: it may have become part of another one, or another company's.
    visit = session_get(site_id=site_id, session_id=session_id)
    if visit is None:
        return 0
    ids = [visit.id, *ids_joined([visit.id])]
    erased = visit_erase(site_id=site_id, session_id=visit.id)
    company_ids = set(visits_strip(ids).values())
    if visit.company_id is not None:
        company_ids.add(visit.company_id)
    client_rows_narrow(company_ids=company_ids, site_id=site_id, span=(visit.started_at, visit.ended_at))
    companies_forget(company_ids)
    return erased


def site_forget(*, site_id: int) -> None:
    """Erase a deleted site's saved views, its matches, what they rested on, and what rested on them alone. May run
    twice.
    """
    with transaction.atomic():
        matching_lock()  # first: whoever matches waits for what is erased here
        named = set(LinkValue.objects.filter(site_id=site_id).exclude(name="").values_list("domain", flat=True))
        for model in (NetworkLookup, HostLookup, CompanyClue, LinkValue, LinksRun, SavedView):
            model.objects.filter(site_id=site_id).delete()
        matches = CompanyMatch.objects.filter(site_id=site_id)
        company_ids = list(matches.order_by().values_list("company_id", flat=True).distinct())
        matches.delete()
        _clients_forget(company_ids)
        companies_forget(company_ids)
        if named:
            names_settle(named, corrections_in_force([]), at=clock.now())


def clients_tidy() -> int:
    """Erase what clients knew that are deleted, and companies that nobody else knows; return how many clients.

    May run twice. It follows from rows alone, so whoever deletes a client needn't tell anybody.
    """
    known = Client.objects.filter(id=OuterRef("client_id"))
    gone: set[int] = set()
    for model in (CompanyClient, CompanyNote, KnowledgeEntry, TargetAccount):
        rows = model._default_manager.filter(~Exists(known)).order_by()
        gone.update(rows.values_list("client_id", flat=True).distinct())
    for client_id in sorted(gone):
        client_forget(client_id=client_id)
    return len(gone)


def client_forget(*, client_id: int) -> None:
    """Erase what a deleted client knew of companies, and those that nobody else knows. May run twice."""
    with transaction.atomic():
        matching_lock()
        CompanyNote.objects.filter(client_id=client_id).delete()
        KnowledgeEntry.objects.filter(client_id=client_id).delete()
        TargetAccount.objects.filter(client_id=client_id).delete()
        SavedView.objects.filter(client_id=client_id).delete()
        rows = CompanyClient.objects.filter(client_id=client_id)
        company_ids = list(rows.values_list("company_id", flat=True))
        rows.delete()
        companies_forget(company_ids)


def _clients_forget(company_ids: list[int]) -> None:
    """Erase what clients know of companies that are on none of their sites any more, unless people wrote of them.

    One query.
    """
    notes = CompanyNote.objects.filter(company_id=OuterRef("company_id"), client_id=OuterRef("client_id"))
    sites = Site.objects.filter(client_id=OuterRef(OuterRef("client_id"))).values("id")
    matches = CompanyMatch.objects.filter(company_id=OuterRef("company_id"), site_id__in=sites)
    rows = CompanyClient.objects.filter(company_id__in=company_ids, owner_id=None, tags=[], is_ignored=False)
    rows.filter(~Exists(notes), ~Exists(matches)).delete()
