"""Companies that a client doesn't want to see: they leave its lists, counts, live names, newcomers and alerts.

Nothing is thrown away: their visits stay visits, and with one press they are back.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from apps.agencies.models import User
from apps.sites.models import Site
from apps.tracking.models import Session

from ..models import CompanyClient
from .entries import entries_write
from .rows import rows_lock
from .together import rows_ignored

_NOTHING = "SELECT NULL::bigint AS client_id, NULL::bigint AS company_id WHERE FALSE"


def companies_ignore(*, client_id: int, company_ids: Iterable[int], by: User) -> int:
    """Have a client see nothing of these companies any more; return how many it saw before. May run twice."""
    return _set(client_id, company_ids, by, is_ignored=True, text="had it ignored")


def companies_restore(*, client_id: int, company_ids: Iterable[int], by: User) -> int:
    """Show a client these companies again; return how many it didn't see. May run twice."""
    return _set(client_id, company_ids, by, is_ignored=False, text="brought it back")


def ignored_ids(client_ids: Iterable[int]) -> Mapping[int, set[int]]:
    """Return by client the companies that it ignores: it, or one that was merged into it. Queries: `rows_ignored`."""
    found: dict[int, set[int]] = defaultdict(set)
    for client_id, company_id in rows_ignored(set(client_ids)).values_list("client_id", "company_id"):
        found[client_id].add(company_id)
    return found


def of_ignored(sites: Sequence[Site]) -> Q:
    """Return the condition that a visit is of a company that its site's client ignores. One query, at once."""
    met = Q(pk__in=[])
    for client_id, company_ids in ignored_ids(site.client_id for site in sites).items():
        own = [site.id for site in sites if site.client_id == client_id]
        met |= Q(site_id__in=own, company_id__in=company_ids)
    return met


def ignored_on_site(site_id: int) -> "QuerySet[CompanyClient, int]":
    """Return the numbers of the companies that a site's client ignores, for a query to look into.

    By itself it asks for merges alone: `rows_ignored`.
    """
    clients = Site.objects.filter(id=site_id).values("client_id")
    return rows_ignored(clients).values_list("company_id", flat=True)


def ignored_select(site_ids: Iterable[int]) -> tuple[str, tuple[Any, ...]]:
    """Return what these sites' clients ignore as SQL to join, with its parameters: `client_id` and `company_id`.

    By itself it asks for merges alone: `rows_ignored`.
    """
    ids = list(site_ids)
    if not ids:
        return _NOTHING, ()  # Django raises instead of writing a query that finds nothing
    clients = Site.objects.filter(id__in=ids).values("client_id")
    return rows_ignored(clients).values("client_id", "company_id").query.sql_with_params()


def visits_shown(visits: QuerySet[Session], sites: Sequence[Site]) -> QuerySet[Session]:
    """Return the visits without those of companies that their site's client ignores. One query, at once."""
    return visits.exclude(of_ignored(sites))


def _set(client_id: int, company_ids: Iterable[int], by: User, *, is_ignored: bool, text: str) -> int:
    with transaction.atomic():
        rows = rows_lock(client_id=client_id, company_ids=company_ids)
        changed = [row for row in rows if row.is_ignored is not is_ignored]
        for row in changed:
            row.is_ignored = is_ignored
        CompanyClient.objects.bulk_update(changed, ["is_ignored"])
        entries_write(client_id=client_id, company_ids=[row.company_id for row in changed], text=text, by=by)
    return len(changed)
