"""What is left of visits that a late event joined to older ones: matches, clues and lookups under ids that are gone.

A joined visit's row is gone at once, its id leads on by an alias, and what companies hold of it stays until it is
tidied, or until the visit that it has become part of is deleted.
"""

from collections.abc import Collection
from uuid import UUID

from apps.tracking.models import SessionAlias

from .models import CompanyClue, CompanyMatch, HostLookup, NetworkLookup

# What hangs on a visit.
OF_VISITS = (CompanyMatch, CompanyClue, NetworkLookup, HostLookup)


def ids_joined(session_ids: Collection[UUID]) -> dict[UUID, UUID]:
    """Return the ids that lead to these visits, with where each leads. One query, which reads all aliases."""
    return dict(SessionAlias.objects.filter(session_id__in=session_ids).values_list("id", "session_id"))


def visits_strip(session_ids: Collection[UUID]) -> dict[UUID, int]:
    """Delete what hangs on these visits; return whose company each was by its matches. Five queries; may run twice."""
    matches = CompanyMatch.objects.filter(session_id__in=session_ids)
    company_ids = dict(matches.values_list("session_id", "company_id"))
    for model in OF_VISITS:
        model._default_manager.filter(session_id__in=session_ids).delete()
    return company_ids
