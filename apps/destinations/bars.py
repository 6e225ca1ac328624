"""The small bars of a destination's spans: one stacked bar a span, as SVG. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from .glance import Span

WIDTH, HEIGHT = 70.0, 20.0
GAP = 2.0
# What is there at all can be seen; an empty span has a line.
LEAST = 1.5


@dataclass(frozen=True, slots=True)
class Bar:
    """A rectangle. `cls`: of what it shows; see `.minibars`."""

    cls: str
    x: float
    y: float
    width: float
    height: float


def bars_of(spans: Sequence[Span]) -> list[Bar]:
    """Return the bars' rectangles in a box of WIDTH x HEIGHT, y down, the tallest span as high as the box."""
    most = max((span.due for span in spans), default=0)
    step = WIDTH / len(spans)
    bars: list[Bar] = []
    for number, span in enumerate(spans):
        x, width = round(number * step, 2), round(step - min(GAP, step / 3), 2)
        if not span.due:
            bars.append(Bar("b0", x, HEIGHT - LEAST, width, LEAST))
            continue
        y = HEIGHT
        for cls, count in (
            ("b", span.arrived),
            ("b-waiting", span.waiting),
            ("b-withheld", span.withheld),
            ("b-failed", span.failed),
        ):
            if count:
                height = round(max(LEAST, (HEIGHT - 4 * LEAST) * count / most), 2)
                y = round(y - height, 2)
                bars.append(Bar(cls, x, y, width, height))
    return bars


def bars_drawn(spans: Sequence[Span]) -> SafeString:
    """Return the bars as SVG's elements. There are too many of them for a template."""
    return format_html_join(
        "",
        '<rect class="{}" x="{}" y="{}" width="{}" height="{}" rx="1"/>',
        ((bar.cls, bar.x, bar.y, bar.width, bar.height) for bar in bars_of(spans)),
    )
