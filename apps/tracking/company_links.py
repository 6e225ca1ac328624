"""The company on a visit: tracking's side of it. Which company it is, is for the apps to the right to find out."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from .locks import site_lock
from .models import Kind, Session
from .rollups import marks_put

# Those whose company is another than before have changed on their day.
_LINK = """
UPDATE session SET company_id = found.company_id, matched_at = %s
FROM unnest(%s::uuid[], %s::bigint[]) AS found(id, company_id) WHERE session.id = found.id
RETURNING site_id, local_day, old.company_id IS DISTINCT FROM new.company_id
"""


# What pages told of their visitors' companies.
_TOLD = """
SELECT DISTINCT event.site_id, event.session_id, coalesce(event.email_domain, ''), event.query, site.company_parameter,
  session.consent_analytics = 'denied'
FROM event JOIN session ON session.id = event.session_id JOIN sites_site AS site ON site.id = session.site_id
WHERE event.session_id = ANY(%s::uuid[]) AND event.occurred_at >= %s AND event.occurred_at <= %s
  AND (event.email_domain IS NOT NULL OR (event.query <> '' AND site.company_parameter <> ''))
"""
_FORGET = """
UPDATE event SET email_domain = NULL
WHERE session_id = ANY(%s::uuid[]) AND occurred_at >= %s AND occurred_at <= %s AND email_domain IS NOT NULL
"""
_REOPEN = """
UPDATE session SET matched_at = NULL
WHERE site_id = ANY(%s) AND set_aside = '' AND matched_at IS NOT NULL AND {} RETURNING id
"""
_OF_KIND = """
(network_kind = ANY(%s) OR id = ANY(%s::uuid[]) OR id IN (
    SELECT session_id FROM event WHERE site_id = ANY(%s) AND kind = %s AND email_domain IS NOT NULL
))
"""


# Django's own server-side cursors are off, as they outlive transactions.
_QUERIES = """
DECLARE visits_queries NO SCROLL CURSOR FOR
SELECT session_id, array_agg(DISTINCT query) FROM event
WHERE site_id = %s AND set_aside = '' AND kind = %s AND query <> ''
  AND occurred_at >= %s
GROUP BY session_id
"""
_QUERIES_OF = """
SELECT session_id, array_agg(DISTINCT query) FROM event
WHERE session_id = ANY(%s::uuid[]) AND occurred_at BETWEEN %s AND %s AND set_aside = '' AND kind = %s AND query <> ''
GROUP BY session_id
"""
FETCHED = 5_000


@dataclass(frozen=True, slots=True)
class Told:
    """What an event tells of its visit's company: an e-mail's domain, or perhaps the site's parameter in its query."""

    site_id: int
    session_id: UUID
    email_domain: str
    query: str
    parameter: str
    is_refused: bool  # by now its visitor refuses analytics


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
    is_hidden: bool  # anybody may sit behind the address
    is_mobile: bool
    company_id: int | None  # as it is linked now


_COLUMNS = (
    "id", "site_id", "started_at", "ended_at", "country", "network_kind", "organisation", "network_domain",
    "network_name", "asn", "company_id", "is_vpn", "is_proxy", "is_tor", "is_hosting", "is_mobile_network",
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
        is_hidden=row.is_vpn or row.is_proxy or row.is_tor or row.is_hosting,
        is_mobile=row.is_mobile_network,
        company_id=row.company_id,
    )


def visits_link(*, companies: Mapping[UUID, int | None], at: datetime) -> None:
    """Note the company of each visit, or that it has none, and that we looked `at` then. Two queries; may run twice."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_LINK, [at, list(companies), list(companies.values())])
        marks_put({(site_id, day) for site_id, day, is_changed in cursor.fetchall() if is_changed})


def visits_told(visits: Collection[VisitNetwork]) -> list[Told]:
    """Return what the events of visits tell of their companies. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_TOLD, _stored(visits))
        return [Told(*row) for row in cursor.fetchall()]


def visits_forget_domains(visits: Collection[VisitNetwork]) -> None:
    """Take out of the events of visits which domain their visitor's e-mail address had. One query; may run twice."""
    with connection.cursor() as cursor:
        cursor.execute(_FORGET, _stored(visits))


def _stored(visits: Collection[VisitNetwork]) -> list[Any]:
    """Return the ids of visits, and from when to when their events lie."""
    ids = [visit.id for visit in visits]
    return [ids, min(visit.started_at for visit in visits), max(visit.ended_at for visit in visits)]


def visits_reopen(*, site_ids: Collection[int], session_ids: Collection[UUID]) -> list[UUID]:
    """Have matching look at these visits anew; return those that it had looked at. Takes the sites' locks.

    To be called in a transaction. Two queries; may run twice.
    """
    site_lock(site_ids)
    with connection.cursor() as cursor:
        cursor.execute(_REOPEN.format("id = ANY(%s::uuid[])"), [list(site_ids), list(session_ids)])
        return [row[0] for row in cursor.fetchall()]


def visits_reopen_by_kind(
    *, site_ids: Collection[int], kinds: Collection[str], session_ids: Collection[UUID]
) -> list[UUID]:
    """Have matching look anew at all visits from networks of these kinds, at those that gave an e-mail's domain, and at
    `session_ids`; return those that it had looked at. Takes the sites' locks; to be called in a transaction."""
    site_lock(site_ids)
    with connection.cursor() as cursor:
        cursor.execute(
            _REOPEN.format(_OF_KIND), [list(site_ids), list(kinds), list(session_ids), list(site_ids), Kind.IDENTIFY]
        )
        return [row[0] for row in cursor.fetchall()]


def visits_queries_of(visits: Collection[tuple[UUID, datetime, datetime]]) -> list[tuple[UUID, list[str]]]:
    """Return visits, given with when they began and ended, with the queries of their page views, where one isn't empty.

    One query.
    """
    ids, began, ended = zip(*visits, strict=True)
    with connection.cursor() as cursor:
        cursor.execute(_QUERIES_OF, [list(ids), min(began), max(ended), Kind.PAGEVIEW])
        return [(row[0], row[1]) for row in cursor.fetchall()]


def visits_queries(*, site_id: int, since: datetime) -> Iterator[tuple[UUID, list[str]]]:
    """Return visits with the queries of people's page views since then, where one isn't empty.

    Read by and by while the caller goes on, in whose transaction it has to be. One query, however many visits.
    """
    with connection.cursor() as cursor:
        cursor.execute(_QUERIES, [site_id, Kind.PAGEVIEW, since])
        while True:
            cursor.execute("FETCH %s FROM visits_queries", [FETCHED])
            if not (rows := cursor.fetchall()):
                break
            yield from rows
        cursor.execute("CLOSE visits_queries")
