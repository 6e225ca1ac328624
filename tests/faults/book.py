"""What was sent and what was answered, kept by the senders: the one side of the accounts."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from threading import Lock
from uuid import UUID

from tests.faults.visits import Place, Request


@dataclass
class SiteBook:
    """One site's. An attempt without an answer may have been taken all the same: these are kept apart."""

    acknowledged: Counter[UUID] = field(default_factory=Counter)  # id -> attempts answered 202
    unsure: Counter[UUID] = field(default_factory=Counter)  # id -> attempts without an answer, or answered 503
    folds_acknowledged: int = 0
    folds_unsure: int = 0
    # What was answered 202 by UTC day of receipt; None where midnight passed between sending and answer.
    by_day: Counter[date | None] = field(default_factory=Counter)

    @property
    def attempted(self) -> set[UUID]:
        return self.acknowledged.keys() | self.unsure.keys()

    @property
    def events_acknowledged(self) -> int:
        return self.acknowledged.total() + self.folds_acknowledged

    @property
    def events_unsure(self) -> int:
        return self.unsure.total() + self.folds_unsure


class Book:
    """All sites'. Used by all senders."""

    def __init__(self, places: list[Place]) -> None:
        self.sites = {place: SiteBook() for place in places}
        self.statuses: Counter[str] = Counter()
        self.wrong: list[str] = []
        self._lock = Lock()

    @property
    def acknowledged(self) -> int:
        with self._lock:
            return sum(site.events_acknowledged for site in self.sites.values())

    def note(self, request: Request, sent_at: datetime, status: int | None, accepted: int) -> None:
        """Note one attempt. `status` None: no answer."""
        with self._lock:
            self.statuses[str(status)] += 1
            site = self.sites[request.place]
            events = len(request.rows) + request.folds
            if status == 202 and accepted == events:
                site.acknowledged.update(request.rows)
                site.folds_acknowledged += request.folds
                site.by_day[_day(sent_at)] += events
            elif status in (None, 503):
                site.unsure.update(request.rows)
                site.folds_unsure += request.folds
            else:
                self.wrong.append(f"{request.path}: {status}, {accepted} of {events} accepted")


def _day(sent_at: datetime) -> date | None:
    """Return the UTC day in which all of the attempt lies."""
    today = datetime.now(UTC).date()
    return today if sent_at.date() == today else None
