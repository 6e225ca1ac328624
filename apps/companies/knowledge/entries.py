"""Who changed what a client knows of a company, and when: written beside each change, never changed, shown to all."""

from collections.abc import Iterable, Sequence

from apps.agencies.models import User
from apps.core import clock

from ..models import KnowledgeEntry

SHOWN = 20


def entries_write(*, client_id: int, company_ids: Iterable[int], text: str, by: User) -> None:
    """Note that somebody did `text` ("added the tag “DACH”") with these companies, in the caller's transaction."""
    at = clock.now()
    KnowledgeEntry.objects.bulk_create(
        [
            KnowledgeEntry(
                company_id=company_id, client_id=client_id, text=text, by_id=by.id, by_name=str(by), made_at=at
            )
            for company_id in company_ids
        ]
    )


def entries_of(*, client_id: int, company_id: int) -> Sequence[KnowledgeEntry]:
    """Return the latest entries of a company, newest first. One query."""
    rows = KnowledgeEntry.objects.filter(client_id=client_id, company_id=company_id)
    return list(rows.order_by("-made_at", "-id")[:SHOWN])
