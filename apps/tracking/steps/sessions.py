"""Put events into sessions (visits), whatever order they come in.

Pure: works on the sessions that the writer has read around the batch's events, and leaves them for it to be written.
A session is a visitor's events with less than 30 minutes between them; what it shows (entry, exit, totals, duration)
follows from the events' times. Bots' and spam events and those that come more than 48 hours late have sessions of their
own. A visit that is set aside by a rule, or for how it behaves, is a person's visit here: its flag can be taken off
again, so events are placed as if there were none, and take it over.

Engagement is an event of its visit, but never makes one: it belongs to its page view's session, which it lengthens
where less than 30 minutes lie between, and joins with another one that it touches.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from itertools import product
from uuid import UUID

import msgspec

from apps.core.ids import uuid7
from apps.tracking.drop_reasons import SetAside
from apps.tracking.flags import COUNTED, Flag, group_of, stronger

GAP_MS = 30 * 60 * 1000

ACQUISITION_COLUMNS = (
    "source",
    "medium",
    "channel",
    "campaign",
    "term",
    "content",
    "utm_id",
    "referrer",
    "referrer_host",
    "click_ids",
)

# site, visitor, why set aside (`group_of`), late
GroupKey = tuple[int, int, str, bool]
# All that separates a visitor's sessions; people's that came in time first.
GROUPS = tuple(product(dict.fromkeys(group_of(reason.value) for reason in SetAside), (False, True)))


class SessionState(msgspec.Struct, eq=False):
    """A session as the writer works on it. Moments in ms since 1970."""

    id: UUID
    site_id: int
    visitor_id: int
    set_aside: str
    is_late: bool
    started_ms: int
    ended_ms: int
    local_day: date
    linked_visitor_id: int | None = None
    has_siblings: bool = False
    entry_ms: int | None = None
    entry_host: str = ""
    entry_path: str = ""
    exit_ms: int | None = None
    exit_path: str = ""
    pageviews: int = 0
    events: int = 0
    interactive_events: int = 0
    engaged_ms: int = 0
    has_context: bool = False
    consent: tuple[str, str, bool, bool] = ("", "", False, False)  # analytics, marketing, gpc, dnt
    excluded_by: int | None = None
    # Of what was said last: source, version of the text, and when it was said last; None where nothing was.
    consent_source: str = ""
    consent_version: str = ""
    consent_ms: int | None = None
    # Company matching has looked at it, or needn't.
    is_matched: bool = False
    # Something of it tells its company otherwise than before: matching is to look at it anew.
    is_reopened: bool = False

    # What the writer must do about it.
    is_new: bool = False
    # The visitor id of the events that the table already has.
    stored_visitor_id: int | None = None
    # How those events are flagged.
    stored_flag: Flag = COUNTED
    is_changed: bool = False
    # Columns that are constant for the visit and are to be written: all of a new session's, else the changed ones.
    facts: dict[str, object] = {}
    joined_to: "SessionState | None" = None
    # The joined session of the table whose acquisition this one takes over, since its entry page is now this one's.
    acquired_from: UUID | None = None

    @property
    def key(self) -> GroupKey:
        return (self.site_id, self.visitor_id, group_of(self.set_aside), self.is_late)

    @property
    def flag(self) -> Flag:
        return Flag(self.set_aside, self.excluded_by)

    def put_flag(self, flag: Flag) -> None:
        self.set_aside, self.excluded_by = flag

    @property
    def lasting(self) -> "SessionState":
        """Return the session that this one has become part of, or itself."""
        session = self
        while session.joined_to is not None:
            session = session.joined_to
        return session

    def touches(self, at_ms: int) -> bool:
        return self.started_ms - GAP_MS < at_ms < self.ended_ms + GAP_MS


class Placed(msgspec.Struct, eq=False):
    """What placing needs to know of one event."""

    site_id: int
    visitor_id: int
    previous_visitor_id: int | None
    set_aside: str
    is_late: bool
    at_ms: int


class Sessions:
    """The sessions around a batch's events: those read from the table, and those that the events make."""

    def __init__(self, local_day: Callable[[int, int], date]) -> None:
        """`local_day`: the day in a site's zone of a moment in ms."""
        self._local_day = local_day
        self._groups: dict[GroupKey, list[SessionState]] = {}
        self._by_id: dict[int, SessionState] = {}  # by the id as a number, which is hashed in C
        self.joined: list[SessionState] = []

    def add(self, session: SessionState) -> None:
        """Take in a session as it stands in the table; one that is known already isn't taken in twice."""
        if session.id.int in self._by_id:
            return
        self._by_id[session.id.int] = session
        self._group(session.key, session.linked_visitor_id).append(session)

    def get(self, session_id: UUID) -> SessionState | None:
        session = self._by_id.get(session_id.int)
        return session.lasting if session else None

    def place(self, event: Placed) -> SessionState:
        """Return the session that `event` belongs to, lengthened, joined or made by it."""
        group = self._group(
            (event.site_id, event.visitor_id, group_of(event.set_aside), event.is_late), event.previous_visitor_id
        )
        session = self._touched(group, event.at_ms)
        if session is None:
            session = self._new(event)
            group.append(session)
        self._lengthen(session, event.at_ms, event.visitor_id)
        if event.previous_visitor_id is not None and session.linked_visitor_id is None:
            other = event.previous_visitor_id if session.visitor_id == event.visitor_id else event.visitor_id
            session.linked_visitor_id = other
            # Only now is it known that the other id's visits are this visitor's, too.
            session = self._reached(group, session)
        session.is_changed = True
        return session

    def of_visitor(self, site_id: int, visitor_ids: Iterable[int], at_ms: int) -> SessionState | None:
        """Return the session of a visitor's that something said at `at_ms` is about; makes, joins and lengthens none.

        The one within whose reach it lies, else the last that began before it: a page may stay open over lunch.
        """
        keys = [(site_id, visitor_id, group, is_late) for visitor_id in visitor_ids for group, is_late in GROUPS]
        groups = [self._groups.get(key, []) for key in keys]
        for group in groups:
            for session in group:
                if session.touches(at_ms):
                    return session
        for group in groups:
            before = [session for session in group if session.started_ms <= at_ms]
            if before:
                return max(before, key=lambda session: session.started_ms)
        return None

    def between(self) -> Iterator[tuple[SessionState, SessionState]]:
        """Yield each new session that follows another one of its visitor's, with the one before it."""
        for session in self._by_id.values():
            if not session.is_new or session.joined_to is not None:
                continue
            before = [one for one in self._groups.get(session.key, ()) if one.started_ms < session.started_ms]
            if before:
                yield max(before, key=lambda one: one.started_ms), session

    def engage(self, session: SessionState, at_ms: int, *, page_ms: int) -> bool:
        """Lengthen the session of the page view at `page_ms` by engagement at `at_ms`; return whether it counts.

        It doesn't where it is too far from all else, or from before its page view, which is a wrong clock's doing.
        """
        counts = at_ms >= page_ms and session.touches(at_ms)
        if counts:
            group = self._group(session.key, session.linked_visitor_id)
            session = self._touched(group, at_ms) or session
            self._lengthen(session, at_ms, session.visitor_id)
        session.is_changed = True
        return counts

    def changed(self) -> list[SessionState]:
        """Return the sessions to be written, siblings marked; joined ones are part of another and aren't among them."""
        self._mark_siblings()
        return [session for session in self._by_id.values() if session.is_changed and session.joined_to is None]

    def _group(self, key: GroupKey, other_visitor_id: int | None) -> list[SessionState]:
        """Return the sessions of a visitor; two ids of one visitor (around midnight UTC) share one list."""
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = []
        if other_visitor_id is None:
            return group
        other_key = (key[0], other_visitor_id, key[2], key[3])
        other = self._groups.get(other_key)
        if other is None:
            self._groups[other_key] = group
        elif other is not group:
            group.extend(other)
            for known, sessions in self._groups.items():
                if sessions is other:
                    self._groups[known] = group
        return group

    def _touched(self, group: list[SessionState], at_ms: int) -> SessionState | None:
        """Return the session within whose reach `at_ms` lies. If there are several, they have become one."""
        touched = [session for session in group if session.touches(at_ms)]
        return self._one_of(group, touched) if touched else None

    def _reached(self, group: list[SessionState], session: SessionState) -> SessionState:
        """Return what `session` has become with all those of its group that lie within its reach."""
        count = 0
        while count != len(group):
            count = len(group)
            first_ms, last_ms = session.started_ms - GAP_MS, session.ended_ms + GAP_MS
            near = [one for one in group if one.ended_ms > first_ms and one.started_ms < last_ms]
            session = self._one_of(group, near)
        return session

    def _one_of(self, group: list[SessionState], touched: list[SessionState]) -> SessionState:
        """Return the one that `touched` sessions of a group have become."""
        if len(touched) == 1:
            return touched[0]
        kept = min(touched, key=lambda session: (session.started_ms, session.id))
        for session in touched:
            if session is not kept:
                self._join(session, kept)
                group.remove(session)
        return kept

    def _new(self, event: Placed) -> SessionState:
        session = SessionState(
            id=uuid7(event.at_ms),
            site_id=event.site_id,
            visitor_id=event.visitor_id,
            set_aside=event.set_aside,
            is_late=event.is_late,
            started_ms=event.at_ms,
            ended_ms=event.at_ms,
            local_day=self._local_day(event.site_id, event.at_ms),
            is_new=True,
        )
        self._by_id[session.id.int] = session
        return session

    def _lengthen(self, session: SessionState, at_ms: int, visitor_id: int) -> None:
        if at_ms > session.ended_ms:
            session.ended_ms = at_ms
        elif at_ms < session.started_ms:
            session.started_ms = at_ms
            session.local_day = self._local_day(session.site_id, at_ms)
            # A visit that runs over midnight keeps the id it began with.
            if session.visitor_id != visitor_id:
                session.linked_visitor_id, session.visitor_id = session.visitor_id, visitor_id

    def _join(self, gone: SessionState, kept: SessionState) -> None:
        kept.ended_ms = max(kept.ended_ms, gone.ended_ms)
        if gone.exit_ms is not None and (kept.exit_ms is None or gone.exit_ms > kept.exit_ms):
            kept.exit_ms, kept.exit_path = gone.exit_ms, gone.exit_path
        if gone.entry_ms is not None and (kept.entry_ms is None or gone.entry_ms < kept.entry_ms):
            kept.entry_ms, kept.entry_host, kept.entry_path = gone.entry_ms, gone.entry_host, gone.entry_path
            kept.acquired_from = gone.acquired_from or gone.id
        kept.pageviews += gone.pageviews
        kept.events += gone.events
        kept.interactive_events += gone.interactive_events
        kept.engaged_ms += gone.engaged_ms
        kept.has_siblings = kept.has_siblings or gone.has_siblings
        kept.put_flag(stronger(kept.flag, gone.flag))
        if kept.linked_visitor_id is None and gone.visitor_id != kept.visitor_id:
            kept.linked_visitor_id = gone.visitor_id
        elif kept.linked_visitor_id is None:
            kept.linked_visitor_id = gone.linked_visitor_id
        # What told of the one's company tells of both.
        kept.is_changed, kept.is_matched, kept.is_reopened = True, False, True
        gone.joined_to = kept
        self.joined.append(gone)

    def _mark_siblings(self) -> None:
        """Mark all sessions of a visitor's local day as having siblings where there are two or more."""
        first_of: dict[tuple[int, int, str, date], SessionState] = {}
        for session in self._by_id.values():
            if session.joined_to is not None:
                continue
            key = (session.site_id, session.visitor_id, group_of(session.set_aside), session.local_day)
            first = first_of.setdefault(key, session)
            if first is not session:
                for sibling in (first, session):
                    if not sibling.has_siblings:
                        sibling.has_siblings = sibling.is_changed = True


def count_pageview(session: SessionState, at_ms: int, host: str, path: str) -> bool:
    """Count a page view; return whether it is the visit's first by time so far."""
    session.pageviews += 1
    if session.exit_ms is None or at_ms >= session.exit_ms:
        session.exit_ms, session.exit_path = at_ms, path
    if session.entry_ms is None or at_ms < session.entry_ms:
        session.entry_ms, session.entry_host, session.entry_path = at_ms, host, path
        return True
    return False
