"""What pages and links told of visits' companies, as clues beside the network: e-mail domains and link values.

Clues follow from a visit's stored events, the agency's assignments and the kinds that are switched on. They are made
anew whenever matching looks at a visit, so that they are right in any order, done twice, and for the past.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from apps.agencies.models import Membership
from apps.core import clock
from apps.core.tenancy import current_schema
from apps.networks.domains import owner_of_domain, registrable_domain
from apps.networks.kinds import OWN_NETWORKS, NetworkKind
from apps.sites.models import Site, SiteDomain
from apps.tracking.company_links import Told, VisitNetwork, visits_forget_domains, visits_told
from apps.tracking.steps.company_clues import parameter_value

from .kinds import kinds_of
from .models import CompanyClue, CompanyMatch, LinkValue

EMAIL, LINK = CompanyMatch.Ground.EMAIL, CompanyMatch.Ground.LINK
GATHERED = (EMAIL, LINK)
Key = tuple[UUID, str, str]


@dataclass(frozen=True, slots=True)
class Clues:
    """The clues of visits: those that are stored and hold, and what is to be written so that just these are stored."""

    kept: Sequence[CompanyClue]
    new: Sequence[CompanyClue]
    gone: Sequence[int]
    withdrawn: frozenset[UUID]  # visits whose visitor refuses by now, and told an e-mail's domain

    @property
    def holding(self) -> list[CompanyClue]:
        return [*self.kept, *self.new]


def clues_read(visits: Sequence[VisitNetwork]) -> Clues:
    """Return the clues of visits by what their events tell, others' beside. Nothing is written.

    Two queries where nothing is told; some more else, as many for a thousand visits as for one.
    """
    if not visits:
        return Clues([], [], [], frozenset())
    told = visits_told(visits)
    wanted = {**_by_email(told), **_by_link(told)}
    known = list(CompanyClue.objects.filter(session_id__in=[visit.id for visit in visits]).order_by("id"))
    stored = {(clue.session_id, clue.ground, clue.domain): clue for clue in known if clue.ground in GATHERED}
    gone = {clue.id for key, clue in stored.items() if not _is_same(wanted.get(key), clue)}
    return Clues(
        kept=[clue for clue in known if clue.id not in gone],
        new=[clue for key, clue in wanted.items() if not _is_same(stored.get(key), clue)],
        gone=sorted(gone),
        withdrawn=frozenset(one.session_id for one in told if one.is_refused and one.email_domain),
    )


def clues_gather(visits: Sequence[VisitNetwork]) -> Clues:
    """Bring the stored clues of visits in line with what their events tell, and return them, others' beside.

    To be called in matching's transaction. As many queries as reading them, and at most three more.
    """
    clues = clues_read(visits)
    if clues.withdrawn:
        visits_forget_domains([visit for visit in visits if visit.id in clues.withdrawn])
    if clues.gone:
        CompanyClue.objects.filter(id__in=clues.gone).delete()
    if clues.new:
        CompanyClue.objects.bulk_create(clues.new, ignore_conflicts=True)
    return clues


def _is_same(one: CompanyClue | None, other: CompanyClue) -> bool:
    return one is not None and (one.name, one.evidence) == (other.name, other.evidence)


def _by_email(told: Iterable[Told]) -> dict[Key, CompanyClue]:
    given = [one for one in told if one.email_domain and not one.is_refused]
    if not given:
        return {}
    site_ids = {one.site_id for one in given}
    kinds, own = kinds_of(site_ids), own_domains(site_ids)
    clues = {}
    for one in given:
        owner = owner_of_domain(one.email_domain)
        if one.email_domain in own[one.site_id] or owner.kind not in kinds[one.site_id]:
            continue
        evidence = {"domain": one.email_domain, "kind": owner.kind.value}
        clues[one.session_id, EMAIL.value, one.email_domain] = _clue(one, EMAIL, one.email_domain, owner.name, evidence)
    return clues


def _by_link(told: Iterable[Told]) -> dict[Key, CompanyClue]:
    said = [
        (one, value)
        for one in told
        if one.parameter and one.query and (value := parameter_value(one.query, one.parameter))
    ]
    if not said:
        return {}
    rows = LinkValue.objects.filter(
        site_id__in={one.site_id for one, _ in said}, value__in={value for _, value in said}
    )
    assigned = {(row.site_id, row.value): row for row in rows}
    clues = {}
    for one, value in said:
        row = assigned.get((one.site_id, value))
        if row is None:
            continue
        # Whoever assigned it knows whom the letter went to: a provider is a company here, as any other.
        owner = owner_of_domain(row.domain)
        kind = owner.kind.value if owner.kind in OWN_NETWORKS else NetworkKind.BUSINESS.value
        evidence = {"parameter": one.parameter, "value": value, "domain": row.domain, "kind": kind}
        clues[one.session_id, LINK.value, row.domain] = _clue(one, LINK, row.domain, "", evidence)
    return clues


def _clue(one: Told, ground: CompanyMatch.Ground, domain: str, name: str, evidence: dict[str, str]) -> CompanyClue:
    return CompanyClue(
        site_id=one.site_id,
        session_id=one.session_id,
        ground=ground.value,
        domain=domain,
        name=name,
        evidence=evidence,
        created_at=clock.now(),
    )


def own_domains(site_ids: Collection[int]) -> dict[int, set[str]]:
    """Return by site the domains of those who run it: its client's sites and the agency's people. Three queries."""
    clients = dict(Site.objects.filter(id__in=site_ids).values_list("id", "client_id"))
    hosts = SiteDomain.objects.filter(site__client_id__in=set(clients.values()))
    by_client: dict[int, set[str]] = {}
    for client_id, host in hosts.values_list("site__client_id", "host"):
        by_client.setdefault(client_id, set()).add(registrable_domain(host))
    # Whoever sees one client alone is that client's own, and somebody else's visitor perhaps.
    members = Membership.objects.filter(agency__schema_name=current_schema()).values_list("user__email", "client_ids")
    found = {id_: set(by_client.get(clients.get(id_, 0), ())) for id_ in site_ids}
    for email, client_ids in members:
        domain = registrable_domain(email.rpartition("@")[2])
        for id_, domains in found.items():
            if client_ids is None or clients.get(id_) in client_ids:
                domains.add(domain)
    return found
