"""The data-trust ledger: what became of every event, by site and UTC day of receipt.

received = refused + accepted;  accepted = counted + folded + set aside + repeated + parked + erased.

A rule that is applied to the past, or undone, rewrites none of these lines. It adds adjustments beside them: events
that were moved from counted to set aside (`rule:<id>`) and back (`undo:<id>`). With them the ledger says how the tables
stand now (`counted_now`, `set_aside_now`); the sum stays the same. Erasing takes from the lines of what is erased as it
stands now, so a line by itself may fall below what was stored; the sums "now" never do.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from django.db import connection

from .adjustments import set_aside_later
from .models import LedgerLine

State = LedgerLine.State
# site, UTC day of receipt, state, reason
Line = tuple[int, date, str, str]

ADD = """
INSERT INTO ledger (site_id, day, state, reason, count)
SELECT * FROM unnest(%s::bigint[], %s::date[], %s::text[], %s::text[], %s::bigint[])
ON CONFLICT (site_id, day, state, reason) DO UPDATE SET count = ledger.count + excluded.count
"""


class Tally(Counter[Line]):
    """Lines to be added; a count may be negative where events change their state."""

    def note(self, site_id: int, day: date, state: State, reason: str = "", count: int = 1) -> None:
        self[site_id, day, state, reason] += count

    def move(self, site_id: int, day: date, came: tuple[State, str], goes: tuple[State, str], count: int) -> None:
        self.note(site_id, day, *came, count=-count)
        self.note(site_id, day, *goes, count=count)


def ledger_add(tally: Tally) -> None:
    """Add `tally` to the current agency's ledger, in the caller's transaction. One statement."""
    lines = sorted((line, count) for line, count in tally.items() if count)
    if not lines:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            ADD,
            [
                [site_id for (site_id, _, _, _), _ in lines],
                [day for (_, day, _, _), _ in lines],
                [str(state) for (_, _, state, _), _ in lines],
                [reason for (_, _, _, reason), _ in lines],
                [count for _, count in lines],
            ],
        )


@dataclass(frozen=True, slots=True)
class LedgerDay:
    """One site's UTC day of receipt (or a sum of days): every event that came, by what became of it."""

    refused: dict[str, int] = field(default_factory=dict)  # by reason
    counted: int = 0
    folded: int = 0
    set_aside: dict[str, int] = field(default_factory=dict)  # by reason
    repeated: int = 0
    parked: int = 0
    erased: int = 0
    adjusted: dict[str, int] = field(default_factory=dict)  # by `rule:<id>` and `undo:<id>`

    @property
    def counted_now(self) -> int:
        """As the tables stand: what was counted when it was stored, less what rules have moved since."""
        return self.counted - self.moved.total()

    @property
    def set_aside_now(self) -> dict[str, int]:
        """Set aside as the tables stand, by reason."""
        whole = Counter(self.set_aside)
        whole.update(self.moved)
        return _positive(whole)

    @property
    def set_aside_now_sum(self) -> int:
        return sum(self.set_aside_now.values())

    @property
    def moved(self) -> Counter[str]:
        """Events that rules have moved and not moved back, by the reason for which they are set aside."""
        return set_aside_later(self.adjusted.items())

    @property
    def refused_sum(self) -> int:
        return sum(self.refused.values())

    @property
    def set_aside_sum(self) -> int:
        return sum(self.set_aside.values())

    @property
    def accepted(self) -> int:
        whole = self.counted + self.folded + self.repeated + self.parked + self.erased
        return whole + sum(self.set_aside.values())

    @property
    def received(self) -> int:
        return sum(self.refused.values()) + self.accepted


def ledger_by_day(*, site_id: int, first: date, last: date) -> dict[date, LedgerDay]:
    """Return a site's ledger by UTC day of receipt, newest first; empty days are left out. One query."""
    rows = LedgerLine.objects.filter(site_id=site_id, day__range=(first, last)).order_by("-day")
    by_day: dict[date, list[LedgerLine]] = {}
    for row in rows:
        by_day.setdefault(row.day, []).append(row)
    return {day: _summed(lines) for day, lines in by_day.items()}


def ledger_sum(*, site_id: int, first: date | None = None, last: date | None = None) -> LedgerDay:
    """Return the sum of a site's days; None means without a bound. One query."""
    rows = LedgerLine.objects.filter(site_id=site_id)
    if first:
        rows = rows.filter(day__gte=first)
    if last:
        rows = rows.filter(day__lte=last)
    return _summed(rows)


def _summed(rows: Iterable[LedgerLine]) -> LedgerDay:
    whole: Counter[str] = Counter()
    reasons: dict[str, Counter[str]] = {State.REFUSED: Counter(), State.SET_ASIDE: Counter(), State.ADJUSTED: Counter()}
    for row in rows:
        whole[row.state] += row.count
        if row.state in reasons:
            reasons[row.state][row.reason] += row.count
    return LedgerDay(
        refused=_positive(reasons[State.REFUSED]),
        counted=whole[State.COUNTED],
        folded=whole[State.FOLDED],
        set_aside=_positive(reasons[State.SET_ASIDE]),
        repeated=whole[State.REPEATED],
        parked=whole[State.PARKED],
        erased=whole[State.ERASED],
        adjusted=_positive(reasons[State.ADJUSTED]),
    )


def _positive(counts: Counter[str]) -> dict[str, int]:
    return {reason: count for reason, count in counts.most_common() if count}
