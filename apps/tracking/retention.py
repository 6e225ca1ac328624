"""Retention (PR4): what is older than a site keeps is deleted, whole visits at a time, and the ledger says so.

A visit goes when its start is too old, with all of its events: so no event that is left is older than the site keeps.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection, transaction

from apps.core import clock
from apps.sites.models import Site

from . import partitions
from .drop_reasons import SetAside
from .ledger import State, Tally, ledger_add
from .locks import site_lock
from .models import ConsentRecord, Conversion, ConversionMatch, ParkedEntry, PendingEngagement, Session, SessionAlias
from .rollups import columns_forget, rollups_forget_before, span_mark
from .salts import KEPT_DAYS_BEFORE_TODAY

# Visits deleted in one transaction: the writer waits for the site's lock meanwhile.
SLICE_VISITS = 2_000
ORPHANED_AFTER = timedelta(days=7)

DELETE_EVENTS = """
DELETE FROM event WHERE session_id = ANY(%s::uuid[]) AND occurred_at >= %s AND occurred_at <= %s
RETURNING received_at, set_aside
"""


def retention_enforce() -> int:
    """Delete what is too old on each site of the current agency; return how many visits went. May run twice."""
    now = clock.now()
    gone = 0
    for site_id, days in Site.objects.filter(retention_days__isnull=False).values_list("id", "retention_days"):
        gone += _enforce(site_id, now - timedelta(days=days or 0))
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    visitors_unlink(before=midnight - timedelta(days=KEPT_DAYS_BEFORE_TODAY))
    if gone:
        # Not those in which late events or a resent one may still be looked for.
        partitions.drop_empty(before=now - timedelta(days=62))
    return gone


def visitors_unlink(*, before: datetime) -> None:
    """Forget which ids of two days are one visitor's, for visits from before `before`: their salts are destroyed."""
    linked = Session.objects.filter(linked_visitor_id__isnull=False, started_at__lt=before)
    linked.update(linked_visitor_id=None)


def orphans_drop() -> int:
    """Give up engagement whose page view hasn't come in a week, count it as such, return how many events that were."""
    old = PendingEngagement.objects.filter(received_on__lt=clock.today() - ORPHANED_AFTER)
    dropped = 0
    for site_id in old.order_by("site_id").values_list("site_id", flat=True).distinct():
        with transaction.atomic():
            site_lock([site_id])
            tally = Tally()
            for day, events in old.filter(site_id=site_id).values_list("received_on", "events"):
                tally.move(site_id, day, (State.FOLDED, ""), (State.SET_ASIDE, SetAside.ORPHAN.value), events)
                dropped += events
            old.filter(site_id=site_id).delete()
            ledger_add(tally)
    return dropped


def _enforce(site_id: int, oldest: datetime) -> int:
    gone = 0
    while slice_gone := _delete_slice(site_id, oldest):
        gone += slice_gone
    with transaction.atomic():
        site_lock([site_id])
        tally = Tally()
        parked = ParkedEntry.objects.filter(site_id=site_id, parked_at__lt=oldest)
        for entry in parked.defer("payload"):
            tally.move(site_id, entry.ledger_day, (State.PARKED, ""), (State.ERASED, ""), entry.events)
        parked.delete()
        ledger_add(tally)
        rollups_forget_before(site_id, oldest)
    return gone


def _delete_slice(site_id: int, oldest: datetime) -> int:
    with transaction.atomic():
        site_lock([site_id])
        old = Session.objects.filter(site_id=site_id, started_at__lt=oldest).order_by("started_at")[:SLICE_VISITS]
        visits = list(old.values_list("id", "started_at", "ended_at"))
        if visits:
            _delete_visits(site_id, [visit[0] for visit in visits], visits[0][1], max(visit[2] for visit in visits))
    return len(visits)


def _delete_visits(site_id: int, session_ids: list[UUID], first: datetime, last: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(DELETE_EVENTS, [session_ids, first, last])
        events = cursor.fetchall()
    ledger_add(_erased(site_id, events))
    SessionAlias.objects.filter(session_id__in=session_ids).delete()
    ConsentRecord.objects.filter(session_id__in=session_ids).delete()
    Conversion.objects.filter(session_id__in=session_ids).delete()
    ConversionMatch.objects.filter(session_id__in=session_ids).delete()
    Session.objects.filter(id__in=session_ids).delete()
    span_mark(site_id, first, last)
    columns_forget(site_id, first, last)


def _erased(site_id: int, events: Iterable[tuple[datetime, str]]) -> Tally:
    tally = Tally()
    for received_at, set_aside in events:
        came = (State.SET_ASIDE, set_aside) if set_aside else (State.COUNTED, "")
        tally.move(site_id, received_at.date(), came, (State.ERASED, ""), 1)
    return tally
