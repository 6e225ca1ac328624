"""How the destinations of many sites are doing, each site in a few figures: for the portfolio."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Count

from .models import Delivery, Destination
from .services import SENDABLE

State = Delivery.State
# What nobody has decided on after a week won't be; whatever else is counted for a day.
DECIDED_WITHIN = timedelta(days=7)
DAY = timedelta(days=1)


@dataclass(slots=True)
class SiteDeliveries:
    """A site's destinations, and its deliveries by state: of a week those that a person may send again, else of a day.

    `refused`: destinations that take nothing until a person mends them.
    """

    destinations: int = 0
    refused: Sequence[Destination] = ()
    states: Counter[str] = field(default_factory=Counter)

    @property
    def arrived(self) -> int:
        return self.states[State.RECEIVED] + self.states[State.CONFIRMED]

    @property
    def waiting(self) -> int:
        return self.states[State.WAITING] + self.states[State.SENDING]


def deliveries_overall(site_ids: Iterable[int], *, now: datetime) -> dict[int, SiteDeliveries]:
    """Return how the destinations of sites are; sites that have none are left out. Three queries, or one for none."""
    found: dict[int, SiteDeliveries] = {}
    for destination in Destination.objects.filter(site_id__in=list(site_ids), archived_at=None).order_by("id"):
        one = found.setdefault(destination.site_id, SiteDeliveries())
        one.destinations += 1
        if destination.problem:
            one.refused = [*one.refused, destination]
    if found:
        mine = Delivery.objects.filter(site_id__in=list(found), is_test=False)
        for deliveries in (
            mine.filter(state__in=SENDABLE, created_at__gte=now - DECIDED_WITHIN, destination__archived_at=None),
            mine.exclude(state__in=SENDABLE).filter(created_at__gte=now - DAY),
        ):
            for site_id, state, count in deliveries.values_list("site_id", "state").annotate(count=Count("id")):
                found[site_id].states[state] = count
    return found
