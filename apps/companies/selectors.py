"""Companies by number and by client: names, and which are new."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from apps.sites.models import Site
from apps.tracking.models import Session

from .models import Company, CompanyClient, CompanyClue
from .newcomers import newcomers
from .seen import Seen, known_seen

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django_stubs_ext import WithAnnotations


def companies_by_domain(domains: Iterable[str]) -> dict[str, Company]:
    return {company.domain: company for company in Company.objects.filter(domain__in=set(domains))}


def company_names(company_ids: set[int]) -> dict[int, str]:
    return dict(Company.objects.filter(id__in=company_ids).values_list("id", "name")) if company_ids else {}


def company_names_shown(company_ids: set[int], *, ignored: "QuerySet[CompanyClient, int]") -> dict[int, str]:
    """Return the names of those companies that aren't ignored: see `ignored_on_site`. One query."""
    shown = Company.objects.filter(id__in=company_ids).exclude(id__in=ignored)
    return dict(shown.values_list("id", "name")) if company_ids else {}


def company_names_known(company_ids: set[int], *, client_ids: Iterable[int]) -> dict[int, str]:
    """Return the names of those companies that one of these clients knows: whoever writes numbers learns no others."""
    if not company_ids:
        return {}
    known = CompanyClient.objects.filter(company_id__in=company_ids, client_id__in=set(client_ids))
    return dict(known.values_list("company_id", "company__name"))


def new_company_ids(*, client_ids: Sequence[int], since: datetime) -> list[int]:
    """Return companies that any of these clients was first visited by at `since` or later. Queries: `newcomers`."""
    return sorted(set().union(*new_companies(client_ids=client_ids, since=since).values()))


def new_companies(*, client_ids: Sequence[int], since: datetime) -> dict[int, set[int]]:
    """Return by client the companies that it was first visited by at `since` or later. Queries: `newcomers`."""
    fresh = newcomers(client_ids=client_ids, since=since)
    return {client_id: {one.id for one in companies} for client_id, companies in fresh.items()}


def company_known_to(*, company_id: int, client_id: int) -> "WithAnnotations[CompanyClient, Seen] | None":
    """Return what a client knows of a company, with when it saw it; None where it has never been on its sites."""
    return known_seen().select_related("company").filter(company_id=company_id, client_id=client_id).first()


def company_spoken_for(*, company_id: int, client_id: int) -> Company | None:
    """Return a company that a visit of the client's has a ground for, though corrections made it another's or nobody's.

    None where there is no such visit: that a company was merged is no news for clients that it never came to. Three
    queries.
    """
    company = Company.objects.filter(id=company_id).first()
    if company is None:
        return None
    sites = Site.objects.filter(client_id=client_id).values("id")
    clues = CompanyClue.objects.filter(domain=company.domain, site_id__in=sites)
    networks = Session.objects.filter(site_id__in=sites, network_domain__in=(company.domain, f"www.{company.domain}"))
    return company if clues.exists() or networks.exists() else None
