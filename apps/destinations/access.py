"""The one way in to a site's destinations and their rules: what isn't the site's isn't there (404)."""

from django.http import Http404, HttpRequest

from apps.agencies.roles import Permission
from apps.sites.access import site_or_404
from apps.sites.models import Site

from .models import Destination, RoutingRule
from .providers.base import Provider
from .providers.registry import provider_of


def destination_or_404(
    request: HttpRequest, slug: str, destination_id: int, permission: Permission
) -> tuple[Site, Destination]:
    """Return a site and one of its destinations that wasn't removed. Raises Http404, PermissionDenied. Two queries."""
    site = site_or_404(request, slug, permission)
    destination = Destination.objects.filter(site_id=site.id, id=destination_id, archived_at=None).first()
    if destination is None:
        raise Http404
    return site, destination


def provider_or_404(destination: Destination) -> Provider:
    """Return a destination's provider. Raises Http404 for one that this code doesn't know (a newer version's)."""
    provider = provider_of(destination.provider)
    if provider is None:
        raise Http404
    return provider


def rule_or_404(destination: Destination, rule_id: int) -> RoutingRule:
    rule = RoutingRule.objects.filter(destination=destination, id=rule_id).first()
    if rule is None:
        raise Http404
    return rule
