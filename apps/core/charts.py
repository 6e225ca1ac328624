"""What a chart needs, worked out once: for the drawing of the server, for the script that takes over, for the table.

Pure: no queries, no clock. Periods and buckets come from `periods`; static/js/chart.js reads `LineChart.data`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from . import axes, changes
from .axes import Label, Scale, Unit, say
from .changes import Change, Kind
from .periods import Bucket, Granularity, Span


@dataclass(frozen=True, slots=True)
class ChartRow:
    label: str
    current: str
    previous_label: str
    previous: str
    change: Change
    note: str = ""
    others: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Mark:
    """What happened in a bucket: `label`, if any, is written at its point, `text` stands beside the cursor."""

    index: int
    text: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class Dot:
    """A marked point of the line, in percent of the plot, y down; `anchor` of its label."""

    x: float
    y: float
    label: str
    anchor: str


@dataclass(frozen=True, slots=True)
class LineChart:
    """`data` goes through json_script; paths are in a box of 100 x 100, y down; so are the labels of the two axes.

    `others`: names and paths of the lines beside.
    """

    name: str
    summary: str
    data: dict[str, Any]
    current_path: str
    area_path: str
    partial_path: str
    previous_path: str
    has_previous: bool
    values: list[Label]
    dates: list[Label]
    rows: list[ChartRow]
    dots: list[Dot]
    bands: list[tuple[str, float, float]]  # a zone's name, where its upper end is, and how high it is, in percent
    others: list[tuple[str, str]]

    @property
    def has_notes(self) -> bool:
        return any(row.note for row in self.rows)


@dataclass(frozen=True, slots=True)
class Series:
    """Values of the buckets of one span, None where there is nothing to say yet."""

    span: Span
    buckets: Sequence[Bucket]
    values: Sequence[float | None]


def line_chart(
    *,
    name: str,
    unit: Unit,
    granularity: Granularity,
    current: Series,
    previous: Series | None,
    now: datetime,
    zoom_url: str = "",
    marks: Sequence[Mark] = (),
    scale: Scale | None = None,
    others: Mapping[str, Sequence[float | None]] | None = None,
) -> LineChart:
    """Return the chart of one metric over a period, and of the period before, matched by index.

    `marks`: what happened in which bucket. `scale`: the values' axis where it doesn't follow from them. `others`: what
    is drawn beside, by name: thin lines by the same buckets in the same unit, on an axis that doesn't follow from them.
    `now`: aware; the bucket it falls into is drawn dashed, those after it not at all. `zoom_url` holds `{from}` and
    `{to}`, which the script fills with the days of the stretch that was dragged over; empty: no closer look.
    """
    zone, shown = current.span.zone, _until(current, now)
    before = _before(previous, len(shown)) if previous else []
    axis = scale.axis if scale else axes.axis([value for value in (*shown, *before) if value is not None], unit)
    partial = None if scale else _running(current.buckets, now)
    labels = axes.labels(current.buckets, granularity, zone, now)
    before_labels = axes.labels(previous.buckets, granularity, zone, now) if previous else []
    notes = _notes(marks, len(shown))
    beside = {name: list(values) for name, values in (others or {}).items()}
    rows = _rows(shown, labels, before, before_labels, unit, notes, list(beside.values()))
    ticks = axes.ticks(current.buckets, granularity, zone, now)
    data = _values_data(rows, shown, before) | {
        "name": name,
        "unit": unit.value,
        "ticks": ticks,
        "axis": axis,
        "partial": partial,
        "weekends": [] if scale else axes.weekends(current.buckets, granularity, zone),
        "days": [axes.days(bucket, zone) for bucket in current.buckets],
        "zoom": zoom_url if len(shown) > 1 else "",
    }
    data |= {"notes": notes, "marks": _labelled(marks, shown)} if marks else {}
    data |= _scale_data(scale) if scale else {}
    data |= {"others": [{"name": name, "values": values} for name, values in beside.items()]} if beside else {}
    return LineChart(
        name=name,
        summary=_summary(name, unit, shown, labels),
        data=data,
        current_path=_path(shown[:partial], len(shown), axis[-1]),
        area_path=_area(shown[:partial], len(shown), axis[-1]),
        partial_path=_path(_tail(shown, partial), len(shown), axis[-1]),
        previous_path=_path(before, len(shown), axis[-1]),
        has_previous=previous is not None,
        values=axes.value_labels(axis, unit, scale),
        dates=axes.dates(ticks),
        rows=rows,
        dots=_dots(marks, shown, axis[-1]),
        bands=_bands(scale) if scale else [],
        others=[(name, _path(values, len(shown), axis[-1])) for name, values in beside.items()],
    )


# --- values -----------------------------------------------------------------------------------------------------------


def _until(series: Series, now: datetime) -> list[float | None]:
    return [None if bucket.start > now else value for bucket, value in zip(series.buckets, series.values, strict=True)]


def _before(series: Series, count: int) -> list[float | None]:
    """Return as many values of the period before as there are of this one."""
    values = list(series.values)[:count]
    return [*values, *[None] * (count - len(values))]


def _running(buckets: Sequence[Bucket], now: datetime) -> int | None:
    return next((index for index, bucket in enumerate(buckets) if bucket.start <= now < bucket.end), None)


def _tail(values: list[float | None], partial: int | None) -> list[float | None]:
    """Return the values from the last whole bucket to the running one, the others blanked."""
    if partial is None:
        return []
    return [value if partial - 1 <= index <= partial else None for index, value in enumerate(values)]


def _rows(
    shown: list[float | None],
    labels: list[str],
    before: list[float | None],
    before_labels: list[str],
    unit: Unit,
    notes: Sequence[str],
    beside: Sequence[Sequence[float | None]],
) -> list[ChartRow]:
    rows = []
    for index, value in enumerate(shown):
        earlier = before[index] if before else None
        rows.append(
            ChartRow(
                label=labels[index],
                current=say(value, unit),
                previous_label=before_labels[index] if index < len(before_labels) else "",
                previous=say(earlier, unit),
                change=changes.change(value, earlier, kind=Kind(unit.value)),
                note=notes[index],
                others=[say(values[index], unit) for values in beside],
            )
        )
    return rows


def _summary(name: str, unit: Unit, shown: list[float | None], labels: list[str]) -> str:
    """Return the chart in a sentence, for those who can't see it."""
    known = [(value, label) for value, label in zip(shown, labels, strict=True) if value is not None]
    if not known:
        return f"{name}: nothing in this period."
    low, high = min(known, key=lambda pair: pair[0]), max(known, key=lambda pair: pair[0])
    return (
        f"{name}, {known[0][1]} to {known[-1][1]}: "
        f"lowest {say(low[0], unit)} ({low[1]}), highest {say(high[0], unit)} ({high[1]})."
    )


def _notes(marks: Sequence[Mark], count: int) -> list[str]:
    """Return of each bucket what happened in it, in a few words; empty for nothing."""
    return ["; ".join(mark.text for mark in marks if mark.index == index) for index in range(count)]


def _labelled(marks: Sequence[Mark], shown: Sequence[float | None]) -> list[dict[str, Any]]:
    """Return the marked points that have a value, each once, with the last label that was given to it."""
    found: dict[int, str] = {}
    for mark in marks:
        if 0 <= mark.index < len(shown) and shown[mark.index] is not None:
            found[mark.index] = mark.label or found.get(mark.index, "")
    return [{"index": index, "label": label} for index, label in sorted(found.items())]


def _dots(marks: Sequence[Mark], shown: Sequence[float | None], top: float) -> list[Dot]:
    dots = []
    for one in _labelled(marks, shown):
        x = axes.x_of(one["index"], len(shown))
        anchor = "start" if x < 5 else "end" if x > 95 else "middle"
        dots.append(Dot(round(x, 2), round(axes.y_of(shown[one["index"]] or 0, top), 2), one["label"], anchor))
    return dots


def _values_data(
    rows: Sequence[ChartRow], shown: Sequence[float | None], before: Sequence[float | None]
) -> dict[str, Any]:
    return {
        "current": shown,
        "previous": before or None,
        "labels": [row.label for row in rows],
        "previousLabels": [row.previous_label for row in rows] if before else [],
        "changes": [{"text": row.change.text, "tone": row.change.tone} for row in rows],
    }


def _scale_data(scale: Scale) -> dict[str, Any]:
    return {
        "axisTexts": [text for _, text in scale.steps],
        "zones": [{"name": zone.name, "low": zone.low, "high": zone.high} for zone in scale.zones],
    }


def _bands(scale: Scale) -> list[tuple[str, float, float]]:
    top = scale.axis[-1]
    return [(zone.name, axes.y_of(zone.high, top), 100 * (zone.high - zone.low) / top) for zone in scale.zones]


# --- paths ------------------------------------------------------------------------------------------------------------


def _path(values: Sequence[float | None], count: int, top: float) -> str:
    """Return straight segments through the known values; a gap lifts the pen."""
    path, is_down = [], False
    for index, value in enumerate(values):
        if value is None:
            is_down = False
            continue
        path.append(f"{'L' if is_down else 'M'}{axes.x_of(index, count):.2f} {axes.y_of(value, top):.2f}")
        is_down = True
    return "".join(path)


def _area(values: Sequence[float | None], count: int, top: float) -> str:
    known = [(index, value) for index, value in enumerate(values) if value is not None]
    if len(known) < 2:
        return ""
    first, last = axes.x_of(known[0][0], count), axes.x_of(known[-1][0], count)
    line = "L".join(f"{axes.x_of(index, count):.2f} {axes.y_of(value, top):.2f}" for index, value in known)
    return f"M{first:.2f} 100L{line}L{last:.2f} 100Z"
