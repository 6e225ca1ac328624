"""The one way in to clients and sites: what a member can't see isn't there (404); what the role forbids is 403."""

from django.db.models import QuerySet
from django.http import Http404, HttpRequest

from apps.agencies.access import require
from apps.agencies.models import Membership
from apps.agencies.requests import agency_request
from apps.agencies.roles import Permission

from .models import Client, Site


def clients_visible(membership: Membership) -> QuerySet[Client]:
    """Return the clients a member may see, archived ones included."""
    clients = Client.objects.all()
    return clients if membership.client_ids is None else clients.filter(id__in=membership.client_ids)


def sites_visible(membership: Membership) -> QuerySet[Site]:
    """Return the sites a member may see, archived ones included, with their clients."""
    sites = Site.objects.select_related("client")
    if not membership.may(Permission.READ):
        return sites.none()
    return sites if membership.client_ids is None else sites.filter(client_id__in=membership.client_ids)


def site_or_404(request: HttpRequest, slug: str, permission: Permission) -> Site:
    """Return the site under `slug`. Raises Http404 where the member can't see it, PermissionDenied for a role too low.

    One query.
    """
    membership = agency_request(request).membership
    site = sites_visible(membership).filter(slug=slug).first()
    if site is None:
        raise Http404
    require(membership, permission)
    return site


def client_or_404(request: HttpRequest, client_id: int, permission: Permission) -> Client:
    """Return the client. Raises Http404 where the member can't see it, PermissionDenied for a role too low.

    One query.
    """
    membership = agency_request(request).membership
    client = clients_visible(membership).filter(id=client_id).first()
    if client is None:
        raise Http404
    require(membership, permission)
    return client
