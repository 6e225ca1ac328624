"""What a destination missed while it was off, and the replay that makes up for it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.urls import reverse

from apps.sites.models import Site

from .forms import MOST_DAYS
from .models import Destination
from .providers.base import Provider


@dataclass(frozen=True, slots=True)
class Missed:
    """From when until when it was off, and where that period's replay is; `replay_url` names whole days."""

    since: datetime
    until: datetime
    replay_url: str


def missed_of(site: Site, destination: Destination, provider: Provider, *, now: datetime) -> Missed | None:
    """Return what a destination that is on missed, as far as no replay has made up for it and it would be taken yet."""
    since, until = destination.off_since, destination.on_since
    if not destination.is_on or since is None or until is None or until <= max(since, now - provider.max_age):
        return None
    zone = ZoneInfo(site.time_zone)
    last = until.astimezone(zone).date()
    first = max(max(since, now - provider.max_age).astimezone(zone).date(), last - timedelta(days=MOST_DAYS - 1))
    query = urlencode({"first": first.isoformat(), "last": last.isoformat()})
    path = reverse("destinations:replay", args=[site.slug, destination.id])
    return Missed(since, until, f"{path}?{query}")
