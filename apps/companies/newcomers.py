"""Companies that a client was first visited by lately: for the portfolio's "good to know"."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from .knowledge.together import rows_ignored
from .seen import known_seen


@dataclass(frozen=True, slots=True)
class Newcomer:
    id: int
    name: str
    first_seen_at: datetime


def newcomers(*, client_ids: Sequence[int], since: datetime) -> Mapping[int, Sequence[Newcomer]]:
    """Return by client the companies first seen at `since` or later, the latest first.

    One query, beside those of `rows_ignored`.

    By counted visits, and only those that have one; none that the client ignores.
    """
    # Whoever was first seen then was last seen then: this spares looking into the visits of all that a client knows.
    fresh = known_seen().filter(
        client_id__in=client_ids,
        last_seen_at__gte=since,
        first_counted__isnull=False,
        first_at__gte=since,
    )
    rows = (
        fresh.exclude(id__in=rows_ignored(client_ids).values("id"))
        .order_by("-first_at")
        .values_list("client_id", "company_id", "company__name", "first_at")
    )
    found: dict[int, list[Newcomer]] = defaultdict(list)
    for client_id, company_id, name, first_at in rows:
        if first_at is not None:  # never, by the filter; for the type's sake
            found[client_id].append(Newcomer(company_id, name, first_at))
    return found
