"""Reads of checks and silences."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from .models import Silence, SiteCheck
from .services import KEPT

# So long a site that is heard again is worth a line.
RECENT = timedelta(hours=24)


def checks_of(site_id: int) -> list[SiteCheck]:
    """Return a site's last checks, newest first. One query."""
    return list(SiteCheck.objects.filter(site_id=site_id).select_related("site")[:KEPT])


def check_get(*, site_id: int, check_id: int) -> SiteCheck | None:
    return SiteCheck.objects.filter(site_id=site_id, id=check_id).select_related("site").first()


def silences_open(site_ids: Iterable[int]) -> dict[int, Silence]:
    """Return the open alarm of each site that has one. One query."""
    rows = Silence.objects.filter(site_id__in=list(site_ids), ended_at=None).select_related("site")
    return {row.site_id: row for row in rows}


def silences_over(site_ids: Iterable[int], *, now: datetime) -> list[Silence]:
    """Return the alarms that ended in the last day because the site was heard again, newest first. One query."""
    rows = Silence.objects.filter(site_id__in=list(site_ids), end=Silence.End.HEARD, ended_at__gt=now - RECENT)
    return list(rows.select_related("site").order_by("-ended_at"))
