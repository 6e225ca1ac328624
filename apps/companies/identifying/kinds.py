"""Changing which kinds of organisation become companies: what came of each, and doing it, forward or for the past."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.db.models import Count

from apps.core import clock
from apps.core.facts import publish
from apps.core.tenancy import current_schema
from apps.sites.identified import KINDS
from apps.sites.models import Site
from apps.sites.services import company_kinds_default, site_set_company_kinds
from apps.tracking.company_links import visits_reopen_by_kind
from apps.tracking.locks import site_lock
from apps.tracking.models import Session

from ..facts import VisitsReopened
from ..kinds import agency_kinds, kinds_of
from ..models import CompanyClue

PREVIEW_DAYS = 30


@dataclass(frozen=True, slots=True)
class KindCount:
    """How many organisations of a kind came by their own networks in the past PREVIEW_DAYS, and their visits."""

    kind: str
    label: str
    organisations: int
    visits: int
    is_on: bool


def kinds_count(*, site_id: int, kinds: Collection[str]) -> list[KindCount]:
    """Return for each kind what came, and whether it is among `kinds`. One query."""
    since = clock.now() - timedelta(days=PREVIEW_DAYS)
    rows = Session.objects.filter(
        site_id=site_id, started_at__gte=since, set_aside="", network_kind__in=list(KINDS), is_vpn=False, is_tor=False
    ).exclude(network_domain="")
    counted = rows.order_by().values("network_kind").annotate(Count("network_domain", distinct=True), Count("id"))
    found = {row["network_kind"]: (row["network_domain__count"], row["id__count"]) for row in counted}
    return [KindCount(name, kind.label, *found.get(name, (0, 0)), is_on=name in kinds) for name, kind in KINDS.items()]


def site_kinds_save(*, site: Site, kinds: Iterable[str] | None, reaches_back: bool) -> None:
    """Have these kinds become companies on a site; None: those of the agency. `reaches_back`: of stored visits, too."""
    with transaction.atomic():
        site_lock([site.id])  # before its row: so does whoever deletes the site
        before = kinds_of([site.id])[site.id]
        site_set_company_kinds(site=site, kinds=kinds)
        changed = before ^ kinds_of([site.id])[site.id]
        if reaches_back:
            _reach_back([site.id], changed)


def agency_kinds_save(*, kinds: Iterable[str], reaches_back: bool) -> None:
    """Have these kinds become companies on all sites that have none of their own."""
    with transaction.atomic():
        before = agency_kinds()
        company_kinds_default(kinds=kinds)
        changed = before ^ agency_kinds()
        if reaches_back:
            _reach_back(list(Site.objects.filter(company_kinds=None).values_list("id", flat=True)), changed)


def _reach_back(site_ids: Collection[int], changed: Collection[str]) -> None:
    """Have the visits looked at anew that come from networks of these kinds, or that something else tells."""
    if not changed:
        return
    told = CompanyClue.objects.filter(site_id__in=site_ids).values_list("session_id", flat=True)
    if visits_reopen_by_kind(site_ids=site_ids, kinds=changed, session_ids=set(told)):
        publish(VisitsReopened(schema=current_schema()))
