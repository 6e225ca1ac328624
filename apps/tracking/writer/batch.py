"""One agency's share of a batch: sessions, events, totals and ledger, in the caller's transaction and schema."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from uuid import UUID

import msgspec

from apps.core import clock
from apps.sites.measured import MeasuredSite, measured_sites

from ..drop_reasons import SetAside
from ..envelope import EventIn, Refusals
from ..events import DAY_MS
from ..facts import EventsStored, GoalReached
from ..goals.storing import conversions_add, conversions_follow
from ..ingest import Arrival, arrive
from ..ledger import State, Tally, ledger_add
from ..locks import site_lock
from ..partitions import Leaf
from ..rollups import days_between, marks_put
from ..rules.judging import Rule, rules_in_force
from ..steps.sessions import GAP_MS, Sessions, SessionState
from .consents import Words, is_word
from .conversions import items_met, pages_met
from .counting import count_items
from .engagement import Pending, StoredPage, pages_find, pages_raise, pending_take, pending_wait
from .entries import Broken, Entry, Unreadable
from .event_rows import events_copy, events_known, events_repoint
from .flagging import joined_events_flag, new_visits_flag, visits_to_judge
from .items import FOLDED_KINDS, Fold, Item, PageKey, item_of
from .leaves import Leaves
from .match_rows import contacts_of, contacts_put, matches_add, matches_forget, tells_contact
from .session_rows import sessions_by_id, sessions_join, sessions_of, sessions_store


class Stored(msgspec.Struct):
    """What came of it: facts to publish, rows stored, who sent them (for the sealed addresses), the ledger's lines; and
    the events themselves, those with a row and those that were repeated.
    """

    facts: list[EventsStored] = []
    rows: int = 0
    arrivals: list[Arrival] = []
    tally: Tally = msgspec.field(default_factory=Tally)
    items: list[Item] = []
    repeated: list[Item] = []
    reached: list[GoalReached] = []


class Batch:
    """Works one agency's entries through to stored rows. Used once."""

    def __init__(self, schema: str, leaves: Leaves) -> None:
        self.schema = schema
        self.leaves = leaves
        self.tally = Tally()
        self.sites: dict[int, MeasuredSite] = {}
        self.rules: dict[int, list[Rule]] = {}
        self.arrivals: list[Arrival] = []
        self.items: list[Item] = []
        self.repeated: list[Item] = []
        self.folds: dict[PageKey, Fold] = {}
        self.words = Words()
        self.has_contacts = False
        self.reached: list[GoalReached] = []
        self.sessions = Sessions(self._local_day)

    def store(self, entries: Sequence[Entry]) -> Stored:
        site_ids = {entry.site_id for entry in entries}
        site_lock(site_ids)
        self.sites = measured_sites(site_ids)
        self.rules = rules_in_force(site_ids)
        for entry in entries:
            self._take(entry)
        if self.items or self.folds or self.words:
            self._store_events()
        ledger_add(self.tally)
        facts = self._facts()
        return Stored(facts, len(self.items), self.arrivals, self.tally, self.items, self.repeated, self.reached)

    # --- what came ----------------------------------------------------------------------------------------------------

    def _take(self, entry: Entry) -> None:
        body = entry.body
        if isinstance(body, Broken):
            raise Unreadable(body.why)
        site = self.sites.get(body.site_id)
        if site is None:
            return  # deleted since, and its ledger with it
        if isinstance(body, Refusals):
            for reason, count in body.counts.items():
                self.tally.note(body.site_id, date.fromisoformat(body.day), State.REFUSED, reason, count)
            return
        arrival = arrive(body, site)
        self.arrivals.append(arrival)
        self.words.hear(arrival)
        self.tally.note(body.site_id, arrival.received_on, State.ACCEPTED, count=len(body.events))
        for event in body.events:
            if event.kind in FOLDED_KINDS:
                self._take_totals(arrival, event)
            elif not is_word(arrival, event):
                self.items.append(item_of(arrival, event))
                self.has_contacts = self.has_contacts or tells_contact(event)

    def _take_totals(self, arrival: Arrival, event: EventIn) -> None:
        site_id = arrival.envelope.site_id
        if event.page_id is None:
            self.tally.note(site_id, arrival.received_on, State.SET_ASIDE, SetAside.ORPHAN.value)
            return
        self._fold(site_id, event.page_id).take(event, arrival)
        self.tally.note(site_id, arrival.received_on, State.FOLDED)

    def _fold(self, site_id: int, page_id: UUID) -> Fold:
        key = (site_id, page_id.int)
        fold = self.folds.get(key)
        if fold is None:
            fold = self.folds[key] = Fold(site_id, page_id)
        return fold

    # --- storing ------------------------------------------------------------------------------------------------------

    def _store_events(self) -> None:
        moments = [item.at_ms for item in self.items] + [at for fold in self.folds.values() for at in fold.moments_ms]
        moments += self.words.moments_ms
        first, last = clock.from_ms(min(moments)), clock.from_ms(max(moments))
        leaves = self.leaves.near(self.schema, first, last)
        self._drop_repeated(leaves)
        pages = {item.key: item for item in self.items if item.event.kind == "pageview"}
        stored_pages = pages_find([fold for key, fold in self.folds.items() if key not in pages], leaves)
        self._fold_pending(pages, stored_pages)
        self._read_sessions(stored_pages)
        self._place({**pages, **stored_pages})
        self._gain(stored_pages)
        count_items(self.items)
        self.words.settle(self.items, self.sessions, self.tally)
        changed = self.sessions.changed()
        new_visits_flag(changed, self.items, self.rules)
        self._note_fates()
        joined_events_flag(changed, self.sessions.joined, self.tally)
        self._repoint(changed)
        events_copy(self.items)
        pages_raise(stored_pages.values())
        sessions_store(changed)
        sessions_join(self.sessions.joined)
        self.words.store()
        self._reach(stored_pages)
        visits_to_judge(changed, self.sessions.joined, self.rules, clock.now())
        marks_put(self._touched_days(changed))

    def _drop_repeated(self, leaves: list[Leaf]) -> None:
        """Leave out events whose id is stored already or comes twice in this batch: the first one counts."""
        if not self.items:
            return
        seen = events_known(self.items, leaves)
        fresh = []
        for item in self.items:
            if item.key in seen:
                self.tally.note(item.site_id, item.arrival.received_on, State.REPEATED)
                self.repeated.append(item)
                continue
            seen.add(item.key)
            fresh.append(item)
        fresh.sort(key=_moment)
        self.items = fresh

    def _fold_pending(self, pages: dict[PageKey, Item], stored_pages: dict[PageKey, StoredPage]) -> None:
        """Give the batch's page views what has waited for them, and let totals wait whose page view isn't there."""
        orphans = {key: fold for key, fold in self.folds.items() if key not in pages and key not in stored_pages}
        waiting: list[Pending] = []
        for row in pending_take([*pages, *orphans]):
            if row.key in pages:
                fold = self._fold(row.site_id, row.page_id)
                fold.raise_to(row.engaged_ms, row.scroll_percent, row.vitals)
                fold.moments_ms.append(row.last_ms)
            else:
                waiting.append(row)
        pending_wait(orphans.values(), waiting)
        for key, page in pages.items():
            if fold_of_page := self.folds.get(key):
                page.raise_to(fold_of_page)

    def _read_sessions(self, stored_pages: dict[PageKey, StoredPage]) -> None:
        visitors = {(item.site_id, item.visitor_id) for item in self.items}
        visitors |= {(i.site_id, i.previous_visitor_id) for i in self.items if i.previous_visitor_id is not None}
        visitors |= self.words.visitors()
        if visitors:
            for session in sessions_of(visitors):
                self.sessions.add(session)
        missing = {page.session_id for page in stored_pages.values() if self.sessions.get(page.session_id) is None}
        if missing:
            for session in sessions_by_id(missing):
                self.sessions.add(session)
        self._read_neighbours(stored_pages.values(), visitors)

    def _read_neighbours(self, pages: Iterable[StoredPage], known: set[tuple[int, int]]) -> None:
        """Read the other sessions of visitors whose engagement may lengthen one until it touches the next.

        There is none to touch where a session has no siblings on its day, and neither that day is over by then nor the
        UTC day, after which the visitor has another id.
        """
        wanted: set[tuple[int, int]] = set()
        for page in pages:
            session = self.sessions.get(page.session_id)
            if session is None:
                continue
            reach = max(page.fold.moments_ms) + GAP_MS
            is_over = reach // DAY_MS > session.started_ms // DAY_MS
            is_over = is_over or self._local_day(session.site_id, reach) > session.local_day
            if not (is_over or session.has_siblings or session.linked_visitor_id is not None):
                continue
            wanted.add((session.site_id, session.visitor_id))
            if session.linked_visitor_id is not None:
                wanted.add((session.site_id, session.linked_visitor_id))
        if wanted - known:
            for session in sessions_of(wanted - known):
                self.sessions.add(session)

    def _place(self, pages: Mapping[PageKey, Item | StoredPage]) -> None:
        """Place events, and the engagement with `pages`, in the order of their own time."""
        touches = sorted((at, key) for key, fold in self.folds.items() for at in fold.moments_ms)
        place = iter(touches)
        touch = next(place, None)
        early = []
        for item in self.items:
            while touch is not None and touch[0] < item.at_ms:
                if not self._engage(touch[0], pages.get(touch[1])):
                    early.append(touch)
                touch = next(place, None)
            item.session = self.sessions.place(item)
        rest = [touch, *place] if touch is not None else []
        for at, key in [*early, *rest]:
            self._engage(at, pages.get(key))

    def _engage(self, at_ms: int, page: Item | StoredPage | None) -> bool:
        """Have engagement lengthen its page view's session; False where that is still to come."""
        session = self._session_of(page)
        if page is None or session is None:
            return False
        if self.sessions.engage(session, at_ms, page_ms=page.at_ms) and at_ms > max(page.at_ms, page.last_seen_ms):
            page.last_seen_ms = at_ms
        return True

    def _session_of(self, page: Item | StoredPage | None) -> SessionState | None:
        if isinstance(page, Item):
            return page.session.lasting if page.session else None
        return self.sessions.get(page.session_id) if page else None

    def _gain(self, stored_pages: dict[PageKey, StoredPage]) -> None:
        """Add the engaged time that stored page views gain to their sessions."""
        for page in stored_pages.values():
            session = self._session_of(page)
            if session is not None:
                session.engaged_ms += page.gained_ms

    def _note_fates(self) -> None:
        """Note what becomes of each event: what becomes of its visit."""
        for item in self.items:
            reason = item.lasting_session.set_aside
            state = State.SET_ASIDE if reason else State.COUNTED
            self.tally.note(item.site_id, item.arrival.received_on, state, reason)

    def _repoint(self, changed: Iterable[SessionState]) -> None:
        """Have stored events follow their session into another one, or its visitor id to that of its first day."""
        gone = [session for session in self.sessions.joined if not session.is_new]
        renamed = [s for s in changed if s.stored_visitor_id is not None and s.stored_visitor_id != s.visitor_id]
        if not gone and not renamed:
            return
        moved = [(session.id, session.lasting) for session in [*gone, *renamed]]
        first = min(session.started_ms for session in [*gone, *renamed])
        last = max(session.ended_ms for session in [*gone, *renamed])
        events_repoint(moved, first, last)

    def _reach(self, stored_pages: dict[PageKey, StoredPage]) -> None:
        """Store which goals are met by now. Nothing is asked for sites that never had any, or where none is met."""
        if not any(site.had_goals for site in self.sites.values()):
            return
        gone = [one for one in self.sessions.joined if not one.is_new and self.sites[one.site_id].had_goals]
        conversions_follow((session.id, session.lasting.id) for session in gone)
        matches_forget({id_ for id_ in self.words.withdrawn if self._has_goals(id_)})
        pages = {key: (page, session) for key, page in stored_pages.items() if (session := self._session_of(page))}
        met = [*items_met(self.items, self.sites), *pages_met(list(pages.values()), self.sites)]
        self.reached = conversions_add(self.schema, met)
        now = clock.now()
        contacts = contacts_of(self.items) if self.has_contacts else {}
        added = matches_add(met, items=self.items, pages=pages, contacts=contacts, now=now)
        contacts_put(contacts, added=added, now=now)

    def _has_goals(self, session_id: UUID) -> bool:
        session = self.sessions.get(session_id)
        return session is not None and self.sites[session.site_id].had_goals

    def _touched_days(self, changed: Iterable[SessionState]) -> set[tuple[int, date]]:
        """Return all local days of the batch's visits: those of their events, and those on which they used to begin."""
        ends: dict[tuple[int, date], int] = {}
        for session in changed:
            key = (session.site_id, session.local_day)
            if session.ended_ms > ends.get(key, 0):
                ends[key] = session.ended_ms
        return {
            (site_id, day)
            for (site_id, first), ended_ms in ends.items()
            for day in days_between(first, self._local_day(site_id, ended_ms))
        }

    # --- news ---------------------------------------------------------------------------------------------------------

    def _facts(self) -> list[EventsStored]:
        touched: defaultdict[tuple[int, bool], list[SessionState]] = defaultdict(list)
        backfilled = {item.lasting_session.id.int for item in self.items if item.arrival.envelope.import_id}
        for session in self.sessions.changed():
            if not session.set_aside:
                touched[session.site_id, session.id.int in backfilled].append(session)
        return [
            EventsStored(
                self.schema,
                site_id,
                tuple(session.id for session in sessions),
                is_backfill,
                tuple(session.id for session in sessions if not session.is_matched),
            )
            for (site_id, is_backfill), sessions in touched.items()
        ]

    def _local_day(self, site_id: int, at_ms: int) -> date:
        return clock.from_ms(at_ms).astimezone(self.sites[site_id].time_zone).date()


def _moment(item: Item) -> int:
    return item.at_ms
