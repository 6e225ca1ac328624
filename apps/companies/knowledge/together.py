"""A company and those that are merged into it: what a client knows of any of them counts for the one that is left.

The one rule, for lists, pages, files, changes and mails alike (`known_together`): the tags of all; the owner of its own
row, or else of the first by domain whose owner may own it; ignored and watched where one of them is. Domains on the
watchlist need no company: of those see `watching`.

Nothing is copied: once a merge is undone, each has its own again.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q, QuerySet

from ..corrections import merged_here, merges_led
from ..models import Company, CompanyClient
from .tags import tags_together

# Client, company.
Key = tuple[int, int]
# Who may own a client's companies: (client, user).
MayOwn = Callable[[int, int], bool]


@dataclass(frozen=True, slots=True)
class Known:
    """What a client knows of a company, all that is merged into it included. `owner_id`: None for nobody."""

    tags: Sequence[str]
    owner_id: int | None
    is_ignored: bool


@dataclass(frozen=True, slots=True)
class Merged:
    """What merges in force lead to. `domains`: from each to the end of its chain; `known`: of those they touch."""

    domains: Mapping[str, str] = field(default_factory=dict)
    known: Mapping[Key, Known] = field(default_factory=dict)


def known_together(rows: Sequence[CompanyClient], may_own: MayOwn) -> Known:
    """Return what rows of one client say of one company: its own first, then those merged into it, by domain."""
    owners = (row.owner_id for row in rows if row.owner_id and may_own(row.client_id, row.owner_id))
    return Known(tags_together(rows), next(owners, None), any(row.is_ignored for row in rows))


def merged_load(*, client_ids: Collection[int], owners: Collection[Key]) -> Merged:
    """Return what clients know of companies that others were merged into. One query; three where some were.

    `owners`: (client, user) of those who may own a client's companies.
    """
    domains = merges_led()
    pairs = _pairs(domains)
    if not pairs:
        return Merged(domains)
    rows = CompanyClient.objects.filter(client_id__in=client_ids, company_id__in={*pairs, *pairs.values()})
    found: dict[Key, list[CompanyClient]] = defaultdict(list)
    for row in rows.select_related("company").order_by("company__domain"):
        found[row.client_id, pairs.get(row.company_id, row.company_id)].append(row)
    may = set(owners)
    return Merged(
        domains,
        {
            key: known_together(
                sorted(some, key=lambda row, own=key[1]: row.company_id != own),  # type: ignore[misc]
                lambda client_id, user_id: (client_id, user_id) in may,
            )
            for key, some in found.items()
        },
    )


def merged_companies() -> Mapping[int, int]:
    """Return of each company that was merged what it was merged into: numbers. One query; two where some were."""
    return _pairs(merges_led())


def rows_together(known: CompanyClient) -> Sequence[CompanyClient]:
    """Return a client's row of a company, and its rows of those that are merged into it. One query; two where some are.

    The company's own is the first. `known` has its company.
    """
    domains = merged_here(known.company.domain)
    if not domains:
        return [known]
    rows = CompanyClient.objects.select_related("company").filter(
        client_id=known.client_id, company__domain__in=domains
    )
    return [known, *rows.order_by("company__domain")]


def ids_together(known: CompanyClient) -> list[int]:
    """Return the numbers of the company and of those that are merged into it. Queries as above."""
    return [row.company_id for row in rows_together(known)]


def rows_ignored(client_ids: "Iterable[int] | QuerySet[Any, Any]") -> QuerySet[CompanyClient]:
    """Return clients' rows of companies that they ignore, or one of those merged into them, to be looked into.

    One query at once; three where there are merges.
    """
    pairs = merged_companies()
    met = Q(is_ignored=True)
    if pairs:
        away = CompanyClient.objects.filter(client_id__in=client_ids, is_ignored=True, company_id__in=pairs)
        led: dict[int, set[int]] = defaultdict(set)
        for client_id, company_id in away.values_list("client_id", "company_id"):
            led[client_id].add(pairs[company_id])
        for client_id, company_ids in led.items():
            met |= Q(client_id=client_id, company_id__in=company_ids)
    return CompanyClient.objects.filter(met, client_id__in=client_ids)


def _pairs(domains: Mapping[str, str]) -> dict[int, int]:
    if not domains:
        return {}
    found = Company.objects.filter(domain__in={*domains, *domains.values()})
    ids = dict(found.values_list("domain", "id"))
    return {ids[one]: ids[into] for one, into in domains.items() if one in ids and into in ids}
