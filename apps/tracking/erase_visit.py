"""Deleting one visit, so that nothing of it is left but its number in the ledger."""

from collections import Counter
from datetime import UTC, date
from uuid import UUID

from django.db import transaction

from .ledger import State, Tally, ledger_add
from .locks import site_lock
from .models import ConsentRecord, Conversion, ConversionMatch, Event, Kind, PendingEngagement, Session, SessionAlias
from .rollups import columns_forget, span_mark


@transaction.atomic
def visit_erase(*, site_id: int, session_id: UUID) -> int:
    """Delete a visit with all its events and return how many events went; 0 if there is no such visit.

    Takes the site's lock, as everybody does who writes its sessions. The ledger moves the events to "erased" on their
    own days of receipt. Engagement that was folded into page views stays counted as folded: it has no row of its own.
    """
    site_lock([site_id])
    session = Session.objects.filter(site_id=site_id, id=session_id).first()
    if session is None:
        return 0
    events = Event.objects.filter(
        site_id=site_id,
        session_id=session_id,
        occurred_at__gte=session.started_at,
        occurred_at__lte=session.ended_at,
    )
    gone: Counter[tuple[date, str]] = Counter()
    pages: set[UUID] = set()
    for received_at, reason, kind, own_id, page_id in events.values_list(
        "received_at", "set_aside", "kind", "event_id", "page_id"
    ):
        gone[received_at.astimezone(UTC).date(), reason] += 1
        if page_id or kind == Kind.PAGEVIEW:
            pages.add(page_id or own_id)
    events.delete()
    PendingEngagement.objects.filter(site_id=site_id, page_id__in=pages).delete()
    SessionAlias.objects.filter(session_id=session_id).delete()
    ConsentRecord.objects.filter(session_id=session_id).delete()
    Conversion.objects.filter(site_id=site_id, session_id=session_id).delete()
    ConversionMatch.objects.filter(site_id=site_id, session_id=session_id).delete()
    Session.objects.filter(site_id=site_id, id=session_id).delete()
    span_mark(site_id, session.started_at, session.ended_at)
    columns_forget(site_id, session.started_at, session.ended_at)
    ledger_add(_erased(site_id, gone))
    return sum(gone.values())


def _erased(site_id: int, gone: Counter[tuple[date, str]]) -> Tally:
    tally = Tally()
    for (day, reason), count in gone.items():
        came = (State.SET_ASIDE, reason) if reason else (State.COUNTED, "")
        tally.move(site_id, day, came, (State.ERASED, ""), count)
    return tally
