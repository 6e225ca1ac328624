"""Which kinds of organisation become companies: by site, else as the agency has it, else the usual ones."""

from collections.abc import Iterable

from django.db.models import Subquery
from django.db.models.functions import Coalesce

from apps.sites.identified import KINDS, USUAL
from apps.sites.models import CompanyDefaults, Site


def kinds_of(site_ids: Iterable[int]) -> dict[int, frozenset[str]]:
    """Return for each of these sites the networks.NetworkKind values whose organisations become companies.

    One query. Sites that are gone have the usual ones.
    """
    ids = set(site_ids)
    of_agency = CompanyDefaults.objects.filter(id=1).values("kinds")
    rows = Site.objects.filter(id__in=ids).annotate(chosen=Coalesce("company_kinds", Subquery(of_agency)))
    chosen = dict(rows.order_by().values_list("id", "chosen"))
    return {id_: USUAL if (own := chosen.get(id_)) is None else frozenset(own) & KINDS.keys() for id_ in ids}


def agency_kinds() -> frozenset[str]:
    """Return the kinds of the sites that don't say otherwise. One query."""
    defaults = CompanyDefaults.objects.filter(id=1).first()
    return USUAL if defaults is None else frozenset(defaults.kinds) & KINDS.keys()
