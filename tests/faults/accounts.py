"""The other side of the accounts: what the tables say, and whether both agree to the last event."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

import psycopg
import redis
from psycopg.sql import SQL, Identifier

from apps.tracking.envelope import stream_name
from config.local.deadline import wait_until
from config.local.stack import Stack
from tests.faults.book import Book, SiteBook
from tests.faults.visits import Place

PARTITIONS = 16
CAUGHT_UP_SECONDS = 90.0
SESSION_GAP = timedelta(minutes=30)
ROWS = """
SELECT event_id, session_id, visitor_id, kind, set_aside, occurred_at, received_at, is_late
FROM event WHERE site_id = %s
"""
# `accepted` is the sum of the others, counted by itself; `adjusted` moves within it.
LEDGER = """
SELECT day, state, sum(count)::int FROM ledger
WHERE site_id = %s AND state NOT IN ('accepted', 'adjusted') GROUP BY day, state
"""
SESSIONS = """
SELECT id, visitor_id, set_aside, pageviews, events, started_at, ended_at FROM session WHERE site_id = %s
"""


@dataclass(frozen=True)
class Row:
    event_id: UUID
    session_id: UUID
    visitor_id: int
    kind: str
    set_aside: str
    occurred_at: datetime
    received_at: datetime
    is_late: bool


class Accounts:
    """What one site's tables hold."""

    def __init__(self, stack: Stack, place: Place) -> None:
        self.place = place
        with psycopg.connect(stack.url("database_url")) as connection:
            connection.execute(SQL("SET search_path TO {}").format(Identifier(place.schema)))
            self.rows = [Row(*row) for row in connection.execute(ROWS, [place.site_id])]
            self.sessions: list[tuple[Any, ...]] = connection.execute(SESSIONS, [place.site_id]).fetchall()
            self.ledger: dict[tuple[date, str], int] = {
                (day, state): count for day, state, count in connection.execute(LEDGER, [place.site_id])
            }

    def total(self, *states: str) -> int:
        return sum(count for (_, state), count in self.ledger.items() if state in states)

    # --- what may be wrong, each as a sentence ------------------------------------------------------------------------

    def differences(self, book: SiteBook) -> list[str]:
        """Return what doesn't agree; nothing, as it should be."""
        found = [*self._ids(book), *self._sums(book), *self._days(book), *self._visits()]
        return [f"{self.place.agency} {self.place.domain}: {what}" for what in found]

    def _ids(self, book: SiteBook) -> list[str]:
        stored = Counter(row.event_id for row in self.rows)
        unique = stored.keys()
        return [
            f"{len(what)} events {why}"
            for what, why in (
                (book.acknowledged.keys() - unique, "were acknowledged and aren't stored"),
                (unique - book.attempted, "are stored and were never sent to this site"),
                ({id_ for id_, times in stored.items() if times > 1}, "are doubled"),
            )
            if what
        ]

    def _sums(self, book: SiteBook) -> list[str]:
        """Hold the ledger's sums against the book: each acknowledged attempt is in them once, any other may be."""
        rows, repeated, folded = len(self.rows), self.total("repeated"), self.total("folded")
        found = []
        if self.total("counted", "set_aside") != rows:
            found.append(f"{self.total('counted', 'set_aside')} are counted or set aside, {rows} are stored")
        # Every appearance of an id beyond the stored one is a repetition.
        unacknowledged = len({row.event_id for row in self.rows} - book.acknowledged.keys())
        least = book.acknowledged.total() + unacknowledged - rows
        most = book.acknowledged.total() + book.unsure.total() - rows
        if not least <= repeated <= most:
            found.append(f"{repeated} are repeated, not {least} to {most}")
        if not book.folds_acknowledged <= folded <= book.folds_acknowledged + book.folds_unsure:
            found.append(f"{folded} are folded, not {book.folds_acknowledged} and {book.folds_unsure} unsure ones")
        if self.total("parked", "erased", "refused"):
            found.append(f"the ledger has lines that nobody caused: {self.ledger}")
        return found

    def _days(self, book: SiteBook) -> list[str]:
        """Hold the ledger's days of receipt against the stored rows and against the book."""
        found = []
        by_day: dict[date, int] = defaultdict(int)
        for row in self.rows:
            by_day[row.received_at.date()] += 1
        for day in {day for day, _ in self.ledger} | by_day.keys():
            lines = {state: self.ledger.get((day, state), 0) for state in ("counted", "set_aside")}
            if sum(lines.values()) != by_day[day]:
                found.append(f"on {day} {lines}, but {by_day[day]} rows")
            accepted = sum(count for (of, _), count in self.ledger.items() if of == day)
            least = book.by_day[day]
            most = least + book.by_day[None] + book.events_unsure
            if not least <= accepted <= most:
                found.append(f"on {day} {accepted} accepted, not {least} to {most}")
        return found

    def _visits(self) -> list[str]:
        """Work the visits out anew from the events, and hold what is stored against it."""
        found = []
        by_visitor: dict[tuple[int, bool], list[Row]] = defaultdict(list)
        for row in self.rows:
            by_visitor[row.visitor_id, bool(row.set_aside)].append(row)
        for rows in by_visitor.values():
            rows.sort(key=lambda row: row.occurred_at)
            for one, other in pairwise(rows):
                is_near = other.occurred_at - one.occurred_at <= SESSION_GAP
                if is_near and one.session_id != other.session_id:
                    found.append(
                        f"two events of a visitor {other.occurred_at - one.occurred_at} apart are in two visits"
                    )
        totals: dict[UUID, list[int]] = defaultdict(lambda: [0, 0])
        for row in self.rows:
            totals[row.session_id][row.kind != "pageview"] += 1
        stored = {session[0]: [session[3], session[4]] for session in self.sessions}
        wrong = {id_ for id_ in totals.keys() | stored.keys() if totals[id_] != stored.get(id_)}
        if wrong:
            found.append(f"{len(wrong)} of {len(stored)} visits have other totals than their events")
        return found


def differences(stack: Stack, book: Book) -> list[str]:
    """Return everything that doesn't agree, over all sites."""
    return [what for place, site in book.sites.items() for what in Accounts(stack, place).differences(site)]


def wait_caught_up(stack: Stack) -> None:
    """Wait until the writer has stored all that lies in the streams."""
    assert wait_until(lambda: is_caught_up(stack), seconds=CAUGHT_UP_SECONDS), "the writer hasn't caught up"


def is_caught_up(stack: Stack) -> bool:
    try:
        with redis.Redis.from_url(stack.url("redis_url")) as client:
            return not any(client.xlen(stream_name(partition)) for partition in range(PARTITIONS))
    except redis.RedisError:
        return False
