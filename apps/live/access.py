"""Who may watch: a socket brings a host and a session cookie, and must stand the same tests as a page."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.http import Http404

from apps.agencies.models import Domain, Membership
from apps.core.tenancy import in_schema
from apps.sites.access import sites_visible


@dataclass(frozen=True, slots=True)
class Watch:
    """A site that a member may watch."""

    schema: str
    site_id: int
    slug: str
    zone: ZoneInfo


def watch_or_404(*, host: str, user_id: int | None, slug: str) -> Watch:
    """Return what may be watched. Raises Http404 for a stranger, an outsider and a member who may not see the site."""
    domain = Domain.objects.select_related("tenant").filter(domain=host, tenant__is_active=True).first()
    if domain is None or user_id is None:
        raise Http404
    membership = Membership.objects.filter(user_id=user_id, user__is_active=True, agency=domain.tenant).first()
    if membership is None:
        raise Http404
    schema = str(domain.tenant.schema_name)
    with in_schema(schema):
        site = sites_visible(membership).filter(slug=slug).first()
    if site is None:
        raise Http404
    return Watch(schema=schema, site_id=site.id, slug=site.slug, zone=ZoneInfo(site.time_zone))
