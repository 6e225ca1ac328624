"""What speaks for visits' organisations: their networks, and the clues that others have found."""

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from apps.tracking.company_links import VisitNetwork

from .enrichment.providers.base import Source
from .matching import Match, bare_domain, match_network
from .models import CompanyClue
from .network_sources import sources_of
from .resolution import CONFIDENCE, VisitGrounds


def visits_grounds(visits: Sequence[VisitNetwork]) -> list[VisitGrounds]:
    """Return the grounds of visits, in their order. Two queries, however many visits."""
    ids = [visit.id for visit in visits]
    sources, clues = sources_of(ids), _clues_of(ids)
    return [
        VisitGrounds(
            id=visit.id,
            site_id=visit.site_id,
            asn=visit.asn,
            network_name=visit.network_name,
            grounds=[*_network(visit, sources.get(visit.id, Source.LOCAL.value)), *clues[visit.id]],
        )
        for visit in visits
    ]


def _network(visit: VisitNetwork, source: str) -> list[Match]:
    match = match_network(
        kind=visit.network_kind,
        organisation=visit.organisation,
        domain=visit.network_domain,
        asn=visit.asn,
        network_name=visit.network_name,
        is_hidden=visit.is_hidden,
        source=source,
    )
    return [match] if match else []


def _clues_of(session_ids: Sequence[UUID]) -> defaultdict[UUID, list[Match]]:
    found: defaultdict[UUID, list[Match]] = defaultdict(list)
    for clue in CompanyClue.objects.filter(session_id__in=session_ids).order_by("id"):
        confidence, domain = CONFIDENCE.get(clue.ground), bare_domain(clue.domain)
        if confidence is None or not domain:  # a newer version's ground
            continue
        evidence = {**clue.evidence, "domain": domain}
        found[clue.session_id].append(Match(domain, clue.name, "business", clue.ground, confidence, evidence))
    return found
