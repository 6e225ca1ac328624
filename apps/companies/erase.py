"""What companies forget: the matches of visits that are gone, what rested on an erased site alone, and what a deleted
client knew.

What people wrote (tags, owner, notes, ignoring) rests on no site: it goes with the client.
"""

from django.db import connection, transaction
from django.db.models import Exists, OuterRef

from apps.core import clock
from apps.sites.models import Client, Site

from .corrections import corrections_in_force
from .models import (
    Company,
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

    Tracking deletes visits and knows nothing of companies, so these stay behind until this comes round. What a client
    knows of a company (first and last seen) outlives its visits.
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
        _companies_forget(company_ids)
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
        _companies_forget(company_ids)


def _clients_forget(company_ids: list[int]) -> None:
    """Erase what a client knows of a company that was on none of its sites any more, unless people wrote of it."""
    notes = CompanyNote.objects.filter(company_id=OuterRef("company_id"), client_id=OuterRef("client_id"))
    rows = CompanyClient.objects.filter(company_id__in=company_ids, owner_id=None, tags=[], is_ignored=False)
    for row in rows.exclude(Exists(notes)):
        sites = Site.objects.filter(client_id=row.client_id).values("id")
        if not CompanyMatch.objects.filter(company_id=row.company_id, site_id__in=sites).exists():
            row.delete()


def _companies_forget(company_ids: list[int]) -> None:
    """Erase those of these companies that no client knows and no stored visit is of."""
    known = CompanyClient.objects.filter(company_id=OuterRef("id"))
    matched = CompanyMatch.objects.filter(company_id=OuterRef("id"))
    Company.objects.filter(~Exists(known), ~Exists(matched), id__in=company_ids).delete()
