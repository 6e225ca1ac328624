"""A dimension in full: a table that can be searched, sorted and taken along as CSV. Its columns are defined once."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from apps.core import formats
from apps.core.axes import Unit, say
from apps.core.downloads import Cell
from apps.tracking.dimensions import Over

from .breakdowns import PAGE_ROWS, Asked, Breakdown, Dimension, Row, Sort, breakdown
from .metrics import DEFINITIONS, Metric, metric_value
from .panels import PANELS, BarRow, Panel, bar_rows, row_names, search_keys
from .report import Report

EXPORT_ROWS = 50_000
MAX_SEARCH = 100


@dataclass(frozen=True, slots=True)
class Column:
    """A figure of a row: as a number for files, in words for people. `sort`: what the address calls it, if it sorts."""

    label: str
    unit: Unit
    value: Callable[[Row], float | None]
    sort: str = ""


def _metric(metric: Metric, sort: str = "") -> Column:
    definition = DEFINITIONS[metric]
    return Column(definition.label, definition.unit, lambda row: metric_value(metric, row.tally), sort)


def _mean_engaged(row: Row) -> float | None:
    return row.tally.engaged_ms / 1000 / row.count if row.count else None


_VISITORS = _metric(Metric.VISITORS, "visitors")
_SHARE = Column("Share", Unit.RATIO, lambda row: row.ratio)
_COLUMNS: dict[Over, Sequence[Column]] = {
    Over.SESSIONS: (
        _VISITORS,
        _SHARE,
        _metric(Metric.VISITS, "visits"),
        _metric(Metric.VIEWS_PER_VISIT),
        _metric(Metric.BOUNCE_RATE),
        _metric(Metric.DURATION),
    ),
    Over.PAGEVIEWS: (
        _VISITORS,
        _SHARE,
        Column("Page views", Unit.COUNT, lambda row: row.count, "count"),
        Column("Engaged, a view", Unit.DURATION, _mean_engaged),
    ),
    Over.EVENTS: (_VISITORS, _SHARE, Column("Events", Unit.COUNT, lambda row: row.count, "count")),
}


@dataclass(frozen=True, slots=True)
class TableRow:
    bar: BarRow
    cells: Sequence[str]


@dataclass(frozen=True, slots=True)
class Table:
    dimension: Dimension
    panel: Panel | None
    columns: Sequence[Column]
    rows: Sequence[TableRow]
    found: int
    visitors: int
    first: int
    last: int
    earlier_url: str | None
    later_url: str | None
    unknown: str


def asked_read(query: Mapping[str, str], dimension: Dimension) -> Asked:
    """Return what an address asks of a table: `q`, `sort`, `page`."""
    search = "".join(letter for letter in query.get("q", "") if letter.isprintable())[:MAX_SEARCH].strip()
    sort = query.get("sort", "").lstrip("-")
    page = query.get("page", "")
    offset = (int(page) - 1) * PAGE_ROWS if page.isascii() and page.isdigit() and 1 < int(page[:6]) < 10_000 else 0
    return Asked(
        search=search,
        sort=Sort(sort) if sort in list(Sort) else Sort.VISITORS,
        limit=PAGE_ROWS,
        offset=offset,
        search_keys=search_keys(dimension, search),
    )


def table(report: Report, dimension: Dimension, asked: Asked) -> Table:
    """Return a page of a dimension's table. Two queries."""
    found = _found(report, dimension, asked)
    columns = _COLUMNS[dimension.over]
    bars = bar_rows(report, found, row_names(found), "")
    page = asked.offset // PAGE_ROWS + 1
    return Table(
        dimension=dimension,
        panel=next((panel for panel in PANELS.values() if panel.name == dimension.panel), None),
        columns=columns,
        rows=[
            TableRow(bar, [_said(column, row) for column in columns]) for bar, row in zip(bars, found.rows, strict=True)
        ],
        found=found.found,
        visitors=found.visitors,
        first=asked.offset + 1 if found.rows else 0,
        last=asked.offset + len(found.rows),
        earlier_url=report.own_url(page=str(page - 1) if page > 2 else None) if page > 1 else None,
        later_url=report.own_url(page=str(page + 1)) if found.has_more else None,
        unknown=formats.share(found.unknown_ratio) if found.unknown_ratio else "",
    )


def table_csv(report: Report, dimension: Dimension, asked: Asked) -> tuple[list[str], Iterator[Sequence[Cell]]]:
    """Return head and lines of a dimension's table, all pages of it, sorted and searched as it is shown."""
    everything = Asked(search=asked.search, sort=asked.sort, limit=EXPORT_ROWS, search_keys=asked.search_keys)
    found = _found(report, dimension, everything)
    names = row_names(found)
    columns = _COLUMNS[dimension.over]
    places = ["Country code"] if "country" in dimension.columns else []
    head = [dimension.label, *places, *(column.label for column in columns)]
    return head, (_line(row, names[row.key], dimension, columns) for row in found.rows)


def _line(row: Row, name: str, dimension: Dimension, columns: Sequence[Column]) -> list[Cell]:
    place = [str(row.values[0] or "")] if "country" in dimension.columns else []
    return [name, *place, *(_number(column.value(row)) for column in columns)]


def _number(value: float | None) -> Cell:
    return round(value, 4) if isinstance(value, float) else value


def _said(column: Column, row: Row) -> str:
    value = column.value(row)
    return formats.share(value) if column is _SHARE else say(value, column.unit)


def _found(report: Report, dimension: Dimension, asked: Asked) -> Breakdown:
    return breakdown(
        site_id=report.site.id, period=report.period, filters=report.filters, dimension=dimension, asked=asked
    )
