"""Companies by number and by client: names, and which are new."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from .knowledge.ignoring import ignored_on_site
from .models import Company, CompanyClient
from .newcomers import newcomers
from .seen import known_seen


def company_names(company_ids: set[int]) -> dict[int, str]:
    return dict(Company.objects.filter(id__in=company_ids).values_list("id", "name")) if company_ids else {}


def company_names_shown(company_ids: set[int], *, site_id: int) -> dict[int, str]:
    """Return the names of those companies that the site's client doesn't ignore. One query."""
    shown = Company.objects.filter(id__in=company_ids).exclude(id__in=ignored_on_site(site_id))
    return dict(shown.values_list("id", "name")) if company_ids else {}


def company_names_known(company_ids: set[int], *, client_ids: Iterable[int]) -> dict[int, str]:
    """Return the names of those companies that one of these clients knows: whoever writes numbers learns no others."""
    if not company_ids:
        return {}
    known = CompanyClient.objects.filter(company_id__in=company_ids, client_id__in=set(client_ids))
    return dict(known.values_list("company_id", "company__name"))


def new_company_ids(*, client_ids: Sequence[int], since: datetime) -> list[int]:
    """Return companies that any of these clients was first visited by at `since` or later. One query."""
    return sorted(set().union(*new_companies(client_ids=client_ids, since=since).values()))


def new_companies(*, client_ids: Sequence[int], since: datetime) -> dict[int, set[int]]:
    """Return by client the companies that it was first visited by at `since` or later. One query."""
    fresh = newcomers(client_ids=client_ids, since=since)
    return {client_id: {one.id for one in companies} for client_id, companies in fresh.items()}


def company_known_to(*, company_id: int, client_id: int) -> CompanyClient | None:
    """Return what a client knows of a company, with `first_at`; None where it has never been on the client's sites."""
    return known_seen().select_related("company").filter(company_id=company_id, client_id=client_id).first()
