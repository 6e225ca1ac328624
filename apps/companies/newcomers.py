"""Companies that a client was first visited by lately: for the portfolio's "good to know"."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from .models import CompanyClient


@dataclass(frozen=True, slots=True)
class Newcomer:
    id: int
    name: str
    first_seen_at: datetime


def newcomers(*, client_ids: Sequence[int], since: datetime) -> Mapping[int, Sequence[Newcomer]]:
    """Return by client the companies first seen at `since` or later, the latest first. One query."""
    fresh = CompanyClient.objects.filter(client_id__in=client_ids, first_seen_at__gte=since)
    rows = fresh.order_by("-first_seen_at").values_list("client_id", "company_id", "company__name", "first_seen_at")
    found: dict[int, list[Newcomer]] = defaultdict(list)
    for client_id, company_id, name, first_seen_at in rows:
        found[client_id].append(Newcomer(company_id, name, first_seen_at))
    return found
