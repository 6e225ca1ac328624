"""Reads of clients and sites."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import QuerySet

from apps.agencies.models import Membership

from .access import clients_visible, sites_visible
from .models import Client, Site


@dataclass(frozen=True, slots=True)
class ClientSites:
    client: Client
    sites: Sequence[Site]


def clients_with_sites(membership: Membership) -> list[ClientSites]:
    """Return the clients that a member sees with their sites, archived clients last. Three queries."""
    by_client: dict[int, list[Site]] = {}
    for site in sites_visible(membership).prefetch_related("domains"):
        by_client.setdefault(site.client_id, []).append(site)
    clients = sorted(clients_visible(membership), key=lambda client: (client.archived_at is not None, client.name))
    return [ClientSites(client, by_client.get(client.id, [])) for client in clients]


def clients_open(membership: Membership) -> QuerySet[Client]:
    """Return the clients that a member sees and that aren't archived."""
    return clients_visible(membership).filter(archived_at=None)


def client_choices() -> list[tuple[int, str]]:
    """Return all clients of the agency as choices, for those who decide on access. One query."""
    return list(Client.objects.values_list("id", "name"))
