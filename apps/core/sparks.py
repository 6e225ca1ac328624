"""Sparklines and columns: small drawings beside a figure, without axes. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass


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


def _polyline(points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)


def _point(point: tuple[float, float]) -> tuple[float, float]:
    return round(point[0], 1), round(point[1], 1)
