"""Visits by hour, counted once when the hour is over: so that a look at a site's weeks costs a few hundred rows."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction

from apps.sites.models import Site
from apps.tracking.selectors import session_hours

from ..models import HourCount, HoursKnown
from .rhythm import WEEKS, Count, Past

KEPT = timedelta(weeks=WEEKS + 2)
# So long after its end an hour is counted: visits are stored within seconds, and few come later than that.
SETTLED = timedelta(minutes=10)


def hours_count(sites: Sequence[Site], *, now: datetime) -> None:
    """Count the hours that are over and aren't counted yet. A query for the whole, and a few for each site behind.

    The first time it is the past KEPT of a site; an index range, but the longest query here.
    """
    until = (now - SETTLED).replace(minute=0, second=0, microsecond=0)
    known = {row.site_id: row for row in HoursKnown.objects.filter(site__in=sites)}
    for site in sites:
        row = known.get(site.id)
        if row is None or row.until < until:
            _count(site, row, until)


def _count(site: Site, row: HoursKnown | None, until: datetime) -> None:
    oldest = until - KEPT
    first = max(row.until, oldest) if row else oldest
    counts = session_hours(site_id=site.id, since=first, until=until)
    if row is None and not counts:
        return
    since = row.since if row else min(counts)
    with transaction.atomic():
        HourCount.objects.bulk_create(
            [HourCount(site=site, hour=hour, visits=one[0], pageviews=one[1]) for hour, one in counts.items()],
            update_conflicts=True,
            unique_fields=["site", "hour"],
            update_fields=["visits", "pageviews"],
        )
        HourCount.objects.filter(site=site, hour__lt=oldest).delete()
        HoursKnown.objects.update_or_create(site=site, defaults={"since": max(since, oldest), "until": until})


def past_of(sites: Sequence[Site]) -> dict[int, Past]:
    """Return what is counted of each site; those of which nothing is, are left out. Two queries."""
    hours: dict[int, dict[datetime, Count]] = {}
    for site_id, hour, visits, pageviews in HourCount.objects.filter(site__in=sites).values_list(
        "site_id", "hour", "visits", "pageviews"
    ):
        hours.setdefault(site_id, {})[hour] = Count(visits, pageviews)
    known = HoursKnown.objects.filter(site__in=sites)
    return {row.site_id: Past(row.since, row.until, hours.get(row.site_id, {})) for row in known}
