"""Filtered sums of a period's days from their columns, and which of its days have to be read raw."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np
from django.db import connection
from django.db.models import Exists, OuterRef
from psycopg import sql

from apps.core.periods import DAY, Span

from ..dimensions import Dimension, Over
from ..filters import Filters
from ..models import Kind, RollupDay, RollupMark, Session
from ..rollups import days_between, split
from ..sums import SUMS
from .conditions import (
    Conditions,
    TextUnseen,
    condition_columns,
    conditions_of,
    contained,
    visit_columns,
)
from .counting import SUM_COLUMNS, Landed, Totals, land, rows_by, visitors_of, visits_by
from .day import NO_ROWS, Day
from .encoding import Array, Ints
from .layout import COLUMNS, LATEST, PLACE

# One statement, so one moment for all days, and sent as it is needed: no period is ever in memory as a whole.
_DAYS = """
COPY (
    SELECT built.day, coalesce(kept.visits, 0), {columns}
    FROM rollup_day AS built LEFT JOIN visit_columns AS kept ON kept.site_id = built.site_id AND kept.day = built.day
    WHERE built.site_id = {site} AND built.day = ANY({days}::date[]) AND built.has_columns AND NOT EXISTS (
        SELECT FROM rollup_mark AS mark WHERE mark.site_id = built.site_id AND mark.day = built.day
    )
    ORDER BY built.day
) TO STDOUT (FORMAT BINARY)
"""

_ROWS = {
    Kind.PAGEVIEW: ("views_of_visit", "view_path", "view_count", "view_engaged"),
    Kind.EVENT: ("events_of_visit", "event_name", "event_path", "event_count", "event_engaged"),
}
_COUNT = SUMS.index("count")


@dataclass(slots=True)
class Summed:
    """Sums by text from columns, all visitors, those of unknown value, and the stretches that aren't in them."""

    totals: Totals = field(default_factory=Totals)
    visitors: int = 0
    unknown: int = 0
    raw: Sequence[Span] = ()


def summed_by(*, site_id: int, span: Span, filters: Filters, dimension: Dimension) -> Summed:
    """Return a span's filtered sums by a dimension: its texts with NUL between. Two to five queries."""
    is_of_visits = dimension.over is Over.SESSIONS
    stretch = _Stretch(site_id, span, looks_back=not is_of_visits)
    found = Summed()
    landed: dict[date, Landed] = {}
    columns = condition_columns(filters) | set(SUM_COLUMNS) | _key_columns(dimension)
    for day, conditions in stretch.days(filters, columns):
        try:
            if is_of_visits:
                _add_visits(found, day, conditions, dimension)
            else:
                _add_rows(found, day, conditions, dimension, landed, is_kept=day.day in stretch.kept)
        except TextUnseen:
            stretch.lose(day.day)
    found.raw = stretch.raw()
    return found


def summed_by_day(*, site_id: int, span: Span, filters: Filters) -> tuple[dict[date, dict[str, int]], Sequence[Span]]:
    """Return a span's filtered sums by local day, and the stretches that aren't in them. Three to five queries.

    Visits belong to the day on which they began, the count of page views to their own.
    """
    stretch = _Stretch(site_id, span, looks_back=True)
    found: dict[date, Ints] = defaultdict(lambda: np.zeros(len(SUMS), dtype=np.int64))
    columns = condition_columns(filters) | set(SUM_COLUMNS) | {"later"}
    if not filters.are_of_visits:
        columns |= {"paths", *_ROWS[Kind.PAGEVIEW]}
    for day, conditions in stretch.days(filters, columns):
        try:
            sums, counts = _of_day(day, conditions, filters)
        except TextUnseen:
            stretch.lose(day.day)
            continue
        found[day.day] += sums
        for later, count in counts.items():
            found[day.day + DAY * later][_COUNT] += count
    by_day = {day: dict(zip(SUMS, found[day].tolist(), strict=True)) for day in sorted(found) if day in stretch.kept}
    return by_day, stretch.raw()


# --- counting a day ---------------------------------------------------------------------------------------------------


def _add_visits(found: Summed, day: Day, conditions: Conditions, dimension: Dimension) -> None:
    if not day.visits:
        return
    chosen = conditions.visits(day)
    texts, codes = _keys(day, dimension)
    unknown = (dimension.unknown or "").encode()
    are_unknown = np.array([text.rpartition(b"\0")[2] == unknown for text in texts], dtype=np.bool_)
    found.totals.add(texts, visits_by(day, chosen, codes, len(texts)))
    found.visitors += visitors_of(day, chosen)
    found.unknown += visitors_of(day, chosen & are_unknown[codes])


def _keys(day: Day, dimension: Dimension) -> tuple[list[bytes], Array]:
    """Return the texts of a dimension of visits, and for each visit which of them it has."""
    codes = day.codes(dimension.column)
    if len(dimension.columns) == 1 and dimension.column not in PLACE:
        return day.dictionary(dimension.column), codes
    # Of a country there are as many places as it has cities: put together.
    numbers: dict[bytes, int] = {}
    of_place = [
        numbers.setdefault(b"\0".join(texts), len(numbers))
        for texts in zip(*(day.dictionary(column) for column in dimension.columns), strict=True)
    ]
    return list(numbers), np.array(of_place, dtype=np.int64)[codes]


def _add_rows(
    found: Summed,
    day: Day,
    conditions: Conditions,
    dimension: Dimension,
    landed: dict[date, Landed],
    *,
    is_kept: bool,
) -> None:
    here = landed.pop(day.day, Landed())
    if not day.visits:
        if is_kept and here.keys:
            found.totals.add(*rows_by(day, NO_ROWS, NO_ROWS.path, [], here))
        return
    kind = _kind(dimension)
    chosen = conditions.visits_of_rows(day, kind)
    texts = day.dictionary(dimension.column)
    later = day.later_of(kind)
    later = later[chosen[later["visit"]] & conditions.rows(day, kind, later["path"], later["name"])]
    if is_kept:
        rows = day.rows(kind)
        rows = rows.chosen(chosen[rows.visit] & conditions.rows(day, kind, rows.path, rows.name))
        keys = rows.path if dimension.over is Over.PAGEVIEWS else rows.name
        found.visitors += visitors_of(day, conditions.visits(day))
        found.totals.add(*rows_by(day, rows, keys, texts, here))
    for number in np.unique(later["later"]).tolist():
        some = later[later["later"] == number]
        keys_of_some = [texts[key] for key in some[dimension.column].tolist()]
        land(landed, day.day + DAY * number, day.visitors[some["visit"]], keys_of_some, some)


def _of_day(day: Day, conditions: Conditions, filters: Filters) -> tuple[Ints, dict[int, int]]:
    """Return the sums of a day's visits, and by how many days later how many page views are counted."""
    if not day.visits:
        return np.zeros(len(SUMS), dtype=np.int64), {}
    chosen = conditions.visits(day)
    sums = visits_by(day, chosen, np.zeros(day.visits, dtype=np.uint8), 1)[0]
    if filters.are_of_visits:
        # A visit knows how many page views it had; of one that went on after its day, it is written by day.
        later = day.later[day.later["is_event"] == 0]
        own = int(day.numbers("pageviews")[chosen & ~day.are_apart].sum(dtype=np.int64))
    else:
        chosen = conditions.visits_of_rows(day, Kind.PAGEVIEW)
        later = day.later_of(Kind.PAGEVIEW)
        later = later[conditions.rows(day, Kind.PAGEVIEW, later["path"], later["name"])]
        rows = day.rows(Kind.PAGEVIEW)
        met = chosen[rows.visit] & conditions.rows(day, Kind.PAGEVIEW, rows.path, rows.name)
        own = int(rows.count[met].sum(dtype=np.int64))
    later = later[chosen[later["visit"]]]
    counts = np.bincount(later["later"], weights=later["count"], minlength=1).astype(np.int64)
    counts[0] += own
    return sums, dict(enumerate(counts.tolist()))


def _kind(dimension: Dimension) -> Kind:
    return Kind.PAGEVIEW if dimension.over is Over.PAGEVIEWS else Kind.EVENT


def _key_columns(dimension: Dimension) -> set[str]:
    """Return the stored columns that a dimension is counted by."""
    if dimension.over is Over.SESSIONS:
        return visit_columns(dimension.column)
    # A page's filter chooses events as well: they happen on pages.
    return {"paths", "names", "later", *_ROWS[_kind(dimension)]}


# --- days -------------------------------------------------------------------------------------------------------------


class _Stretch:
    """The days of a span that are read from columns.

    `looks_back`: what happened on a day in visits that began before it counts on that day. Such a day is read from
    columns only if those days' are there too; what happened on it is otherwise read raw as a whole, since a visitor
    counts once on each page and day.
    """

    def __init__(self, site_id: int, span: Span, *, looks_back: bool) -> None:
        self._site_id = site_id
        self._span = span
        self._before = LATEST if looks_back else 0
        oldest = Session.objects.filter(site_id=site_id).order_by("started_at").values_list("started_at", flat=True)
        first = oldest.first() if looks_back else None
        # No visit began before this day, so nothing of those days is missing.
        self._first = first.astimezone(span.zone).date() if first else span.first
        holding = _days_holding(site_id, span.first - DAY * self._before, span.last)
        self._split = split(span, {day for day in holding if self._reaches_back(day, holding)})
        self.kept = {day for days in self._split.kept for day in days_between(days.first, days.last)}
        self._held: set[date] = set()

    def days(self, filters: Filters, columns: Collection[str]) -> Iterator[tuple[Day, Conditions]]:
        """Yield days in order with their conditions; also those before a kept one. By then `kept` says which it is."""
        wanted = sorted({day - DAY * back for day in self.kept for back in range(self._before + 1)})
        if not wanted:
            return
        beforehand = contained(filters)
        conditions = conditions_of(filters, days_read(self._site_id, wanted, beforehand) if beforehand else ())
        for day in days_read(self._site_id, wanted, columns):
            self._held.add(day.day)
            if not self._reaches_back(day.day, self._held):
                self.kept.discard(day.day)
            yield day, conditions
        self.kept &= self._held

    def lose(self, day: date) -> None:
        """Leave a day to be read raw, and those that look back to it."""
        self._held.discard(day)
        self.kept.discard(day)

    def raw(self) -> Sequence[Span]:
        """Return the stretches of days that weren't kept: those to be read raw, and those that were lost meanwhile."""
        return split(self._span, self.kept, most_raw=self._span.days).raw

    def _reaches_back(self, day: date, held: Collection[date]) -> bool:
        """Return whether all visits that may have gone on until that day are held."""
        return all(day - DAY * back in held or day - DAY * back < self._first for back in range(1, self._before + 1))


def days_read(site_id: int, days: Sequence[date], columns: Collection[str]) -> Iterator[Day]:
    """Yield those of some days that hold, in order, with the columns asked for. One query."""
    names = [name for name in COLUMNS if name in columns]
    query = sql.SQL(_DAYS).format(
        columns=sql.SQL(", ").join(sql.Identifier("kept", name) for name in names),
        site=sql.Literal(site_id),
        days=sql.Literal(list(days)),
    )
    with (
        connection.cursor() as cursor,
        connection.wrap_database_errors,
        cursor.copy(query.as_string(cursor.connection)) as copy,
    ):
        copy.set_types(["date", "int4", *["bytea"] * len(names)])
        for day, visits, *blobs in copy.rows():
            yield Day(day, visits, dict(zip(names, blobs, strict=True)))


def _days_holding(site_id: int, first: date, last: date) -> set[date]:
    marked = RollupMark.objects.filter(site_id=OuterRef("site_id"), day=OuterRef("day"))
    days = RollupDay.objects.filter(~Exists(marked), site_id=site_id, has_columns=True, day__gte=first, day__lte=last)
    return set(days.values_list("day", flat=True))


__all__ = ["Summed", "conditions_of", "days_read", "summed_by", "summed_by_day"]
