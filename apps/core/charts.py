"""What a chart needs, worked out once: for the drawing of the server, for the script that takes over, for the table.

Pure: no queries, no clock. Periods and buckets come from `periods`; static/js/chart.js reads `LineChart.data`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum
from math import floor, log10
from typing import Any

from . import changes, formats
from .changes import Change, Kind
from .periods import Bucket, Granularity, Span

# At most so many grid lines above zero.
STEPS = 4
# So many dates fit under the chart of a phone; the script, which knows the width, writes more.
DATES = 5
_SATURDAY = 5
MONTHS_WITHOUT_YEAR = 13
_SECOND = timedelta(seconds=1)
_NICE = (1, 1.5, 2, 2.5, 3, 4, 5, 7.5, 10)
_NICE_SECONDS = (1, 5, 10, 15, 30, 60, 120, 180, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400)


class Unit(StrEnum):
    """How a chart's values are said. RATIO: 0-1. DURATION: seconds."""

    COUNT = "count"
    RATIO = "ratio"
    DURATION = "duration"
    VALUE = "value"


@dataclass(frozen=True, slots=True)
class ChartRow:
    label: str
    current: str
    previous_label: str
    previous: str
    change: Change
    note: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """What happened in a bucket: `label`, if any, is written at its point, `text` stands beside the cursor."""

    index: int
    text: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class Zone:
    """A stretch of values that has a name, such as from 70 on hot. `name` is its colour's: hot, warm."""

    name: str
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Scale:
    """An axis that is always the same: the grid's values with their words, from zero to the top, and zones.

    For what is so at a moment rather than adds up over a day: so the running bucket is no less whole than the others.
    """

    steps: Sequence[tuple[float, str]]
    zones: Sequence[Zone] = ()

    @property
    def axis(self) -> list[float]:
        return [0.0, *(value for value, _ in self.steps)]


@dataclass(frozen=True, slots=True)
class Dot:
    """A marked point of the line, in percent of the plot, y down; `anchor` of its label."""

    x: float
    y: float
    label: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Label:
    """A text of an axis: `at` in percent of its length, `anchor` start, middle or end."""

    at: float
    text: str
    anchor: str = "middle"


@dataclass(frozen=True, slots=True)
class LineChart:
    """`data` goes through json_script; paths are in a box of 100 x 100, y down; so are the labels of the two axes."""

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

    @property
    def has_notes(self) -> bool:
        return any(row.note for row in self.rows)


@dataclass(frozen=True, slots=True)
class Series:
    """Values of the buckets of one span, None where there is nothing to say yet."""

    span: Span
    buckets: Sequence[Bucket]
    values: Sequence[float | None]


@dataclass(frozen=True, slots=True)
class Spark:
    """Paths of a sparkline in a box of 112 x 28; `end` is its last point."""

    past: str
    now: str
    fill: str
    end: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Column:
    x: float
    y: float
    width: float
    height: float


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
) -> LineChart:
    """Return the chart of one metric over a period, and of the period before, matched by index.

    `marks`: what happened in which bucket. `scale`: the values' axis where it doesn't follow from them.

    `now`: aware; the bucket it falls into is drawn dashed, those after it not at all. `zoom_url` holds `{from}` and
    `{to}`, which the script fills with the days of the stretch that was dragged over; empty: no closer look.
    """
    zone, shown = current.span.zone, _until(current, now)
    before = list(previous.values)[: len(shown)] if previous else []
    before += [None] * (len(shown) - len(before)) if previous else []
    axis = scale.axis if scale else _axis([value for value in (*shown, *before) if value is not None], unit)
    partial = None if scale else _running(current.buckets, now)
    labels = _labels(current.buckets, granularity, zone, now)
    before_labels = _labels(previous.buckets, granularity, zone, now) if previous else []
    before_labels += [""] * (len(shown) - len(before_labels)) if previous else []
    notes = _notes(marks, len(shown))
    rows = _rows(shown, labels, before, before_labels, unit, notes)
    ticks = _ticks(current.buckets, granularity, zone, now)
    data: dict[str, Any] = {
        "name": name,
        "unit": unit.value,
        "current": shown,
        "previous": before or None,
        "labels": labels,
        "previousLabels": before_labels,
        "ticks": ticks,
        "changes": [{"text": row.change.text, "tone": row.change.tone} for row in rows],
        "axis": axis,
        "partial": partial,
        "weekends": [] if scale else _weekends(current.buckets, granularity, zone),
        "days": [_days(bucket, zone) for bucket in current.buckets],
        "zoom": zoom_url if len(shown) > 1 else "",
    }
    if marks:
        data["notes"] = notes
        data["marks"] = _labelled(marks, shown)
    if scale:
        data["axisTexts"] = [text for _, text in scale.steps]
        data["zones"] = [{"name": zone.name, "low": zone.low, "high": zone.high} for zone in scale.zones]
    solid = shown if partial is None else shown[:partial]
    return LineChart(
        name=name,
        summary=_summary(name, unit, shown, labels),
        data=data,
        current_path=_path(solid, len(shown), axis[-1]),
        area_path=_area(solid, len(shown), axis[-1]),
        partial_path=_path(_tail(shown, partial), len(shown), axis[-1]),
        previous_path=_path(before, len(shown), axis[-1]),
        has_previous=previous is not None,
        values=_values(axis, unit, scale),
        dates=_dates(ticks),
        rows=rows,
        dots=_dots(marks, shown, axis[-1]),
        bands=[
            (zone.name, _y(zone.high, axis[-1]), 100 * (zone.high - zone.low) / axis[-1])
            for zone in (scale.zones if scale else ())
        ],
    )


def spark(values: Sequence[float], *, last: int = 7, width: float = 112, height: float = 28) -> Spark | None:
    """Return a sparkline's paths, the `last` values apart, or None with fewer than two values.

    Not from zero: it shows the shape, the figure stands beside it.
    """
    if len(values) < 2:
        return None
    low, high = min(values), max(values)
    reach = (high - low) or 1
    floor = height - 4 if high > low else height / 2
    points = [
        (1 + index * (width - 4) / (len(values) - 1), floor - (value - low) / reach * (height - 8))
        for index, value in enumerate(values)
    ]
    cut = max(0, len(points) - last - 1)
    recent = points[cut:]
    fill = f"{_polyline(recent)}L{recent[-1][0]:.1f} {height}L{recent[0][0]:.1f} {height}Z"
    return Spark(_polyline(points[: cut + 1]) if cut else "", _polyline(recent), fill, _point(recent[-1]))


def columns(values: Sequence[float], *, width: float = 304, height: float = 66, gap: float = 2) -> list[Column]:
    """Return a column for each value, standing on y = `height`; zero keeps a hair, so that time has no holes."""
    if not values:
        return []
    step = (width + gap) / len(values)
    largest = max(values) or 1
    heights = [max(1.0, value / largest * (height - 8)) for value in values]
    return [
        Column(round(index * step, 1), round(height - tall, 1), round(step - gap, 1), round(tall, 1))
        for index, tall in enumerate(heights)
    ]


def say(value: float | None, unit: Unit) -> str:
    """Return a value in full, as tables and tooltips have it."""
    match unit:
        case Unit.RATIO:
            return formats.percent(value)
        case Unit.DURATION:
            return formats.duration(value)
        case Unit.VALUE:
            return formats.number(value, 2)
        case Unit.COUNT:
            return formats.number(value)


def _say_short(value: float, unit: Unit) -> str:
    if unit is Unit.RATIO:
        return formats.percent(value, 0 if (value * 100).is_integer() else 1)
    if unit is Unit.DURATION:
        return formats.duration(value).removesuffix(" 00s").removesuffix(" 00m")
    return formats.short_number(value)


# --- values -----------------------------------------------------------------------------------------------------------


def _until(series: Series, now: datetime) -> list[float | None]:
    return [None if bucket.start > now else value for bucket, value in zip(series.buckets, series.values, strict=True)]


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
) -> list[ChartRow]:
    rows = []
    for index, value in enumerate(shown):
        earlier = before[index] if before else None
        rows.append(
            ChartRow(
                label=labels[index],
                current=say(value, unit),
                previous_label=before_labels[index] if before_labels else "",
                previous=say(earlier, unit),
                change=changes.change(value, earlier, kind=Kind(unit.value)),
                note=notes[index],
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
        x = _x(one["index"], len(shown))
        anchor = "start" if x < 5 else "end" if x > 95 else "middle"
        dots.append(Dot(round(x, 2), round(_y(shown[one["index"]] or 0, top), 2), one["label"], anchor))
    return dots


# --- axis and labels --------------------------------------------------------------------------------------------------


def _axis(values: Sequence[float], unit: Unit) -> list[float]:
    """Return the grid's values from 0 up to one at or above the largest: few, and round."""
    largest = max(values, default=0)
    if unit is Unit.RATIO:
        step = next(step for step in (0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.5, 1) if step * STEPS >= largest)
    elif unit is Unit.DURATION:
        step = next((step for step in _NICE_SECONDS if step * STEPS >= largest), largest / STEPS)
    else:
        step = _nice_step(largest / STEPS, whole=unit is Unit.COUNT)
    count = max(1, min(STEPS, -int(-largest // step)))
    return [round(step * index, 6) for index in range(count + 1)]


def _values(axis: Sequence[float], unit: Unit, scale: Scale | None) -> list[Label]:
    texts = [text for _, text in scale.steps] if scale else [_say_short(value, unit) for value in axis[1:]]
    return [Label(round(_y(value, axis[-1]), 2), text) for value, text in zip(axis[1:], texts, strict=True)]


def _nice_step(least: float, *, whole: bool) -> float:
    if least <= 0:
        return 1
    power = 10.0 ** floor(log10(least))
    while True:
        for factor in _NICE:
            step = factor * power
            if step >= least and (not whole or step.is_integer()):
                return step
        power *= 10


def _labels(buckets: Sequence[Bucket], granularity: Granularity, zone: tzinfo, now: datetime) -> list[str]:
    def label(bucket: Bucket) -> str:
        match granularity:
            case Granularity.HOUR:
                local = bucket.start.astimezone(zone)
                return f"{formats.weekday(bucket.start, zone=zone, now=now)}, {local:%H:%M}"
            case Granularity.DAY:
                return formats.weekday(bucket.start, zone=zone, now=now)
            case Granularity.WEEK:
                last = bucket.end - _SECOND
                return f"{formats.day(bucket.start, zone=zone, now=now)} – {formats.day(last, zone=zone, now=now)}"
            case Granularity.MONTH:
                return f"{bucket.start.astimezone(zone):%B %Y}"

    return [label(bucket) for bucket in buckets]


def _ticks(buckets: Sequence[Bucket], granularity: Granularity, zone: tzinfo, now: datetime) -> list[str]:
    is_one_day = bool(buckets) and buckets[-1].end - buckets[0].start <= timedelta(hours=25)

    def tick(bucket: Bucket) -> str:
        local = bucket.start.astimezone(zone)
        if granularity is Granularity.HOUR and is_one_day:
            return f"{local:%H:%M}"
        if granularity is Granularity.MONTH:
            # Over many years only some ticks are drawn, and the Januaries may not be among them.
            names_year = len(buckets) > MONTHS_WITHOUT_YEAR or local.month == 1 or bucket is buckets[0]
            return f"{local:%b %Y}" if names_year else f"{local:%b}"
        return formats.day(bucket.start, zone=zone, now=now)

    return [tick(bucket) for bucket in buckets]


def _dates(ticks: Sequence[str]) -> list[Label]:
    every = -(-len(ticks) // DATES)
    labels = []
    for index in range(0, len(ticks), max(1, every)):
        at = _x(index, len(ticks))
        labels.append(Label(round(at, 2), ticks[index], "start" if at < 5 else "end" if at > 95 else "middle"))
    return labels


def _weekends(buckets: Sequence[Bucket], granularity: Granularity, zone: tzinfo) -> list[int]:
    if granularity is not Granularity.DAY:
        return []
    return [index for index, bucket in enumerate(buckets) if bucket.start.astimezone(zone).weekday() >= _SATURDAY]


def _days(bucket: Bucket, zone: tzinfo) -> tuple[str, str]:
    return (
        bucket.start.astimezone(zone).date().isoformat(),
        (bucket.end - _SECOND).astimezone(zone).date().isoformat(),
    )


# --- paths ------------------------------------------------------------------------------------------------------------


def _path(values: Sequence[float | None], count: int, top: float) -> str:
    """Return straight segments through the known values; a gap lifts the pen."""
    path, is_down = [], False
    for index, value in enumerate(values):
        if value is None:
            is_down = False
            continue
        path.append(f"{'L' if is_down else 'M'}{_x(index, count):.2f} {_y(value, top):.2f}")
        is_down = True
    return "".join(path)


def _area(values: Sequence[float | None], count: int, top: float) -> str:
    known = [(index, value) for index, value in enumerate(values) if value is not None]
    if len(known) < 2:
        return ""
    first, last = _x(known[0][0], count), _x(known[-1][0], count)
    line = "L".join(f"{_x(index, count):.2f} {_y(value, top):.2f}" for index, value in known)
    return f"M{first:.2f} 100L{line}L{last:.2f} 100Z"


def _x(index: int, count: int) -> float:
    return 100 * index / (count - 1) if count > 1 else 50.0


def _y(value: float, top: float) -> float:
    return 100 - 100 * value / top if top else 100.0


def _polyline(points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)


def _point(point: tuple[float, float]) -> tuple[float, float]:
    return round(point[0], 1), round(point[1], 1)
