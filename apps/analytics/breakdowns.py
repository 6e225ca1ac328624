"""Breakdowns: a period's visitors by what they have in common. One table of dimensions, two ways to count.

What is constant for a visit is counted over sessions; pages and events over their own rows, each visitor once a day on
each of them. Every row carries the value that filters by it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.db import connection
from django.db.models import Count, Q, QuerySet, Sum, Window
from django.db.models.functions import TruncDate

from apps.core.periods import Period
from apps.tracking.filters import FIELDS, PLACE_SEPARATOR, Filters
from apps.tracking.models import Event, Kind, Session
from apps.tracking.selectors import event_all, session_all

from .metrics import Tally, session_sums, tally_of, visitors_sum

PANEL_ROWS = 8
PAGE_ROWS = 100


class Over(StrEnum):
    """Which rows a dimension is counted over."""

    SESSIONS = "sessions"
    PAGEVIEWS = "pageviews"
    EVENTS = "events"


@dataclass(frozen=True, slots=True)
class Dimension:
    """Something to break visitors down by. `field` is the filter that a pressed row sets."""

    name: str
    label: str
    plural: str
    columns: tuple[str, ...]
    field: str
    over: Over = Over.SESSIONS
    # Rows that have no value at all say nothing here: a visit without a campaign isn't one of an unknown campaign.
    leaves_out_empty: bool = False
    panel: str = ""

    @property
    def column(self) -> str:
        return self.columns[-1]


_DIMENSIONS = (
    Dimension("channels", "Channel", "channels", ("channel",), "channel", panel="channels"),
    Dimension("sources", "Source", "sources", ("source",), "source", panel="channels"),
    Dimension("campaigns", "Campaign", "campaigns", ("campaign",), "campaign", leaves_out_empty=True, panel="channels"),
    Dimension("mediums", "Medium", "mediums", ("medium",), "medium", leaves_out_empty=True),
    Dimension("referrers", "Referrer", "referrers", ("referrer_host",), "referrer", leaves_out_empty=True),
    Dimension("pages", "Page", "pages", ("path",), "page", Over.PAGEVIEWS, panel="pages"),
    Dimension("entries", "Entry page", "entry pages", ("entry_path",), "entry", leaves_out_empty=True, panel="pages"),
    Dimension("exits", "Exit page", "exit pages", ("exit_path",), "exit", leaves_out_empty=True, panel="pages"),
    Dimension("countries", "Country", "countries", ("country",), "country", panel="places"),
    Dimension("regions", "Region", "regions", ("country", "region"), "region", panel="places"),
    Dimension("cities", "City", "cities", ("country", "region", "city"), "city", panel="places"),
    Dimension(
        "companies", "Company", "companies", ("company_id",), "company", leaves_out_empty=True, panel="companies"
    ),
    Dimension("networks", "Network", "kinds of network", ("network_kind",), "network", panel="companies"),
    Dimension("devices", "Device", "devices", ("device",), "device", panel="devices"),
    Dimension("browsers", "Browser", "browsers", ("browser",), "browser", panel="devices"),
    Dimension("systems", "System", "systems", ("system",), "system", panel="devices"),
    Dimension("languages", "Language", "languages", ("language",), "language", panel="devices"),
    Dimension("events", "Event", "events", ("name",), "event", Over.EVENTS, leaves_out_empty=True, panel="events"),
)
DIMENSIONS: dict[str, Dimension] = {dimension.name: dimension for dimension in _DIMENSIONS}


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


def breakdown(*, site_id: int, period: Period, filters: Filters, dimension: Dimension, asked: Asked) -> Breakdown:
    """Return a period's visitors by `dimension`, most first. Two queries: the rows, and all visitors."""
    span = period.span
    sessions = session_all(site_id=site_id, since=span.start, until=span.end, filters=filters)
    unknown = _is_unknown(dimension) if dimension.over is Over.SESSIONS else Q(pk__in=[])
    whole = sessions.aggregate(visitors=visitors_sum(), unknown=visitors_sum(unknown))
    if dimension.over is Over.SESSIONS:
        rows, found = _by_session(sessions, dimension, asked)
    else:
        kind = Kind.PAGEVIEW if dimension.over is Over.PAGEVIEWS else Kind.EVENT
        events = event_all(site_id=site_id, since=span.start, until=span.end, kind=kind, filters=filters)
        rows, found = _by_event(events, dimension, asked, period)
    visitors = whole["visitors"]
    most = max((tally.visitors for _, tally, _ in rows), default=0)
    return Breakdown(
        dimension=dimension,
        rows=[
            Row(values, tally, count, _share(tally.visitors, visitors), 100 * _share(tally.visitors, most))
            for values, tally, count in rows
        ],
        found=found,
        visitors=visitors,
        unknown_ratio=_share(whole["unknown"], visitors),
        offset=asked.offset,
    )


_Rows = list[tuple[tuple[Any, ...], Tally, int]]


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _is_unknown(dimension: Dimension) -> Q:
    if dimension.column == "company_id":
        return Q(company_id__isnull=True)
    return Q(**{dimension.column: FIELDS[dimension.field].unknown})


def _searched(dimension: Dimension, asked: Asked) -> Q:
    """Return the condition of a search; a percent sign or an underscore in it means itself."""
    if asked.search_keys is not None:
        return Q(**{f"{dimension.column}__in": list(asked.search_keys)})
    if not asked.search:
        return Q()
    met = Q()
    for column in dimension.columns:
        met |= Q(**{f"{column}__icontains": asked.search})
    return met


def _by_session(sessions: QuerySet[Session], dimension: Dimension, asked: Asked) -> tuple[_Rows, int]:
    chosen = sessions.filter(_searched(dimension, asked))
    if dimension.leaves_out_empty:
        chosen = chosen.exclude(_is_unknown(dimension))
    order = {
        Sort.VISITORS: ["-visitors", "-visits"],
        Sort.COUNT: ["-visitors", "-visits"],
        Sort.VISITS: ["-visits", "-visitors"],
        Sort.NAME: [],
    }[asked.sort]
    grouped = (
        chosen.values(*dimension.columns)
        .annotate(**session_sums(), found=Window(Count("*")))
        .order_by(*order, *reversed(dimension.columns))
    )
    found = list(grouped[asked.offset : _end(asked)])
    rows = [(tuple(row[column] for column in dimension.columns), tally_of(row), 0) for row in found]
    return rows, found[0]["found"] if found else 0


def _end(asked: Asked) -> int | None:
    return None if asked.limit is None else asked.offset + asked.limit


_BY_EVENT = """
SELECT {column}, count(*) AS visitors, sum(n) AS n, sum(engaged_ms) AS engaged_ms, count(*) OVER () AS found
FROM ({visitor_days}) AS visitor_day
GROUP BY {column}
ORDER BY {order}
LIMIT %s OFFSET %s
"""


def _by_event(events: QuerySet[Event], dimension: Dimension, asked: Asked, period: Period) -> tuple[_Rows, int]:
    """Count visitors of each page or event in two steps: first a visitor's day, then those. A DISTINCT would sort."""
    chosen = events.filter(_searched(dimension, asked))
    if dimension.leaves_out_empty:
        chosen = chosen.exclude(**{dimension.column: ""})
    visitor_days = (
        chosen.annotate(day=TruncDate("occurred_at", tzinfo=period.zone))
        .values(dimension.column, "day", "visitor_id")
        .annotate(n=Count("pk"), engaged_ms=Sum("engaged_ms"))
        .order_by()
    )
    inner, params = visitor_days.query.sql_with_params()
    orders = {Sort.NAME: "{0}", Sort.COUNT: "n DESC, {0}", Sort.VISITORS: "visitors DESC, n DESC, {0}"}
    column = connection.ops.quote_name(dimension.column)
    order = orders.get(asked.sort, orders[Sort.VISITORS]).format(column)
    query = _BY_EVENT.format(column=column, order=order, visitor_days=inner)
    with connection.cursor() as cursor:
        cursor.execute(query, [*params, asked.limit, asked.offset])
        found = cursor.fetchall()
    rows: _Rows = [
        ((value,), Tally(visitors=visitors, pageviews=int(n), engaged_ms=int(engaged_ms)), int(n))
        for value, visitors, n, engaged_ms, _ in found
    ]
    return rows, found[0][-1] if found else 0
