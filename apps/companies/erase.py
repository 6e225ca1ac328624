"""What companies forget: a deleted visit, the matches of visits that are gone, what rested on an erased site alone, and
what a deleted client knew.

What people wrote (tags, owner, notes, ignoring) rests on no site: it goes with the client.
"""

from uuid import UUID

from django.db import connection, transaction
from django.db.models import Exists, OuterRef

from apps.core import clock
from apps.sites.models import Client, Site
from apps.tracking.erase_visit import visit_erase
from apps.tracking.models import Session

from .client_rows import client_row_narrow, companies_forget
from .corrections import corrections_in_force
from .models import (
    CompanyClient,
    CompanyClue,
    CompanyMatch,
    CompanyNote,
    HostLookup,
    KnowledgeEntry,
    LinkValue,
    NetworkLookup,
    SavedView,
    TargetAccount,
)
from .naming import names_settle
from .services import matching_lock

# Matches looked at in one statement.
SLICE = 10_000

_TIDY = """
WITH slice AS (SELECT id, session_id FROM {table} WHERE id > %s ORDER BY id LIMIT %s),
gone AS (
    DELETE FROM {table} WHERE id IN (
        SELECT slice.id FROM slice WHERE NOT EXISTS (SELECT FROM session WHERE session.id = slice.session_id)
    ) RETURNING id
)
SELECT (SELECT max(id) FROM slice), (SELECT count(*) FROM gone)
"""
_TABLES = ("company_match", "company_clue")
_TIDY_HOSTS = """
DELETE FROM host_lookup WHERE until_at < %s AND NOT EXISTS (SELECT FROM session WHERE session.id = session_id)
"""


def matches_tidy() -> int:
    """Delete the matches and clues of visits that were deleted or joined to others; return how many. May run twice.

    Visits that grow too old or are joined go without companies being told, so these stay behind until this comes round.
    What a client knows of a company (first and last seen) outlives its visits.
    """
    with connection.cursor() as cursor:
        cursor.execute(_TIDY_HOSTS, [clock.now()])
    return sum(map(_tidy, _TABLES))


def _tidy(table: str) -> int:
    gone, last = 0, 0
    reached: int | None
    count: int
    while True:
        with connection.cursor() as cursor:
            cursor.execute(_TIDY.format(table=table), [last, SLICE])
            reached, count = cursor.fetchone()
        gone += count
        if reached is None:
            return gone
        last = reached


@transaction.atomic
def visit_forget(*, site_id: int, session_id: UUID) -> int:
    """Delete a visit with all that its company rested on by it, and return how many events went; 0: no such visit.

    A company that nobody knows without it goes too. The score follows by the trigger on visits.
    """
    matching_lock()  # first: whoever matches takes the site's lock after this one
    visit = Session.objects.filter(site_id=site_id, id=session_id).first()
    erased = visit_erase(site_id=site_id, session_id=session_id)
    if visit is None:
        return erased
    for model in (CompanyMatch, CompanyClue, NetworkLookup, HostLookup):
        model._default_manager.filter(session_id=session_id).delete()
    if visit.company_id is not None:
        client_id = Site.objects.values_list("client_id", flat=True).get(id=site_id)
        client_row_narrow(
            company_id=visit.company_id, client_id=client_id, started_at=visit.started_at, ended_at=visit.ended_at
        )
    return erased


def site_forget(*, site_id: int) -> None:
    """Erase a deleted site's saved views, its matches, what they rested on, and what rested on them alone. May run
    twice.
    """
    with transaction.atomic():
        named = set(LinkValue.objects.filter(site_id=site_id).exclude(name="").values_list("domain", flat=True))
        if named:
            matching_lock()  # first: whoever matches waits for what is erased here
        for model in (NetworkLookup, HostLookup, CompanyClue, LinkValue, SavedView):
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
        CompanyNote.objects.filter(client_id=client_id).delete()
        KnowledgeEntry.objects.filter(client_id=client_id).delete()
        TargetAccount.objects.filter(client_id=client_id).delete()
        SavedView.objects.filter(client_id=client_id).delete()
        rows = CompanyClient.objects.filter(client_id=client_id)
        company_ids = list(rows.values_list("company_id", flat=True))
        rows.delete()
        companies_forget(company_ids)


def _clients_forget(company_ids: list[int]) -> None:
    """Erase what a client knows of a company that was on none of its sites any more, unless people wrote of it."""
    notes = CompanyNote.objects.filter(company_id=OuterRef("company_id"), client_id=OuterRef("client_id"))
    rows = CompanyClient.objects.filter(company_id__in=company_ids, owner_id=None, tags=[], is_ignored=False)
    for row in rows.exclude(Exists(notes)):
        sites = Site.objects.filter(client_id=row.client_id).values("id")
        if not CompanyMatch.objects.filter(company_id=row.company_id, site_id__in=sites).exists():
            row.delete()
