"""What a world map shows: countries in four shades, visitors as discs that don't cover each other, and named diamonds.

Pure: no queries.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from math import hypot, sqrt

from .projection import HEIGHT, WIDTH, project

SHADES = 4
# Units of the map (1,000 wide). Places nearer to each other than this are drawn as one disc.
CLUSTER_RADIUS = 11.0
# Of a diamond with its halo, and of the letters beside it, in the same units.
MARK_SIZE = 11.5
LETTER_WIDTH, LINE_HEIGHT, LEAD_GAP = 8.0, 16.0, 5.0
LONGEST_LABEL = 28
# Where a label may stand, from its mark, the best first.
_LABELS_AT = ((52, -34), (-44, 54), (52, 54), (-44, -34))

_Box = tuple[float, float, float, float]  # left, top, right, bottom


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


@dataclass(frozen=True, slots=True)
class Named:
    """Somewhere on the map that has a name, and a second line below it."""

    longitude: float
    latitude: float
    name: str
    sub: str = ""


@dataclass(frozen=True, slots=True)
class Diamond:
    """A mark in units of the map's view box. Its label begins or ends (`anchor`) at `label_x`; None: no room for it."""

    x: float
    y: float
    name: str
    sub: str
    label_x: float | None = None
    label_y: float = 0
    anchor: str = "start"

    @property
    def lead_x(self) -> float:
        """Where the line from the mark to its label ends."""
        return (self.label_x or 0) + (-LEAD_GAP if self.anchor == "start" else LEAD_GAP)

    @property
    def sub_y(self) -> float:
        return self.label_y + LINE_HEIGHT


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


def diamonds(places: Iterable[Named]) -> list[Diamond]:
    """Return a diamond for each place, with its label where one has room beside all that came before it."""
    found: list[Diamond] = []
    taken: list[_Box] = []
    for place in places:
        x, y = (round(value, 1) for value in project(place.longitude, place.latitude))
        mark = Diamond(x, y, _short(place.name), _short(place.sub))
        taken.append((x - MARK_SIZE, y - MARK_SIZE, x + MARK_SIZE, y + MARK_SIZE))
        for across, down in _LABELS_AT:
            anchor = "start" if across > 0 else "end"
            labelled = replace(mark, label_x=round(x + across, 1), label_y=round(y + down, 1), anchor=anchor)
            box = _label_box(labelled)
            if _is_inside(box) and not any(_meet(box, other) for other in taken):
                mark = labelled
                taken.append(box)
                break
        found.append(mark)
    return found


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_LABEL else f"{text[: LONGEST_LABEL - 1]}…"


def _label_box(mark: Diamond) -> _Box:
    width = LETTER_WIDTH * max(len(mark.name), len(mark.sub))
    x = mark.label_x or 0
    left = x if mark.anchor == "start" else x - width
    return (left, mark.label_y - LINE_HEIGHT, left + width, mark.sub_y + LINE_HEIGHT / 3)


def _is_inside(box: _Box) -> bool:
    return box[0] >= 0 and box[1] >= 0 and box[2] <= WIDTH and box[3] <= HEIGHT


def _meet(one: _Box, other: _Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _dot(x: float, y: float, count: int, labels: list[str]) -> Dot:
    radius = 2.6 + 1.7 * sqrt(count)
    names = list(dict.fromkeys(label for label in labels if label))
    words = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    return Dot(round(x, 1), round(y, 1), round(radius, 1), round(radius + 4, 1), count, words)
