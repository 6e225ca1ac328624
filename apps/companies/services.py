"""Writing companies: from what is known of a visit to the company, its grounds and what each client knows of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from apps.core import clock
from apps.core.facts import publish
from apps.core.tenancy import current_schema
from apps.sites.models import Site
from apps.tracking.company_links import VisitNetwork, visits_link, visits_unmatched

from .client_rows import client_rows_follow, client_rows_narrow
from .clues import clues_gather
from .corrections import corrections_in_force
from .facts import CompanyMatched
from .forgetting import companies_forget
from .grounds import visits_grounds
from .joined import ids_joined, visits_strip
from .locks import matching_lock
from .models import Company, CompanyMatch
from .naming import USUAL_KIND, companies_called, told_by
from .resolution import Corrections, Resolution, VisitGrounds, visit_resolve

# What isn't among the new rows of these visits.
_GONE = """
DELETE FROM company_match WHERE session_id = ANY(%s::uuid[]) AND NOT EXISTS (
    SELECT FROM unnest(%s::uuid[], %s::text[]) AS kept(session_id, ground)
    WHERE kept.session_id = company_match.session_id AND kept.ground = company_match.ground
)
"""
_REWRITTEN = ("company", "site_id", "confidence_ratio", "visit_ratio", "evidence")


@dataclass(frozen=True, slots=True)
class Looked:
    """How many visits were looked at, and how many of them are another company's now, or nobody's."""

    at: int = 0
    moved: int = 0


def visits_match(*, session_ids: Iterable[UUID] | None = None, limit: int = 2_000) -> int:
    """Match visits that nobody has looked at yet; return how many were looked at. May run twice and side by side.

    `session_ids` None takes the oldest ones (the sweep). As many queries for two thousand visits as for one.
    """
    return visits_resolve(session_ids=session_ids, limit=limit).at


def visits_resolve(*, session_ids: Iterable[UUID] | None = None, limit: int = 2_000) -> Looked:
    """Do the same, and return how many became somebody else's."""
    with transaction.atomic():
        matching_lock()
        visits = visits_unmatched(session_ids=session_ids, limit=limit)
        if not visits:
            return Looked()
        corrections = corrections_in_force(visit.id for visit in visits)
        clues = clues_gather(visits)
        grounds = visits_grounds(visits, clues.holding)
        found = {one.id: resolved for one in grounds if (resolved := visit_resolve(one, corrections)) is not None}
        at = clock.now()
        ids = _companies_ensure(visits, grounds, found, corrections, at)
        linked = {visit.id: ids[found[visit.id].domain] if visit.id in found else None for visit in visits}
        sites = {visit.site_id for visit in visits}
        clients = dict(Site.objects.filter(id__in=sites).values_list("id", "client_id"))
        visits_link(companies=linked, at=at)
        _matches_rewrite(visits, found, ids, at)
        client_rows_follow(visits, linked, clients, withdrawn=clues.withdrawn)
        if clues.withdrawn:
            _forget_joined([visit for visit in visits if visit.id in clues.withdrawn])
        _tell(visits, linked)
    return Looked(len(visits), sum(visit.company_id != linked[visit.id] for visit in visits))


def _companies_ensure(
    visits: Sequence[VisitNetwork],
    grounds: Sequence[VisitGrounds],
    found: Mapping[UUID, Resolution],
    corrections: Corrections,
    at: datetime,
) -> dict[str, int]:
    """Return the id of each visited company by its domain, having made new ones and noted what they are called.

    What visits say of a company's name they also say while it is merged into another.
    """
    wanted = {one.domain for one in found.values()}
    told = _told(visits, grounds)
    if not wanted and not told:
        return {}
    known = {one.domain: one for one in Company.objects.filter(domain__in={*wanted, *told})}
    new = [Company(domain=domain, created_at=at, updated_at=at) for domain in sorted(wanted - set(known))]
    every = [*known.values(), *new]
    before = {company.domain: (company.name, company.kind, company.told) for company in every}
    for company in every:
        for ground, began_at in told.get(company.domain, ()):
            company.told = told_by(company.told, ground, began_at)
    fresh = [company for company in every if company.told != before[company.domain][2] or not company.name]
    for company, name, kind in companies_called(fresh, corrections):
        # Where neither people nor visits name it, a profile may have done so.
        company.name, company.kind = name or company.name or company.domain, kind
    changed = [one for one in known.values() if (one.name, one.kind, one.told) != before[one.domain]]
    for company in changed:
        company.updated_at = at
    if changed:
        Company.objects.bulk_update(changed, ["name", "kind", "told", "updated_at"])
    Company.objects.bulk_create(new, ignore_conflicts=True)
    if new:
        made = Company.objects.filter(domain__in=[one.domain for one in new]).values_list("domain", "id")
        return {**{domain: one.id for domain, one in known.items()}, **dict(made)}
    return {domain: one.id for domain, one in known.items()}


def _told(visits: Sequence[VisitNetwork], grounds: Sequence[VisitGrounds]) -> dict[str, list[tuple[Any, datetime]]]:
    """Return what visits tell of the companies of each domain, with when they began."""
    told: dict[str, list[tuple[Any, datetime]]] = {}
    for visit, one in zip(visits, grounds, strict=True):
        for ground in one.grounds:
            if ground.name or ground.ground == "network" or ground.kind != USUAL_KIND:
                told.setdefault(ground.domain, []).append((ground, visit.started_at))
    return told


def _matches_rewrite(
    visits: Sequence[VisitNetwork], found: Mapping[UUID, Resolution], ids: Mapping[str, int], at: datetime
) -> None:
    """Have exactly these grounds as the visits' matches; those that stay keep since when. Two queries."""
    rows = [
        CompanyMatch(
            company_id=ids[resolved.domain],
            site_id=visit.site_id,
            session_id=visit.id,
            ground=ground.ground,
            confidence_ratio=ground.confidence_ratio,
            visit_ratio=resolved.confidence_ratio,
            evidence=_evidence(resolved, number),
            created_at=at,
        )
        for visit in visits
        if (resolved := found.get(visit.id))
        for number, ground in enumerate(resolved.grounds)
    ]
    with connection.cursor() as cursor:
        kept_ids, kept_grounds = [row.session_id for row in rows], [row.ground for row in rows]
        cursor.execute(_GONE, [[visit.id for visit in visits], kept_ids, kept_grounds])
    CompanyMatch.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["session_id", "ground"], update_fields=_REWRITTEN
    )


def _evidence(resolved: Resolution, number: int) -> dict[str, Any]:
    """Return a ground's evidence: for which domain it spoke where that is another by now, and what speaks against it.

    The latter stands with the visit's surest ground.
    """
    ground = resolved.grounds[number]
    evidence = dict(ground.evidence)
    if ground.domain != resolved.domain:
        evidence["spoke_for"] = ground.domain
    if number == 0 and resolved.against:
        evidence["against"] = [
            {"ground": one.ground, "domain": one.domain, "name": one.name, "confidence_ratio": one.confidence_ratio}
            for one in resolved.against
        ]
    return evidence


def _forget_joined(visits: Sequence[VisitNetwork]) -> None:
    """Forget what visits told, before a late event joined them to these, whose visitors refuse by now."""
    joined = ids_joined([visit.id for visit in visits])
    company_ids = visits_strip(joined)
    spans = {visit.id: (visit.site_id, (visit.started_at, visit.ended_at)) for visit in visits}
    for id_, company_id in company_ids.items():
        site_id, span = spans[joined[id_]]
        client_rows_narrow(company_ids=[company_id], site_id=site_id, span=span)
    companies_forget(company_ids.values())


def _tell(visits: Sequence[VisitNetwork], linked: Mapping[UUID, int | None]) -> None:
    for site_id in sorted({visit.site_id for visit in visits}):
        here = [visit for visit in visits if visit.site_id == site_id]
        matched = tuple(visit.id for visit in here if linked[visit.id] is not None)
        left = {visit.company_id for visit in here if visit.company_id not in (None, linked[visit.id])}
        if matched or left:
            left_ids = tuple(sorted(id_ for id_ in left if id_ is not None))
            publish(CompanyMatched(current_schema(), site_id, matched, left_ids))
