"""One event of a batch, with what the writer finds out about it on the way."""

from datetime import UTC, date, datetime
from uuid import UUID

import msgspec

from apps.core import clock

from ..envelope import EventIn
from ..ingest import Arrival, set_aside
from ..steps.sessions import Placed, SessionState

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Site and event id. The id as a number, because a UUID is hashed and compared in Python, a dozen times for each event.
PageKey = tuple[int, int]
# Totals of a page view: they have no row of their own.
FOLDED_KINDS = {"engagement", "vitals"}


class Item(Placed, eq=False, kw_only=True):
    """An event that gets a row."""

    event: EventIn
    arrival: Arrival
    engaged_ms: int
    scroll_percent: int
    vitals: dict[str, float] | None
    key: PageKey
    session: SessionState | None = None
    # Up to when engagement with this page view has lengthened its visit; 0: not at all.
    last_seen_ms: int = 0

    def raise_to(self, fold: "Fold") -> None:
        """Take the totals that came for this page view."""
        self.engaged_ms = max(self.engaged_ms, fold.engaged_ms)
        self.scroll_percent = max(self.scroll_percent, fold.scroll_percent)
        if fold.vitals:
            self.vitals = largest(self.vitals or {}, fold.vitals)

    @property
    def lasting_session(self) -> SessionState:
        if self.session is None:
            raise RuntimeError("an event is stored in its session, and this one has none yet")
        return self.session.lasting


class Fold(msgspec.Struct, eq=False):
    """The totals of one page view from this batch's engagement and vitals: the largest known win."""

    site_id: int
    page_id: UUID
    engaged_ms: int = 0
    scroll_percent: int = 0
    vitals: dict[str, float] = {}
    moments_ms: list[int] = []
    # UTC day of receipt -> events, as arrivals' days differ around midnight.
    by_day: dict[date, int] = {}
    # That which brought the last of them.
    arrival: Arrival | None = None

    @property
    def key(self) -> PageKey:
        return self.site_id, self.page_id.int

    @property
    def last_at(self) -> datetime:
        return clock.from_ms(max(self.moments_ms))

    def take(self, event: EventIn, arrival: Arrival) -> None:
        self.raise_to(event.engaged_ms, event.scroll_percent, event.vitals)
        self.moments_ms.append(event.occurred_ms)
        self.arrival = arrival
        self.by_day[arrival.received_on] = self.by_day.get(arrival.received_on, 0) + 1

    def raise_to(self, engaged_ms: int, scroll_percent: int, vitals: dict[str, float] | None) -> None:
        self.engaged_ms = max(self.engaged_ms, engaged_ms)
        self.scroll_percent = max(self.scroll_percent, scroll_percent)
        if vitals:
            self.vitals = largest(self.vitals, vitals)


def ms_of(moment: datetime) -> int:
    """Return a moment of the database in ms since 1970; what was stored in ms comes back as it was."""
    return (moment - EPOCH) // clock.MILLISECOND


def largest(one: dict[str, float], other: dict[str, float]) -> dict[str, float]:
    return one | {name: max(value, one.get(name, value)) for name, value in other.items()}


def item_of(arrival: Arrival, event: EventIn) -> Item:
    envelope = arrival.envelope
    return Item(
        site_id=envelope.site_id,
        visitor_id=envelope.visitor_id,
        previous_visitor_id=envelope.previous_visitor_id,
        set_aside=set_aside(arrival, event),
        is_late=event.is_late,
        at_ms=event.occurred_ms,
        key=(envelope.site_id, event.event_id.int),
        event=event,
        arrival=arrival,
        engaged_ms=event.engaged_ms,
        scroll_percent=event.scroll_percent,
        vitals=event.vitals,
    )
