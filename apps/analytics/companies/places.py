"""Which list a request is about: a site's, or that of all sites that a member may see, archived ones left out."""

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.http import HttpRequest
from django.urls import reverse

from apps.agencies.access import require
from apps.agencies.requests import AgencyRequest, agency_request
from apps.agencies.roles import Permission
from apps.sites.access import site_or_404, sites_visible
from apps.sites.models import Site

UTC = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True)
class Place:
    """A list of companies, who asks for it, and the sites that it is over. `site` None: it is over several."""

    request: AgencyRequest
    site: Site | None
    sites: Sequence[Site]

    @property
    def client_ids(self) -> list[int]:
        return sorted({site.client_id for site in self.sites})

    @property
    def zone(self) -> ZoneInfo:
        """Return the zone of the site, or of most of the sites: a list over several has one day, not many."""
        zones = [site.time_zone for site in self.sites]
        return ZoneInfo(max(zones, key=zones.count)) if zones else UTC

    def url(self, name: str = "companies", *args: object) -> str:
        """Return the address of the list, or of something that belongs to it."""
        if self.site is None:
            return reverse(f"companies:{name}", args=args)
        return reverse(f"companies:site-{name}", args=[self.site.slug, *args])


def place_or_404(request: HttpRequest, slug: str | None, permission: Permission) -> Place:
    """Return the list of the site under `slug` (None: of all sites).

    Raises Http404 where the member can't see the site, PermissionDenied for a role too low. One query.
    """
    member = agency_request(request)
    if slug is not None:
        site = site_or_404(request, slug, permission)
        return Place(member, site, [site])
    require(member.membership, permission)
    sites = sites_visible(member.membership).exclude(status=Site.Status.ARCHIVED)
    return Place(member, None, list(sites))
