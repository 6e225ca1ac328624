"""Breakdowns: a period's visitors by what they have in common. One table of dimensions, two ways to count.

What is constant for a visit is counted over sessions; pages and events over their own rows, each visitor once a day on
each of them. Every row carries the value that filters by it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.db.models import F, Q

from apps.core.periods import Period, Span
from apps.tracking import dimensions
from apps.tracking.columns.reading import summed_by
from apps.tracking.dimensions import WHOLE, Over, unknown_of
from apps.tracking.filters import PLACE_SEPARATOR, Filters
from apps.tracking.models import Kind
from apps.tracking.rollups import rollup_rows, span_split, stored_columns, stored_keys
from apps.tracking.selectors import event_all, session_all
from apps.tracking.sums import (
    Part,
    asked_part,
    events_part,
    sessions_scan,
    stored_part,
    stored_whole_part,
    texts_part,
    visitors_part,
    whole_part,
)

from .metrics import Tally, tally_of
from .sources import Summed, summed_beside

PANEL_ROWS = 8
PAGE_ROWS = 100


@dataclass(frozen=True, slots=True)
class Dimension:
    """Something to break visitors down by. `field` is the filter that a pressed row sets."""

    name: str
    label: str
    plural: str
    field: str
    # Rows that have no value at all say nothing here: a visit without a campaign isn't one of an unknown campaign.
    leaves_out_empty: bool = False
    panel: str = ""

    @property
    def counted(self) -> dimensions.Dimension:
        """Return by which columns it is counted, and over which rows."""
        return dimensions.BROKEN_DOWN[self.name]

    @property
    def columns(self) -> tuple[str, ...]:
        return self.counted.columns

    @property
    def column(self) -> str:
        return self.counted.column

    @property
    def over(self) -> Over:
        return self.counted.over


_DIMENSIONS = (
    Dimension("channels", "Channel", "channels", "channel", panel="channels"),
    Dimension("sources", "Source", "sources", "source", panel="channels"),
    Dimension("campaigns", "Campaign", "campaigns", "campaign", leaves_out_empty=True, panel="channels"),
    Dimension("mediums", "Medium", "mediums", "medium", leaves_out_empty=True),
    Dimension("referrers", "Referrer", "referrers", "referrer", leaves_out_empty=True),
    Dimension("pages", "Page", "pages", "page", panel="pages"),
    Dimension("entries", "Entry page", "entry pages", "entry", leaves_out_empty=True, panel="pages"),
    Dimension("exits", "Exit page", "exit pages", "exit", leaves_out_empty=True, panel="pages"),
    Dimension("countries", "Country", "countries", "country", panel="places"),
    Dimension("regions", "Region", "regions", "region", panel="places"),
    Dimension("cities", "City", "cities", "city", panel="places"),
    Dimension("companies", "Company", "companies", "company", leaves_out_empty=True, panel="companies"),
    Dimension("networks", "Network", "kinds of network", "network", panel="companies"),
    Dimension("devices", "Device", "devices", "device", panel="devices"),
    Dimension("browsers", "Browser", "browsers", "browser", panel="devices"),
    Dimension("systems", "System", "systems", "system", panel="devices"),
    Dimension("languages", "Language", "languages", "language", panel="devices"),
    Dimension("events", "Event", "events", "event", leaves_out_empty=True, panel="events"),
)
DIMENSIONS: dict[str, Dimension] = {dimension.name: dimension for dimension in _DIMENSIONS}


# Parts of rows, parts of wholes, and the stretches that are to be read raw.
_Kept = tuple[list[Part], list[Part], Sequence[Span]]


class Sort(StrEnum):
    """By what a table is sorted, most first; the name from A."""

    VISITORS = "visitors"
    VISITS = "visits"
    COUNT = "count"
    NAME = "name"


@dataclass(frozen=True, slots=True)
class Row:
    """One value of a dimension. `count` is page views or events, where the dimension is counted over those."""

    values: tuple[Any, ...]
    tally: Tally
    count: int
    ratio: float  # of all visitors of the period
    bar: float  # 0-100, of the longest bar

    @property
    def value(self) -> Any:
        return self.values[-1]

    @property
    def key(self) -> str:
        """Return the value as a filter names it; empty for unknown."""
        texts = ["" if value is None else str(value) for value in self.values]
        return PLACE_SEPARATOR.join(texts) if len(texts) > 1 and any(texts) else texts[-1]


@dataclass(frozen=True, slots=True)
class Breakdown:
    """Rows of a dimension, how many there are in all, and the share about which nothing is known."""

    dimension: Dimension
    rows: Sequence[Row]
    found: int
    visitors: int
    unknown_ratio: float
    offset: int = 0

    @property
    def has_more(self) -> bool:
        return self.offset + len(self.rows) < self.found


@dataclass(frozen=True, slots=True)
class Asked:
    """What of a breakdown is asked for."""

    search: str = ""
    sort: Sort = Sort.VISITORS
    limit: int | None = PANEL_ROWS
    offset: int = 0
    # Chosen by name where the name isn't in the column: companies, countries.
    search_keys: Sequence[Any] | None = None
    without_keys: Sequence[Any] = ()


def breakdown(*, site_id: int, period: Period, filters: Filters, dimension: Dimension, asked: Asked) -> Breakdown:
    """Return a period's visitors by `dimension`, most first.

    Two queries: which days have rollups, and the rest; with filters three to six.
    """
    found, whole = _read(site_id, period.span, filters, dimension, asked)
    visitors, unknown = whole
    tallies = [(values, tally_of(sums)) for values, sums, _ in found]
    most = max((tally.visitors for _, tally in tallies), default=0)
    return Breakdown(
        dimension=dimension,
        rows=[
            Row(values, tally, tally.pageviews, _share(tally.visitors, visitors), 100 * _share(tally.visitors, most))
            for values, tally in tallies
        ],
        found=found[0][2] if found else 0,
        visitors=visitors,
        unknown_ratio=_share(unknown, visitors),
        offset=asked.offset,
    )


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


# --- reading ----------------------------------------------------------------------------------------------------------


def _read(
    site_id: int, span: Span, filters: Filters, dimension: Dimension, asked: Asked
) -> tuple[list[Summed], tuple[int, int]]:
    """Return the rows, and (all visitors, those of unknown value). Raw visits are gone through once."""
    kept = _from_columns if filters else _from_rollups
    parts, wholes, raw = kept(site_id, span, filters, dimension, asked)
    scans: dict[str, Part] = {}
    for number, days in enumerate(raw):
        name = f"scan_{number}"
        scans[name] = _scan(site_id, days, filters, dimension, asked)
        wholes.append(whole_part(scans[name], name=name))
        if dimension.over is Over.SESSIONS:
            parts.append(asked_part(scans[name], len(dimension.columns), name=name))
        else:
            parts.append(_events_part(site_id, days, filters, dimension, asked))
    return summed_beside(
        parts,
        wholes,
        len(dimension.columns),
        scans=scans,
        order=_order(dimension, asked),
        limit=asked.limit,
        offset=asked.offset,
    )


def _from_rollups(site_id: int, span: Span, filters: Filters, dimension: Dimension, asked: Asked) -> _Kept:
    """Return sums and wholes of the days whose rollups hold, and the other stretches. One query."""
    split = span_split(site_id=site_id, span=span)
    parts = [_stored_part(site_id, days, dimension, asked) for days in split.kept]
    return parts, [_stored_whole(site_id, days, dimension) for days in split.kept], split.raw


def _from_columns(site_id: int, span: Span, filters: Filters, dimension: Dimension, asked: Asked) -> _Kept:
    """Return the same of filtered days. Two to five queries."""
    found = summed_by(site_id=site_id, span=span, filters=filters, dimension=dimension.counted)
    part = texts_part(
        [text.decode().split("\0") for text in found.totals.texts()],
        found.totals.columns(),
        search=asked.search if asked.search_keys is None else "",
        among=None if asked.search_keys is None else [str(key) for key in asked.search_keys],
        without=[str(key) for key in asked.without_keys],
        leaves_out_empty=dimension.leaves_out_empty,
        are_numbers=dimension.column == "company_id",
    )
    return [part], [visitors_part(found.visitors, found.unknown)], found.raw


def _scan(site_id: int, days: Span, filters: Filters, dimension: Dimension, asked: Asked) -> Part:
    sessions = session_all(site_id=site_id, since=days.start, until=days.end, filters=filters)
    if dimension.over is not Over.SESSIONS:
        return sessions_scan(sessions)
    unknown = _is_unknown(dimension)
    wanted = _searched(dimension.columns, asked)
    if dimension.leaves_out_empty:
        wanted &= ~unknown
    return sessions_scan(sessions, *map(F, dimension.columns), asked=wanted, unknown=unknown)


def _is_unknown(dimension: Dimension) -> Q:
    if dimension.counted.unknown is None:
        return Q(**{f"{dimension.column}__isnull": True})
    return Q(**{dimension.column: dimension.counted.unknown})


def _stored_whole(site_id: int, days: Span, dimension: Dimension) -> Part:
    unknown = [unknown_of(dimension.counted)] if dimension.over is Over.SESSIONS else []
    rows = rollup_rows(site_id=site_id, dimensions=[WHOLE, *unknown], days=days)
    return stored_whole_part(rows, Q(dimension=WHOLE.code), Q(value=dimension.counted.unknown or ""))


def _stored_part(site_id: int, days: Span, dimension: Dimension, asked: Asked) -> Part:
    rows = rollup_rows(site_id=site_id, dimensions=[dimension.counted], days=days)
    rows = rows.filter(_searched(stored_columns(dimension.counted), asked))
    if dimension.leaves_out_empty:
        rows = rows.exclude(value=dimension.counted.unknown or "")
    return stored_part(rows, *stored_keys(dimension.counted))


def _events_part(site_id: int, days: Span, filters: Filters, dimension: Dimension, asked: Asked) -> Part:
    kind = Kind.PAGEVIEW if dimension.over is Over.PAGEVIEWS else Kind.EVENT
    events = event_all(site_id=site_id, since=days.start, until=days.end, kind=kind, filters=filters)
    events = events.filter(_searched(dimension.columns, asked))
    if dimension.leaves_out_empty:
        events = events.exclude(**{dimension.column: ""})
    return events_part(events, days.zone, *map(F, dimension.columns))


def _searched(columns: Sequence[str], asked: Asked) -> Q:
    """Return the condition of a search; a percent sign or an underscore in it means itself."""
    left = ~Q(**{f"{columns[-1]}__in": list(asked.without_keys)}) if asked.without_keys else Q()
    if asked.search_keys is not None:
        return left & Q(**{f"{columns[-1]}__in": list(asked.search_keys)})
    if not asked.search:
        return left
    met = Q()
    for column in columns:
        met |= Q(**{f"{column}__icontains": asked.search})
    return left & met


def _order(dimension: Dimension, asked: Asked) -> str:
    """Return the order of rows, most first; what is equal by its name."""
    counted_over_visits = dimension.over is Over.SESSIONS
    visitors = ["visitors DESC", "visits DESC"] if counted_over_visits else ["visitors DESC", "count DESC"]
    orders = {
        Sort.VISITORS: visitors,
        Sort.VISITS: ["visits DESC", "visitors DESC"] if counted_over_visits else visitors,
        Sort.COUNT: visitors if counted_over_visits else ["count DESC"],
        Sort.NAME: [],
    }
    names = [f"key_{number}" for number in reversed(range(len(dimension.columns)))]
    return ", ".join([*orders[asked.sort], *names])
