"""What a world map shows: countries in four shades, visitors as discs that don't cover each other. Pure: no queries."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import hypot, sqrt

from .projection import project

SHADES = 4
# Units of the map (1,000 wide). Places nearer to each other than this are drawn as one disc.
CLUSTER_RADIUS = 11.0


@dataclass(frozen=True, slots=True)
class Place:
    """Somewhere on the map: `count` visitors; `label` in words for readers and tooltips."""

    longitude: float
    latitude: float
    count: int = 1
    label: str = ""


@dataclass(frozen=True, slots=True)
class Dot:
    """A disc in units of the map's view box."""

    x: float
    y: float
    radius: float
    halo: float
    count: int
    label: str


def shades(values: Mapping[str, float]) -> dict[str, int]:
    """Return the shade, 1 (light) to 4 (dark), of each code with a value above 0.

    By the square root of its share of the largest: the first country would drown all others on a straight scale.
    """
    largest = max(values.values(), default=0)
    if largest <= 0:
        return {}
    return {code: min(SHADES, int(sqrt(value / largest) * SHADES) + 1) for code, value in values.items() if value > 0}


def dots(places: Iterable[Place], *, radius: float = CLUSTER_RADIUS) -> list[Dot]:
    """Return one disc for places that lie close together, the smallest last, so that none is hidden by a larger one."""
    clusters: list[tuple[float, float, int, list[str]]] = []
    for place in sorted(places, key=lambda place: (-place.count, place.label)):
        x, y = project(place.longitude, place.latitude)
        for index, (cx, cy, count, labels) in enumerate(clusters):
            if hypot(cx - x, cy - y) < radius:
                clusters[index] = (cx, cy, count + place.count, [*labels, place.label])
                break
        else:
            clusters.append((x, y, place.count, [place.label]))
    found = [_dot(x, y, count, labels) for x, y, count, labels in clusters]
    return sorted(found, key=lambda dot: -dot.radius)


def _dot(x: float, y: float, count: int, labels: list[str]) -> Dot:
    radius = 2.6 + 1.7 * sqrt(count)
    names = list(dict.fromkeys(label for label in labels if label))
    words = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    return Dot(round(x, 1), round(y, 1), round(radius, 1), round(radius + 4, 1), count, words)
