"""The axes of a chart: the grid of its values and its dates, how they are said, where they stand. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum
from math import floor, log10

from . import formats
from .periods import Bucket, Granularity

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
class Label:
    """A text of an axis: `at` in percent of its length, `anchor` start, middle or end."""

    at: float
    text: str
    anchor: str = "middle"


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


def axis(values: Sequence[float], unit: Unit) -> list[float]:
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


def value_labels(axis: Sequence[float], unit: Unit, scale: Scale | None) -> list[Label]:
    texts = [text for _, text in scale.steps] if scale else [_say_short(value, unit) for value in axis[1:]]
    return [Label(round(y_of(value, axis[-1]), 2), text) for value, text in zip(axis[1:], texts, strict=True)]


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


def labels(buckets: Sequence[Bucket], granularity: Granularity, zone: tzinfo, now: datetime) -> list[str]:
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


def ticks(buckets: Sequence[Bucket], granularity: Granularity, zone: tzinfo, now: datetime) -> list[str]:
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


def dates(ticks: Sequence[str]) -> list[Label]:
    every = -(-len(ticks) // DATES)
    labels = []
    for index in range(0, len(ticks), max(1, every)):
        at = x_of(index, len(ticks))
        labels.append(Label(round(at, 2), ticks[index], "start" if at < 5 else "end" if at > 95 else "middle"))
    return labels


def weekends(buckets: Sequence[Bucket], granularity: Granularity, zone: tzinfo) -> list[int]:
    if granularity is not Granularity.DAY:
        return []
    return [index for index, bucket in enumerate(buckets) if bucket.start.astimezone(zone).weekday() >= _SATURDAY]


def days(bucket: Bucket, zone: tzinfo) -> tuple[str, str]:
    return (
        bucket.start.astimezone(zone).date().isoformat(),
        (bucket.end - _SECOND).astimezone(zone).date().isoformat(),
    )


def x_of(index: int, count: int) -> float:
    return 100 * index / (count - 1) if count > 1 else 50.0


def y_of(value: float, top: float) -> float:
    return 100 - 100 * value / top if top else 100.0
