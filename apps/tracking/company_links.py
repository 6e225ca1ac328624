"""The company on a visit: tracking's side of it. Which company it is, is for the apps to the right to find out."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction

from .models import Session
from .rollups import marks_put

# Those whose company is another than before have changed on their day.
_LINK = """
UPDATE session SET company_id = found.company_id, matched_at = %s
FROM unnest(%s::uuid[], %s::bigint[]) AS found(id, company_id) WHERE session.id = found.id
RETURNING site_id, local_day, old.company_id IS DISTINCT FROM new.company_id
"""


@dataclass(frozen=True, slots=True)
class VisitNetwork:
    """What company matching needs to know of a visit."""

    id: UUID
    site_id: int
    started_at: datetime
    ended_at: datetime
    country: str
    network_kind: str
    organisation: str
    network_domain: str
    network_name: str
    asn: int | None
    is_hidden: bool
    company_id: int | None  # as it is linked now


_COLUMNS = (
    "id", "site_id", "started_at", "ended_at", "country", "network_kind", "organisation", "network_domain",
    "network_name", "asn", "company_id", "is_vpn", "is_tor", "is_hosting",
)  # fmt: skip


def visits_unmatched(*, session_ids: Iterable[UUID] | None = None, limit: int = 2_000) -> list[VisitNetwork]:
    """Return people's visits that company matching hasn't looked at, oldest first, and lock them. One query.

    To be called in a transaction. Visits that the writer is at work on are left out: to wait for it while holding
    others that it waits for would be a deadlock, and it tells of them again once it is done.
    """
    rows = Session.objects.select_for_update(skip_locked=True, no_key=True).filter(
        matched_at__isnull=True, set_aside=""
    )
    if session_ids is not None:
        rows = rows.filter(id__in=list(session_ids))
    return [_visit(row) for row in rows.only(*_COLUMNS).order_by("started_at")[:limit]]


def visits_networks(session_ids: Iterable[UUID]) -> list[VisitNetwork]:
    """Return people's visits among these as matching would see them, without taking them up. One query."""
    return [_visit(row) for row in Session.objects.filter(id__in=list(session_ids), set_aside="").only(*_COLUMNS)]


def visits_unmatch(session_ids: Iterable[UUID]) -> None:
    """Have visits matched anew, set-aside ones once they count again. To be called with the locks of their sites."""
    Session.objects.filter(id__in=list(session_ids)).update(matched_at=None)


def _visit(row: Session) -> VisitNetwork:
    return VisitNetwork(
        id=row.id,
        site_id=row.site_id,
        started_at=row.started_at,
        ended_at=row.ended_at,
        country=row.country,
        network_kind=row.network_kind,
        organisation=row.organisation,
        network_domain=row.network_domain,
        network_name=row.network_name,
        asn=row.asn,
        is_hidden=row.is_vpn or row.is_tor or row.is_hosting,
        company_id=row.company_id,
    )


def visits_link(*, companies: Mapping[UUID, int | None], at: datetime) -> None:
    """Note the company of each visit, or that it has none, and that we looked `at` then. Two queries; may run twice."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_LINK, [at, list(companies), list(companies.values())])
        marks_put({(site_id, day) for site_id, day, is_changed in cursor.fetchall() if is_changed})
