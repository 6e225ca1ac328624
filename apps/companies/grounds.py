"""What speaks for visits' organisations: their networks, and the clues that others have found."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from uuid import UUID

from apps.networks.kinds import OWN_NETWORKS, NetworkKind
from apps.tracking.company_links import VisitNetwork

from .enrichment.providers.base import Source
from .kinds import kinds_of
from .matching import Match, bare_domain, match_network
from .models import CompanyClue, CompanyMatch
from .network_sources import sources_of
from .resolution import CONFIDENCE, VisitGrounds
from .reverse.naming import may_tell


def visits_grounds(visits: Sequence[VisitNetwork], stored: Iterable[CompanyClue]) -> list[VisitGrounds]:
    """Return the grounds of visits, in their order: of those kinds of organisation alone that are companies on a site.

    `stored`: their clues. A few queries, however many visits; nothing is written.
    """
    sources = sources_of(visit.id for visit in visits)
    kinds = kinds_of({visit.site_id for visit in visits})
    clues = _clues_of(_counting(visits, stored), kinds)
    return [
        VisitGrounds(
            id=visit.id,
            site_id=visit.site_id,
            asn=visit.asn,
            network_name=visit.network_name,
            grounds=[
                *_network(visit, sources.get(visit.id, Source.LOCAL.value), kinds[visit.site_id], clues[visit.id]),
                *clues[visit.id],
            ],
        )
        for visit in visits
    ]


def _network(visit: VisitNetwork, source: str, kinds: frozenset[str], clues: Sequence[Match]) -> list[Match]:
    if visit.network_kind not in kinds:
        return []
    # A provider's name is what there is where nobody else is told: it speaks for nobody, so it speaks against nobody.
    if visit.network_kind not in OWN_NETWORKS and clues:
        return []
    match = match_network(
        kind=visit.network_kind,
        organisation=visit.organisation,
        domain=visit.network_domain,
        asn=visit.asn,
        network_name=visit.network_name,
        is_hidden=visit.is_hidden,
        source=source,
        with_providers=True,
    )
    return [match] if match else []


def _counting(visits: Iterable[VisitNetwork], clues: Iterable[CompanyClue]) -> Iterator[CompanyClue]:
    """Leave out names of hosts that tell nothing by what is known of the network now: it may have been told later."""
    networks = {visit.id: visit for visit in visits}
    for clue in clues:
        visit = networks.get(clue.session_id)
        if (
            clue.ground != CompanyMatch.Ground.HOST_NAME
            or visit is None
            or may_tell(
                clue.domain,
                kind=visit.network_kind,
                network_domain=visit.network_domain,
                is_hidden=visit.is_hidden or visit.is_mobile,
            )
        ):
            yield clue


def _clues_of(clues: Iterable[CompanyClue], kinds: Mapping[int, frozenset[str]]) -> defaultdict[UUID, list[Match]]:
    found: defaultdict[UUID, list[Match]] = defaultdict(list)
    for clue in clues:
        confidence, domain = CONFIDENCE.get(clue.ground), bare_domain(clue.domain)
        if confidence is None or not domain:  # a newer version's ground
            continue
        evidence = dict(clue.evidence) | {"domain": domain}
        kind = str(evidence.pop("kind", NetworkKind.BUSINESS))
        # Whom the agency gave a link is a company whatever it does.
        if kind in kinds[clue.site_id] or clue.ground == CompanyMatch.Ground.LINK:
            found[clue.session_id].append(Match(domain, clue.name, kind, clue.ground, confidence, evidence))
    return found
