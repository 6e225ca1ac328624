"""What the pages for corrections offer to choose from."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, Q
from django.db.models.functions import Lower

from apps.companies.models import Company, CompanyClient, CompanyClue
from apps.sites.models import Site
from apps.tracking.models import Session

FOUND = 12
MARKS = 8
KNOWN = 200
LONGEST_SEARCH = 100


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that visits of a company have in common, by which they can be split off. `value`: "asn:64501"."""

    value: str
    label: str
    visits: int


def companies_found(text: str, *, client_ids: Sequence[int], without: str) -> list[Company]:
    """Return companies that one of these clients knows, by a piece of name or domain. One query; none for nothing."""
    wanted = text.replace("\x00", "").strip()[:LONGEST_SEARCH]
    if not wanted:
        return []
    known = CompanyClient.objects.filter(client_id__in=client_ids).values("company_id")
    named = Q(name__icontains=wanted) | Q(domain__icontains=wanted)
    return list(
        Company.objects.filter(named, id__in=known).exclude(domain=without).order_by(Lower("name"), "id")[:FOUND]
    )


def companies_known(*, client_ids: Sequence[int]) -> list[Company]:
    """Return the companies that these clients saw last. One query."""
    rows = CompanyClient.objects.filter(client_id__in=client_ids, is_left=False).select_related("company")
    return list({row.company_id: row.company for row in rows.order_by("-last_seen_at")[:KNOWN]}.values())


def marks_of(company: Company) -> list[Mark]:
    """Return by what visits of a company differ, the most frequent first of each kind. Four queries."""
    visits = Session.objects.filter(company_id=company.id, set_aside="").order_by()
    sites = dict(Site.objects.values_list("id", "name"))
    by_site = visits.values_list("site_id").annotate(n=Count("id")).order_by("-n", "site_id")[:MARKS]
    networks = visits.filter(asn__isnull=False).values_list("asn", "network_name").annotate(n=Count("id"))
    clues = CompanyClue.objects.filter(ground="email", session_id__in=visits.values("id")).order_by()
    emails = clues.values_list("domain").annotate(n=Count("session_id", distinct=True)).order_by("-n", "domain")
    return [
        *(Mark(f"site:{id_}", f"On {sites[id_]}", count) for id_, count in by_site if id_ in sites),
        *(
            Mark(f"asn:{asn}", f"From the network AS{asn}{f', {name}' if name else ''}", count)
            for asn, name, count in networks.order_by("-n", "asn")[:MARKS]
        ),
        *(Mark(f"email:{domain}", f"With an e-mail at {domain}", count) for domain, count in emails[:MARKS]),
    ]
