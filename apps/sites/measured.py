"""What the pipeline needs to know of a site: its zone, for local days, and its hosts, which are no referrers."""

from collections.abc import Iterable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.contrib.postgres.aggregates import ArrayAgg

from .models import Site


@dataclass(frozen=True, slots=True)
class MeasuredSite:
    id: int
    time_zone: ZoneInfo
    hosts: tuple[str, ...]


def measured_sites(site_ids: Iterable[int]) -> dict[int, MeasuredSite]:
    """Return those of the current agency's sites that exist, by id. One query."""
    rows = (
        Site.objects.filter(id__in=set(site_ids))
        .order_by("id")
        .annotate(hosts=ArrayAgg("domains__host", ordering="domains__id", default=[]))
        .values_list("id", "time_zone", "hosts")
    )
    return {
        site_id: MeasuredSite(site_id, ZoneInfo(time_zone), tuple(host for host in hosts if host))
        for site_id, time_zone, hosts in rows
    }
