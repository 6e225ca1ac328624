"""Erasing all that was stored of a site, in slices, so that nobody waits long for the site's lock.

The ledger goes last: as long as a line of a site that doesn't exist is left, the sweep knows that there is work.
"""

from dataclasses import dataclass

from django.db import connection, transaction

from apps.core import facts
from apps.core.tenancy import current_schema
from apps.sites.models import Site
from apps.sites.services import site_delete

from .facts import SiteErased, SiteRemoved
from .locks import site_lock
from .models import (
    ConsentRecord,
    Conversion,
    ConversionMatch,
    Event,
    ExclusionRule,
    GoalRun,
    ImportJob,
    LedgerLine,
    ParkedEntry,
    PendingEngagement,
    Session,
    SessionAlias,
    VisitToJudge,
)
from .rollups import days_mark, rollups_forget, span_mark

SLICE = 20_000

EVENTS_SLICE = """
DELETE FROM event WHERE site_id = %s AND (occurred_at, event_id) IN (
    SELECT occurred_at, event_id FROM event WHERE site_id = %s ORDER BY occurred_at, event_id LIMIT %s
)
RETURNING occurred_at
"""


@dataclass(frozen=True, slots=True)
class SiteHoldings:
    """What is stored of a site, set-aside included."""

    visits: int
    events: int
    ledger_days: int


def site_holdings(site_id: int) -> SiteHoldings:
    """Count what erasing a site would erase. Three queries."""
    return SiteHoldings(
        visits=Session.objects.filter(site_id=site_id).count(),
        events=Event.objects.filter(site_id=site_id).count(),
        ledger_days=LedgerLine.objects.filter(site_id=site_id).values("day").distinct().count(),
    )


def site_remove(site: Site) -> None:
    """Delete a site at once for everybody who looks or sends; a task is woken to erase what was stored."""
    site_id = site.id
    with transaction.atomic():
        site_lock([site_id])
        site_delete(site=site)
        facts.publish(SiteRemoved(schema=current_schema(), site_id=site_id))


def site_erase(site_id: int) -> None:
    """Erase a site's visits, events and ledger, its row gone or not. May run twice or be broken off."""
    with transaction.atomic():
        # First, since it is quick, and columns hold single visits.
        rollups_forget(site_id)
    while _events_slice(site_id):
        pass
    while _sessions_slice(site_id):
        pass
    # Apps to the right erase their part now; only then does the last trace go.
    facts.publish(SiteErased(schema=current_schema(), site_id=site_id))
    with transaction.atomic():
        site_lock([site_id])
        for model in (
            ConsentRecord,
            Conversion,
            ConversionMatch,
            GoalRun,
            PendingEngagement,
            ParkedEntry,
            ImportJob,
            ExclusionRule,
            VisitToJudge,
            LedgerLine,
        ):
            model.objects.filter(site_id=site_id).delete()
        rollups_forget(site_id)


def sites_left_behind() -> list[int]:
    """Return the sites that were deleted and of which something is left. One query over the ledger's lines."""
    known = Site.objects.values("id")
    rows = LedgerLine.objects.exclude(site_id__in=known)
    return sorted(rows.order_by("site_id").values_list("site_id", flat=True).distinct())


def erase_left_behind() -> None:
    """Erase what is left of deleted sites of the current agency. May run any number of times."""
    for site_id in sites_left_behind():
        site_erase(site_id)


def _events_slice(site_id: int) -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        site_lock([site_id])
        cursor.execute(EVENTS_SLICE, [site_id, site_id, SLICE])
        gone = [moment for (moment,) in cursor.fetchall()]
        if gone:
            span_mark(site_id, min(gone), max(gone))
    return len(gone)


def _sessions_slice(site_id: int) -> int:
    with transaction.atomic():
        site_lock([site_id])
        visits = dict(Session.objects.filter(site_id=site_id).values_list("id", "local_day")[:SLICE])
        ids = list(visits)
        days_mark(site_id, visits.values())
        SessionAlias.objects.filter(session_id__in=ids).delete()
        Conversion.objects.filter(session_id__in=ids).delete()
        ConversionMatch.objects.filter(session_id__in=ids).delete()
        return Session.objects.filter(id__in=ids).delete()[0]
