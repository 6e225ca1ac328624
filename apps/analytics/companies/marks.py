"""What clients know of the companies on a page: tags, owner, watchlist. Those clients alone whose sites are listed."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, Max, OuterRef
from django.db.models.functions import Coalesce

from apps.agencies.models import Agency, Membership
from apps.agencies.selectors import team_of
from apps.companies.knowledge.people import sees_client
from apps.companies.knowledge.together import Merged
from apps.companies.knowledge.watching import targets_led
from apps.companies.models import CompanyClient, CompanyMatch
from apps.sites.models import Site
from apps.tracking.models import Session

from .figures import CompanyRow


@dataclass(frozen=True, slots=True)
class Mark:
    """What one client knows of a company. `owner`: the name of whoever it belongs to; empty for nobody."""

    client_id: int
    client_name: str
    tags: Sequence[str]
    owner: str
    is_watched: bool
    first_seen_at: datetime


@dataclass(frozen=True, slots=True)
class Team:
    """The agency's members, and which of them may own a client's companies."""

    members: Sequence[Membership]

    def names(self, client_ids: Sequence[int]) -> dict[int, str]:
        """Return those who see any of these clients, by their numbers, by name."""
        seeing = [one for one in self.members if any(sees_client(one, client_id) for client_id in client_ids)]
        return {one.user_id: str(one.user) for one in sorted(seeing, key=lambda one: str(one.user).casefold())}

    def owners(self, client_ids: Iterable[int]) -> list[tuple[int, int]]:
        """Return (client, user) of those who may own companies of these clients."""
        return [
            (client_id, one.user_id) for client_id in client_ids for one in self.members if sees_client(one, client_id)
        ]

    def owner(self, user_id: int | None, client_id: int) -> str:
        """Return the owner's name; empty without one, and for one who has left or doesn't see the client any more."""
        found = next((one for one in self.members if one.user_id == user_id), None)
        return str(found.user) if found is not None and sees_client(found, client_id) else ""


def team(agency: Agency) -> Team:
    """Return an agency's team. One query."""
    return Team([member for member in team_of(agency) if member.user.is_active])


def marks_of(
    rows: Sequence[CompanyRow], sites: Sequence[Site], people: Team, merged: Merged
) -> Mapping[int, Sequence[Mark]]:
    """Return by company what each client knows of it, clients by name; `merged` of these clients. Two queries."""
    clients = {site.client_id: site.client.name for site in sites}
    domains = {row.domain: row.id for row in rows}
    watched = {
        (client_id, domains[domain])
        for client_id, domain in targets_led(clients, led=merged.domains)
        if domain in domains
    }
    found: dict[int, list[Mark]] = defaultdict(list)
    known = CompanyClient.objects.filter(company_id__in=list(domains.values()), client_id__in=clients)
    for one in sorted(known, key=lambda row: clients[row.client_id]):
        together = merged.known.get((one.client_id, one.company_id))
        found[one.company_id].append(
            Mark(
                client_id=one.client_id,
                client_name=clients[one.client_id],
                tags=together.tags if together else one.tags,
                owner=people.owner(together.owner_id if together else one.owner_id, one.client_id),
                is_watched=(one.client_id, one.company_id) in watched,
                first_seen_at=one.first_seen_at,
            )
        )
    return found


def confidences(rows: Sequence[CompanyRow], sites: Sequence[Site]) -> Mapping[int, float]:
    """Return by company how sure its surest visit on these sites is, 0-1, as `one.company_grounds` says. One query."""
    visit = Session.objects.filter(id=OuterRef("session_id"), company_id=OuterRef("company_id"), set_aside="")
    matches = CompanyMatch.objects.filter(
        Exists(visit), company_id__in=[row.id for row in rows], site_id__in=[site.id for site in sites]
    )
    surest = Max(Coalesce("visit_ratio", "confidence_ratio"))
    return dict(matches.order_by().values_list("company_id").annotate(surest=surest))


def tags_in_use(client_ids: Sequence[int]) -> list[str]:
    """Return all tags of these clients' companies, by the alphabet. One query."""
    rows = CompanyClient.objects.filter(client_id__in=client_ids).exclude(tags=[]).values_list("tags", flat=True)
    return sorted({tag for tags in rows.distinct() for tag in tags}, key=str.casefold)
