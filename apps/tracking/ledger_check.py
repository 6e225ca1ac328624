"""Whether the ledger agrees with the tables, to the last event: by site and UTC day of receipt.

Events that have rows can be compared one for one: counted, set aside by reason, parked. What is folded is a total of
its page view and has no row of its own; only what still waits for its page view has, and that can't be more than was
folded. What was refused, repeated, erased or came as engagement without a page view has left no row at all. What holds
those is the equation: how many events were accepted is counted by itself as they come in, and what became of them has
to add up to that.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from django.db import connection

from .adjustments import set_aside_later
from .drop_reasons import WITHOUT_ROWS
from .ledger import State

# State and reason.
Line = tuple[str, str]

COUNTED, PARKED, FOLDED = (str(State.COUNTED), ""), (str(State.PARKED), ""), (str(State.FOLDED), "")
ROWLESS = frozenset((str(State.SET_ASIDE), reason) for reason in WITHOUT_ROWS)
FATES = {str(s) for s in State} - {str(State.REFUSED), str(State.ACCEPTED), str(State.ADJUSTED)}
KNOWN = {str(s) for s in State}

# One statement and so one moment: the writer may go on meanwhile, and needs not wait.
BOTH = """
SELECT 'row', (received_at AT TIME ZONE 'UTC')::date, CASE WHEN set_aside = '' THEN 'counted' ELSE 'set_aside' END,
  set_aside, count(*)
FROM event WHERE site_id = %(site)s GROUP BY 2, set_aside
UNION ALL
SELECT 'row', coalesce(received_on, (parked_at AT TIME ZONE 'UTC')::date), 'parked', '', sum(events)
FROM parked_entry WHERE site_id = %(site)s GROUP BY 2
UNION ALL
SELECT 'row', received_on, 'folded', '', sum(events) FROM pending_engagement WHERE site_id = %(site)s GROUP BY 2
UNION ALL
SELECT 'line', day, state, reason, count FROM ledger WHERE site_id = %(site)s
"""


@dataclass(frozen=True, slots=True)
class Difference:
    """Where the ledger says one thing and the tables (or its own other lines) another."""

    day: date
    what: str
    ledger: int
    tables: int
    against: str = "the tables"


@dataclass(slots=True)
class SiteCheck:
    """What came of comparing one site: over how many days and events, and what differs, by day."""

    days: int = 0
    received: int = 0
    differences: list[Difference] = field(default_factory=list)


def rows_expected(lines: Mapping[Line, int]) -> dict[Line, int]:
    """Return how many events of one day must be in the tables, by (state, reason), where the ledger says `lines`.

    Counted, set aside and parked alone: the others have no rows. What rules have moved later is where it is now.
    """
    moved = set_aside_later((reason, count) for (state, reason), count in lines.items() if state == State.ADJUSTED)
    expected: Counter[Line] = Counter()
    for line, count in lines.items():
        if line in (COUNTED, PARKED) or (line[0] == State.SET_ASIDE and line not in ROWLESS):
            expected[line] += count
    for reason, count in moved.items():
        expected[COUNTED] -= count
        expected[str(State.SET_ASIDE), reason] += count
    return {line: count for line, count in expected.items() if count}


def day_differences(day: date, lines: Mapping[Line, int], rows: Mapping[Line, int]) -> list[Difference]:
    """Return where one day's ledger lines and rows, both by (state, reason), don't agree."""
    return [*_rows_differ(day, lines, rows), *_lines_differ(day, lines)]


def site_check(site_id: int) -> SiteCheck:
    """Compare a site of the current agency. One query, which reads all of the site's events once."""
    lines: dict[date, dict[Line, int]] = {}
    rows: dict[date, dict[Line, int]] = {}
    with connection.cursor() as cursor:
        cursor.execute(BOTH, {"site": site_id})
        for kind, day, state, reason, count in cursor:
            of_day = (lines if kind == "line" else rows).setdefault(day, {})
            of_day[state, reason] = of_day.get((state, reason), 0) + int(count)
    found = SiteCheck(days=len(lines.keys() | rows.keys()))
    for day in sorted(lines.keys() | rows.keys()):
        of_day = lines.get(day, {})
        found.received += sum(count for (state, _), count in of_day.items() if state in FATES or state == State.REFUSED)
        found.differences += day_differences(day, of_day, rows.get(day, {}))
    return found


def _rows_differ(day: date, lines: Mapping[Line, int], rows: Mapping[Line, int]) -> Iterator[Difference]:
    expected = rows_expected(lines)
    waiting = rows.get(FOLDED, 0)
    for line in sorted((expected.keys() | rows.keys()) - {FOLDED}):
        said, there = expected.get(line, 0), rows.get(line, 0)
        if said != there:
            yield Difference(day, _words(line), said, there)
    if waiting > lines.get(FOLDED, 0):
        yield Difference(day, "folded (waiting for their page view)", lines.get(FOLDED, 0), waiting)


def _lines_differ(day: date, lines: Mapping[Line, int]) -> Iterator[Difference]:
    """Return what is wrong with the lines by themselves: the equation, and figures that can't be."""
    accepted = lines.get((str(State.ACCEPTED), ""), 0)
    fates = sum(count for (state, _), count in lines.items() if state in FATES)
    if accepted != fates:
        yield Difference(day, "accepted", accepted, fates, "the sum of what became of them")
    for line, count in sorted(_without_rows(lines)):
        if count < 0:
            yield Difference(day, _words(line), count, 0, "at least")
    for line in sorted(line for line in lines if line[0] not in KNOWN):
        yield Difference(day, f"{_words(line)} (no such state)", lines[line], 0)


def _without_rows(lines: Mapping[Line, int]) -> Iterable[tuple[Line, int]]:
    compared = {str(State.COUNTED), str(State.PARKED), str(State.ADJUSTED)}
    return (
        (line, count)
        for line, count in lines.items()
        if line in ROWLESS or (line[0] not in compared and line[0] != State.SET_ASIDE)
    )


def _words(line: Line) -> str:
    state, reason = line
    return f"{state.replace('_', ' ')}: {reason}" if reason else state.replace("_", " ")
