"""Putting flags on stored visits and taking them off: visits, their events and the ledger's adjustments together.

Whoever changes the flag of a stored visit does it here, in a transaction that holds the site's lock.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection

from apps.sites.models import Site

from .adjustments import moved_back_from, moved_by
from .flags import COUNTED, Flag
from .ledger import State, Tally, ledger_add
from .rollups import days_mark

FLAG_VISITS = """
UPDATE session SET set_aside = flag.set_aside, excluded_by = flag.excluded_by
FROM unnest(%s::uuid[], %s::text[], %s::bigint[]) AS flag(id, set_aside, excluded_by)
WHERE session.id = flag.id AND session.site_id = %s
  AND (session.set_aside, session.excluded_by) IS DISTINCT FROM (flag.set_aside, flag.excluded_by)
RETURNING session.id, old.set_aside, old.excluded_by, session.started_at, session.ended_at
"""
FLAG_EVENTS = """
UPDATE event SET set_aside = flag.set_aside FROM unnest(%s::uuid[], %s::text[]) AS flag(session_id, set_aside)
WHERE event.session_id = flag.session_id AND occurred_at >= %s AND occurred_at <= %s
RETURNING event.session_id, event.received_at
"""


def visits_flag(*, site_id: int, flags: Mapping[UUID, Flag]) -> int:
    """Give stored visits these flags, with their events; return how many had another one. May run twice.

    What moves between counted and set aside becomes an adjustment in the ledger, on the events' own days of receipt.
    Three queries and one more where something has changed.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            FLAG_VISITS,
            [
                list(flags),
                [flag.set_aside for flag in flags.values()],
                [f.excluded_by for f in flags.values()],
                site_id,
            ],
        )
        changed = cursor.fetchall()
    if not changed:
        return 0
    first, last = min(row[3] for row in changed), max(row[4] for row in changed)
    now = {row[0]: flags[row[0]] for row in changed}
    before = {row[0]: Flag(row[1], row[2]) for row in changed}
    tally = Tally()
    for (session_id, day), count in events_flag(now, first=first, last=last).items():
        flag_note(tally, site_id, day, before[session_id], now[session_id], count)
    ledger_add(tally)
    days_changed(site_id=site_id, spans=[(row[3], row[4]) for row in changed])
    return len(changed)


def events_flag(flags: Mapping[UUID, Flag], *, first: datetime, last: datetime) -> Counter[tuple[UUID, date]]:
    """Flag the events of visits between two moments; return how many by visit and UTC day of receipt. One query."""
    with connection.cursor() as cursor:
        cursor.execute(FLAG_EVENTS, [list(flags), [flag.set_aside for flag in flags.values()], first, last])
        return Counter(
            (session_id, received_at.astimezone(UTC).date()) for session_id, received_at in cursor.fetchall()
        )


def flag_note(tally: Tally, site_id: int, day: date, before: Flag, now: Flag, count: int) -> None:
    """Note that stored events have another flag now: back from one rule, on to another, or both."""
    if before != COUNTED:
        tally.note(site_id, day, State.ADJUSTED, moved_back_from(before.rule), count)
    if now != COUNTED:
        tally.note(site_id, day, State.ADJUSTED, moved_by(now.rule), count)


def days_changed(*, site_id: int, spans: Iterable[tuple[datetime, datetime]]) -> None:
    """Say on which days of a site figures have changed, given first and last moments of the visits."""
    days_mark(site_id, local_days(site_id=site_id, spans=spans))


def local_days(*, site_id: int, spans: Iterable[tuple[datetime, datetime]]) -> set[date]:
    """Return the days in the site's zone that these spans touch. One query; none for a site that is gone."""
    name = Site.objects.filter(id=site_id).values_list("time_zone", flat=True).first()
    if name is None:
        return set()
    zone, days = ZoneInfo(name), set()
    for first, last in spans:
        day, end = first.astimezone(zone).date(), last.astimezone(zone).date()
        while day <= end:
            days.add(day)
            day += timedelta(days=1)
    return days
