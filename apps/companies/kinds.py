"""Which kinds of organisation become companies: by site, else as the agency has it, else the usual ones."""

from collections.abc import Iterable

from apps.sites.identified import KINDS, USUAL
from apps.sites.models import CompanyDefaults, Site


def kinds_of(site_ids: Iterable[int]) -> dict[int, frozenset[str]]:
    """Return for each of these sites the networks.NetworkKind values whose organisations become companies.

    Two queries. A site that is gone has the agency's.
    """
    ids = set(site_ids)
    chosen = dict(Site.objects.filter(id__in=ids).values_list("id", "company_kinds"))
    usual = agency_kinds()
    return {id_: usual if (own := chosen.get(id_)) is None else frozenset(own) & KINDS.keys() for id_ in ids}


def agency_kinds() -> frozenset[str]:
    """Return the kinds of the sites that don't say otherwise. One query."""
    defaults = CompanyDefaults.objects.filter(id=1).first()
    return USUAL if defaults is None else frozenset(defaults.kinds) & KINDS.keys()
