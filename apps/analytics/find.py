"""Find: sites, companies and pages by a piece of their name, among what somebody may see."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q
from django.urls import reverse

from apps.companies.seen import known_seen
from apps.core.period_picker import address
from apps.sites.models import Site
from apps.tracking.filter_bar import PARAMETER
from apps.tracking.filters import FIELDS, Filter, Op
from apps.tracking.models import Event, Kind

LEAST_LETTERS = 2
MAX_LETTERS = 100
EACH = 6
# Pages are looked for among those seen lately: the whole past would be read for every letter typed.
PAGES_WITHIN = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Found:
    """A line of components/_find_results.html."""

    url: str
    icon: str
    name: str
    note: str


def find(text: str, *, sites: Sequence[Site], here: Site | None, now: datetime) -> list[Found]:
    """Return companies of the sites' clients and pages by a piece of their name. Two queries.

    Sites are found in the browser, which has their names. Pages are those of the site one is on, else of all.
    """
    wanted = "".join(letter for letter in text if letter.isprintable()).strip()[:MAX_LETTERS]
    if len(wanted) < LEAST_LETTERS or not sites:
        return []
    return [*_companies(wanted, sites, here), *_pages(wanted, [here] if here else list(sites), now)]


def _companies(wanted: str, sites: Sequence[Site], here: Site | None) -> list[Found]:
    by_client = {site.client_id: site for site in reversed(sites)}
    if here is not None:
        by_client[here.client_id] = here
    known = known_seen().filter(
        Q(company__name__icontains=wanted) | Q(company__domain__icontains=wanted),
        client_id__in=list(by_client),
        first_at__isnull=False,
    )
    found: dict[int, Found] = {}
    for one in known.select_related("company").order_by("-last_seen_at")[: EACH * 3]:
        site = by_client[one.client_id]
        url = reverse("companies:site-company", args=[site.slug, one.company_id])
        found.setdefault(one.company_id, Found(url, "building-2", one.company.name, one.company.domain))
    return list(found.values())[:EACH]


def _pages(wanted: str, sites: Sequence[Site], now: datetime) -> list[Found]:
    by_id = {site.id: site for site in sites}
    seen = Event.objects.filter(
        site_id__in=list(by_id),
        kind=Kind.PAGEVIEW,
        set_aside="",
        occurred_at__gte=now - PAGES_WITHIN,
        path__icontains=wanted,
    )
    pages = seen.values_list("site_id", "path").annotate(n=Count("pk")).order_by("-n", "path")[:EACH]
    return [_page(by_id[site_id], path) for site_id, path, _ in pages]


def _page(site: Site, path: str) -> Found:
    only = Filter(FIELDS["page"], Op.IS, (path,)).text
    url = address(reverse("analytics:site-overview", args=[site.slug]), [(PARAMETER, only)])
    return Found(url, "file-text", path, f"Page of {site.name}")
