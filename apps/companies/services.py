"""Writing companies: from a visit's network to the company, its match and what each client knows of it."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction

from apps.core import clock
from apps.core.facts import publish
from apps.core.tenancy import current_schema
from apps.sites.models import Site
from apps.tracking.company_links import VisitNetwork, visits_link, visits_unmatched

from .clues import clues_gather
from .enrichment.providers.base import Source
from .facts import CompanyMatched
from .matching import Match, match_network
from .models import Company, CompanyMatch
from .network_sources import sources_of

_SEEN = """
INSERT INTO company_client (company_id, client_id, first_seen_at, last_seen_at)
SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::timestamptz[], %s::timestamptz[])
ON CONFLICT (company_id, client_id) DO UPDATE SET
    first_seen_at = least(company_client.first_seen_at, excluded.first_seen_at),
    last_seen_at = greatest(company_client.last_seen_at, excluded.last_seen_at)
"""


def visits_match(*, session_ids: Iterable[UUID] | None = None, limit: int = 2_000) -> int:
    """Match visits that nobody has looked at yet; return how many were looked at. May run twice and side by side.

    `session_ids` None takes the oldest ones (the sweep). As many queries for two thousand visits as for one.
    """
    with transaction.atomic():
        # Two workers told of the same visits would make the same companies in different orders and block each other.
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext('company-match'), hashtext(%s))", [current_schema()])
        visits = visits_unmatched(session_ids=session_ids, limit=limit)
        if not visits:
            return 0
        clues_gather(visits)
        sources = sources_of(visit.id for visit in visits)
        matches = {visit.id: match for visit in visits if (match := _match(visit, sources)) is not None}
        at = clock.now()
        ids = _companies_ensure(visits, matches, at)
        linked = {visit.id: ids[matches[visit.id].domain] if visit.id in matches else None for visit in visits}
        visits_link(companies=linked, at=at)
        _matches_record(visits, matches, ids, at)
        _clients_record(visits, matches, ids)
        _tell(visits, matches)
    return len(visits)


def _match(visit: VisitNetwork, sources: Mapping[UUID, str]) -> Match | None:
    return match_network(
        kind=visit.network_kind,
        organisation=visit.organisation,
        domain=visit.network_domain,
        asn=visit.asn,
        network_name=visit.network_name,
        is_hidden=visit.is_hidden,
        source=sources.get(visit.id, Source.LOCAL.value),
    )


def _companies_ensure(visits: list[VisitNetwork], matches: dict[UUID, Match], at: datetime) -> dict[str, int]:
    """Return the id of each matched domain's company; new ones are made, known ones stay as they are."""
    wanted = {
        match.domain: Company(name=match.name, domain=match.domain, kind=match.kind, created_at=at, updated_at=at)
        for visit in reversed(visits)
        if (match := matches.get(visit.id))
    }
    if not wanted:
        return {}
    known = dict(Company.objects.filter(domain__in=wanted).values_list("domain", "id"))
    new = [company for domain, company in wanted.items() if domain not in known]
    if new:
        Company.objects.bulk_create(new, ignore_conflicts=True)
        known = dict(Company.objects.filter(domain__in=wanted).values_list("domain", "id"))
    return known


def _matches_record(visits: list[VisitNetwork], matches: dict[UUID, Match], ids: dict[str, int], at: datetime) -> None:
    CompanyMatch.objects.bulk_create(
        [
            CompanyMatch(
                company_id=ids[match.domain],
                site_id=visit.site_id,
                session_id=visit.id,
                ground=match.ground,
                confidence_ratio=match.confidence_ratio,
                evidence=match.evidence,
                created_at=at,
            )
            for visit in visits
            if (match := matches.get(visit.id))
        ],
        ignore_conflicts=True,
    )


def _clients_record(visits: list[VisitNetwork], matches: dict[UUID, Match], ids: dict[str, int]) -> None:
    """Widen each client's first and last seen by these visits."""
    clients = dict(Site.objects.filter(id__in={visit.site_id for visit in visits}).values_list("id", "client_id"))
    seen: dict[tuple[int, int], tuple[datetime, datetime]] = {}
    for visit in visits:
        match = matches.get(visit.id)
        if match is None or visit.site_id not in clients:
            continue
        key = (ids[match.domain], clients[visit.site_id])
        first, last = seen.get(key, (visit.started_at, visit.ended_at))
        seen[key] = (min(first, visit.started_at), max(last, visit.ended_at))
    if not seen:
        return
    with connection.cursor() as cursor:
        companies, owners = zip(*seen, strict=True)
        firsts, lasts = zip(*seen.values(), strict=True)
        cursor.execute(_SEEN, [list(companies), list(owners), list(firsts), list(lasts)])


def _tell(visits: list[VisitNetwork], matches: dict[UUID, Match]) -> None:
    for site_id in sorted({visit.site_id for visit in visits if visit.id in matches}):
        matched = tuple(visit.id for visit in visits if visit.site_id == site_id and visit.id in matches)
        publish(CompanyMatched(schema=current_schema(), site_id=site_id, session_ids=matched))
