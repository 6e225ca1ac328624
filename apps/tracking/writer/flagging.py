"""Flags in the writer: what rules say of new visits, what joining leaves to be done, and what is to be judged later.

Of a visit that is stored already the writer knows its counts alone; once it has changed, it is judged anew from the
tables (apps.tracking.rules.work), within a minute.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from django.db import connection

from apps.core import clock

from ..flags import BEHAVIOUR, COUNTED, FLAGGED
from ..ledger import Tally
from ..rules.behaviour import looks_impossible
from ..rules.judging import Rule, new_visit_judged
from ..setting_aside import events_flag, flag_note
from ..steps.sessions import SessionState
from .items import Item
from .parameters import numbers, uuids

Rules = Mapping[int, Sequence[Rule]]
JUDGE = """
INSERT INTO visit_to_judge (session_id, site_id, due_at)
SELECT session_id, site_id, %s FROM unnest(%s::uuid[], %s::bigint[]) AS changed(session_id, site_id)
ON CONFLICT (session_id) DO UPDATE SET due_at = excluded.due_at
"""


def new_visits_flag(sessions: Iterable[SessionState], items: Iterable[Item], rules: Rules) -> None:
    """Flag those of `sessions` that aren't stored yet as rules in force say. `items` are counted in them."""
    new = [session for session in sessions if session.is_new and session.flag == COUNTED]
    pages: defaultdict[int, list[tuple[str, str]]] = defaultdict(list)
    if any(session.site_id in rules for session in new):
        for item in items:
            if item.site_id in rules and item.event.kind == "pageview":
                pages[item.lasting_session.id.int].append((item.event.host, item.event.path))
    now_ms = clock.now_ms()
    for session in new:
        of_site = rules.get(session.site_id, ())
        if of_site or looks_impossible(session):
            session.put_flag(new_visit_judged(of_site, session, pages.get(session.id.int, ()), now_ms=now_ms))


def joined_events_flag(sessions: Iterable[SessionState], joined: Iterable[SessionState], tally: Tally) -> None:
    """Have stored events follow the flag that their visit has taken over from another one. One query if there are any.

    `sessions` and `joined` as they will be stored; events are found by the visit that they are stored in as yet.
    """
    moved = {
        session.id: session
        for session in (*sessions, *joined)
        if not session.is_new and session.stored_flag != session.lasting.flag
    }
    if not moved:
        return
    flags = {session_id: session.lasting.flag for session_id, session in moved.items()}
    first = clock.from_ms(min(session.started_ms for session in moved.values()))
    last = clock.from_ms(max(session.ended_ms for session in moved.values()))
    for (session_id, day), count in events_flag(flags, first=first, last=last).items():
        session = moved[session_id]
        flag_note(tally, session.site_id, day, session.stored_flag, flags[session_id], count)


def visits_to_judge(
    sessions: Iterable[SessionState], joined: Iterable[SessionState], rules: Rules, now: datetime
) -> None:
    """Have visits judged of which the writer can't know what rules say. One query if there are any."""
    grown = {session.lasting.id.int for session in joined}
    waiting = {site_id for site_id, of_site in rules.items() if any(rule.waits_for_end for rule in of_site)}
    changed = [session for session in sessions if _is_open(session, rules, grown, waiting)]
    if not changed:
        return
    with connection.cursor() as cursor:
        values = [uuids(session.id for session in changed), numbers(session.site_id for session in changed)]
        cursor.execute(JUDGE, [now, *values])


def _is_open(session: SessionState, rules: Rules, grown: set[int], waiting: set[int]) -> bool:
    if session.set_aside not in FLAGGED:
        return False
    if session.is_new and session.id.int not in grown:
        return session.site_id in waiting
    return session.site_id in rules or session.set_aside == BEHAVIOUR or looks_impossible(session)
