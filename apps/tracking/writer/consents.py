"""What visitors say of consent: from envelopes to their visits, with a record of each change.

A record holds from when it was said until the next; what only repeats the one before makes none. So the records follow
from what was said and when, not from the order in which it arrived. Words never make a visit: whoever refuses leaves
nothing but the record on a visit that was there before.

Nearly all words repeat what the visit's row says already, and cost nothing; a change is appended; only what comes out
of its order, or with visits that are joined, is worked out anew from all records of the visit. Anybody can send words
to a public site key, so a visit has MOST records: its first ones, and always the newest.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple
from uuid import UUID

import msgspec
from django.db import connection

from apps.core import clock

from ..drop_reasons import SetAside
from ..envelope import Consent, EventIn
from ..ingest import Arrival
from ..ledger import State, Tally
from ..steps.consent import DENIED, is_said, is_word_on_consent
from ..steps.sessions import GAP_MS, Sessions, SessionState
from .items import FOLDED_KINDS, Item
from .parameters import records, uuids

READ = """
SELECT id, session_id, floor(extract(epoch FROM said_at) * 1000)::bigint,
  floor(extract(epoch FROM received_at) * 1000)::bigint, analytics, marketing, source, text_version, gpc, dnt
FROM consent_record WHERE session_id = ANY(%s::uuid[])
"""
DELETE = "DELETE FROM consent_record WHERE id = ANY(%s)"
# What is stored and what is new together: all but the newest past the first ones go, or aren't stored at all.
INSERT = """
WITH new AS (
    SELECT * FROM json_to_recordset(%(new)s) AS new(
        site_id bigint, session_id uuid, said_at timestamptz, received_at timestamptz,
        analytics text, marketing text, source text, text_version text, gpc boolean, dnt boolean
    )
), placed AS (
    SELECT id, session_id, said_at,
      row_number() OVER visit < %(most)s OR lead(said_at) OVER visit IS NULL AS is_kept
    FROM (
        SELECT id, session_id, said_at FROM consent_record WHERE session_id = ANY(%(grown)s::uuid[])
        UNION ALL SELECT NULL, session_id, said_at FROM new
    ) AS known
    WINDOW visit AS (PARTITION BY session_id ORDER BY said_at)
), gone AS (
    DELETE FROM consent_record USING placed WHERE consent_record.id = placed.id AND NOT placed.is_kept
)
INSERT INTO consent_record
  (site_id, session_id, said_at, received_at, analytics, marketing, source, text_version, gpc, dnt)
SELECT new.* FROM new JOIN placed ON placed.session_id = new.session_id AND placed.said_at = new.said_at
WHERE placed.id IS NULL AND placed.is_kept
"""
MOST = 100


class Choice(NamedTuple):
    """What was chosen; the browser's own signals stand beside it."""

    analytics: str
    marketing: str
    source: str
    text_version: str


class Word(NamedTuple):
    """Something said on consent, or the record of it. `record_id` 0: no row has it yet."""

    said_ms: int
    received_ms: int
    choice: Choice
    gpc: bool
    dnt: bool
    session_id: UUID | None = None
    record_id: int = 0

    @property
    def order(self) -> tuple[int, bool, bool, Choice, int]:
        """By time; of what was said in the same moment a refusal comes last, and so holds; a row before no row."""
        refuses_all, refuses_marketing = self.choice.analytics == DENIED, self.choice.marketing == DENIED
        return (self.said_ms, refuses_all, refuses_marketing, self.choice, self.record_id)


class _Loose(msgspec.Struct):
    """What an arrival says that brings no row: its visit has to be found. `events`: those that are but words."""

    arrival: Arrival
    at_ms: int
    events: int


def is_word(arrival: Arrival, event: EventIn) -> bool:
    """Return whether an event tells nothing but what its envelope's consent says."""
    return is_word_on_consent(
        kind=event.kind,
        name=event.name,
        is_interactive=event.is_interactive,
        consent=arrival.envelope.consent,
    )


def is_marketing_refused(session: SessionState) -> bool:
    """Return whether nothing of a visit may be kept for ad platforms, by what was said last. Who refuses all does."""
    analytics, marketing, _, _ = session.consent
    return DENIED in (analytics, marketing)


class Words:
    """What one batch says on consent. Used once: hear, settle, store."""

    def __init__(self) -> None:
        self._loose: dict[int, _Loose] = {}
        self._inserts: list[dict[str, object]] = []
        self._deletes: list[int] = []
        self._grown: set[UUID] = set()  # visits that may have records already
        # Stored visits that refuse marketing from now on: what was kept for ad platforms goes.
        self.withdrawn: set[UUID] = set()

    def __bool__(self) -> bool:
        return bool(self._loose)

    def hear(self, arrival: Arrival) -> None:
        """Take note of an arrival that says something and brings no row."""
        envelope = arrival.envelope
        if not is_said(envelope.consent):
            return
        words = sum(is_word(arrival, event) for event in envelope.events)
        folded = sum(event.kind in FOLDED_KINDS for event in envelope.events)
        if words or folded == len(envelope.events):
            at_ms = max(event.occurred_ms for event in envelope.events)
            self._loose[id(arrival)] = _Loose(arrival, at_ms, words)

    @property
    def moments_ms(self) -> list[int]:
        return [one.at_ms for one in self._loose.values()]

    def visitors(self) -> set[tuple[int, int]]:
        """Return the (site, visitor)s whose visits must be known."""
        found = set()
        for one in self._loose.values():
            envelope = one.arrival.envelope
            found |= {(envelope.site_id, visitor_id) for visitor_id in _visitor_ids(one.arrival)}
        return found

    def settle(self, items: Iterable[Item], sessions: Sessions, tally: Tally) -> None:
        """Give visits what was said; all events are placed. One query where anything is out of its order."""
        said: dict[int, tuple[SessionState, list[Word]]] = {}
        for item in items:
            envelope = item.arrival.envelope
            if is_said(envelope.consent):
                self._say(said, item.lasting_session, envelope.consent, item.at_ms, envelope.received_ms)
        for one in self._loose.values():
            self._settle_loose(one, said, sessions, tally)
        self._hand_on(said, sessions)
        joined = [gone for gone in sessions.joined if gone.consent_ms is not None]
        for gone in joined:
            said.setdefault(gone.lasting.id.int, (gone.lasting, []))
        grown = {gone.lasting.id.int for gone in joined}
        tangled = []
        for key, (session, words) in said.items():
            words.sort(key=lambda word: word.order)
            if key in grown or not self._append(session, words):
                tangled.append((session, words))
        if tangled:
            self._untangle(tangled, joined)

    def store(self) -> None:
        """Write what has changed. A query each where there is anything to delete or to insert."""
        with connection.cursor() as cursor:
            if self._deletes:
                cursor.execute(DELETE, [self._deletes])
            if self._inserts:
                cursor.execute(INSERT, {"new": records(self._inserts), "grown": uuids(self._grown), "most": MOST})

    def _say(
        self,
        said: dict[int, tuple[SessionState, list[Word]]],
        session: SessionState,
        consent: Consent,
        at_ms: int,
        received_ms: int,
    ) -> None:
        choice = Choice(consent.analytics, consent.marketing, consent.source, consent.text_version)
        said_ms = consent.at_ms or at_ms
        if session.consent_ms == said_ms and choice == _choice_of(session):
            return
        words = said.setdefault(session.id.int, (session, []))[1]
        words.append(Word(said_ms, received_ms, choice, consent.gpc, consent.dnt))

    def _settle_loose(
        self,
        one: _Loose,
        said: dict[int, tuple[SessionState, list[Word]]],
        sessions: Sessions,
        tally: Tally,
    ) -> None:
        envelope = one.arrival.envelope
        session = sessions.of_visitor(envelope.site_id, _visitor_ids(one.arrival), one.at_ms)
        if session is not None:
            session.is_changed = True
            self._say(said, session, envelope.consent, one.at_ms, envelope.received_ms)
        if one.events:
            fate = (State.FOLDED, "") if session is not None else (State.SET_ASIDE, SetAside.UNTIED.value)
            tally.note(envelope.site_id, one.arrival.received_on, *fate, one.events)

    def _hand_on(self, said: dict[int, tuple[SessionState, list[Word]]], sessions: Sessions) -> None:
        """Give late visits what was put on the visit before for want of them: what was said long after that ended."""
        for before, session in sessions.between():
            if before.consent_ms is not None and before.consent_ms > max(session.started_ms, before.ended_ms + GAP_MS):
                said.setdefault(session.id.int, (session, []))[1].append(_last_word(before))

    def _append(self, session: SessionState, words: Sequence[Word]) -> bool:
        """Add `words`, in their order, to a visit; False, and nothing done, where one comes before what is known."""
        last_ms = session.consent_ms
        if last_ms is not None and words and words[0].said_ms <= last_ms:
            return False
        for word in _changes(words, None if last_ms is None else _choice_of(session)):
            self._insert(session, word)
        if words:
            was_refused = is_marketing_refused(session)
            _put(session, words[-1])
            if is_marketing_refused(session) and not was_refused and not session.is_new:
                self.withdrawn.add(session.id)
        return True

    def _untangle(self, tangled: Sequence[tuple[SessionState, Sequence[Word]]], joined: Sequence[SessionState]) -> None:
        """Work out the records of visits anew from all that is known to have been said."""
        ids = {session.id for session, _ in tangled} | {gone.id for gone in joined}
        with connection.cursor() as cursor:
            cursor.execute(READ, [uuids(ids)])
            stored = [_record(row) for row in cursor.fetchall()]
        for session, words in tangled:
            parts = [session, *(gone for gone in joined if gone.lasting is session)]
            part_ids = {part.id for part in parts}
            known = [word for word in stored if word.session_id in part_ids]
            # That a visit's last choice was repeated since stands on its row alone.
            repeated = [_last_word(part) for part in parts if part.consent_ms is not None]
            everything = sorted([*known, *repeated, *words], key=lambda word: word.order)
            kept = _changes(everything, None)
            for word in kept:
                if not (word.record_id and word.session_id == session.id):
                    self._insert(session, word)
            kept_ids = {word.record_id for word in kept if word.session_id == session.id}
            self._deletes += [word.record_id for word in known if word.record_id not in kept_ids]
            _put(session, everything[-1])
            if is_marketing_refused(session):
                self.withdrawn.add(session.id)

    def _insert(self, session: SessionState, word: Word) -> None:
        if not session.is_new:
            self._grown.add(session.id)
        self._inserts.append(
            {
                "site_id": session.site_id,
                "session_id": session.id,
                "said_at": clock.from_ms(word.said_ms),
                "received_at": clock.from_ms(word.received_ms),
                **word.choice._asdict(),
                "gpc": word.gpc,
                "dnt": word.dnt,
            }
        )


def _changes(words: Iterable[Word], before: Choice | None) -> list[Word]:
    """Return those of `words`, sorted by their order, that change what holds; of one moment the last alone counts.

    Of more than MOST the first ones and the newest.
    """
    by_moment = {word.said_ms: word for word in words}
    changes = []
    for word in by_moment.values():
        if word.choice != before:
            changes.append(word)
            before = word.choice
    return changes if len(changes) <= MOST else [*changes[: MOST - 1], changes[-1]]


def _choice_of(session: SessionState) -> Choice:
    analytics, marketing, _, _ = session.consent
    return Choice(analytics, marketing, session.consent_source, session.consent_version)


def _last_word(session: SessionState) -> Word:
    """Return what a visit's row says: its last choice, at the time at which it was last repeated."""
    said_ms = session.consent_ms or 0
    return Word(said_ms, said_ms, _choice_of(session), session.consent[2], session.consent[3])


def _put(session: SessionState, word: Word) -> None:
    _, _, gpc, dnt = session.consent
    session.consent = (word.choice.analytics, word.choice.marketing, gpc, dnt)
    session.consent_source, session.consent_version = word.choice.source, word.choice.text_version
    session.consent_ms = word.said_ms
    if word.choice.analytics == DENIED:
        # What the page told of its visitor's company goes with the consent that let it: matching sees to it.
        session.is_matched, session.is_reopened = False, True


def _visitor_ids(arrival: Arrival) -> list[int]:
    envelope = arrival.envelope
    known = [envelope.visitor_id, envelope.previous_visitor_id]
    return [visitor_id for visitor_id in known if visitor_id is not None]


def _record(row: Sequence[object]) -> Word:
    record_id, session_id, said_ms, received_ms, analytics, marketing, source, text_version, gpc, dnt = row
    choice = Choice(str(analytics), str(marketing), str(source), str(text_version))
    return Word(
        msgspec.convert(said_ms, int),
        msgspec.convert(received_ms, int),
        choice,
        bool(gpc),
        bool(dnt),
        msgspec.convert(session_id, UUID),
        msgspec.convert(record_id, int),
    )
