"""The metrics: one definition each, used by pages, charts, tables, exports and the portfolio alike.

A `Tally` holds the sums that metrics are made of (apps.tracking.sums says what they are sums of); `metric_value` makes
a metric of it. Meanings follow the product description, "Definitions". Visitors, visits, bounces and durations belong
to the day on which the visit began; page views to their own time.
"""

from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass
from enum import StrEnum
from typing import Any

from apps.core.axes import Unit
from apps.core.changes import Change, Kind, change


class Metric(StrEnum):
    VISITORS = "visitors"
    VISITS = "visits"
    PAGEVIEWS = "pageviews"
    VIEWS_PER_VISIT = "views_per_visit"
    BOUNCE_RATE = "bounce_rate"
    DURATION = "duration"
    ENGAGED = "engaged"


@dataclass(frozen=True, slots=True)
class Definition:
    """How a metric is called and read. `is_better_up`: whether more of it is good news."""

    metric: Metric
    label: str
    unit: Unit
    is_better_up: bool
    meaning: str


_DEFINITIONS = (
    Definition(
        Metric.VISITORS,
        "Visitors",
        Unit.COUNT,
        True,
        "People, each counted once a day of the site's zone",
    ),
    Definition(Metric.VISITS, "Visits", Unit.COUNT, True, "A visit ends after 30 minutes without an event"),
    Definition(Metric.PAGEVIEWS, "Page views", Unit.COUNT, True, "Pages looked at, each time"),
    Definition(Metric.VIEWS_PER_VISIT, "Views per visit", Unit.VALUE, True, "Pages looked at in a visit"),
    Definition(
        Metric.BOUNCE_RATE,
        "Bounce rate",
        Unit.RATIO,
        False,
        "Visits with one page, no interaction and less than 10 s engaged",
    ),
    Definition(
        Metric.DURATION,
        "Visit duration",
        Unit.DURATION,
        True,
        "From the first event to the last, mean",
    ),
    Definition(
        Metric.ENGAGED,
        "Engaged time",
        Unit.DURATION,
        True,
        "Page visible and visitor active, a visit",
    ),
)
DEFINITIONS: dict[Metric, Definition] = {definition.metric: definition for definition in _DEFINITIONS}


@dataclass(frozen=True, slots=True)
class Tally:
    """The sums of some visits; `pageviews` by their own time, `visit_views` those of the visits."""

    visitors: int = 0
    visits: int = 0
    bounces: int = 0
    visit_views: int = 0
    duration_seconds: float = 0.0
    engaged_ms: int = 0
    pageviews: int = 0


def metric_value(metric: Metric, tally: Tally) -> float | None:
    """Return the metric's value; None where it isn't defined, such as a mean over no visit."""
    if metric is Metric.VISITORS:
        return tally.visitors
    if metric is Metric.VISITS:
        return tally.visits
    if metric is Metric.PAGEVIEWS:
        return tally.pageviews
    if not tally.visits:
        return None
    sums = {
        Metric.VIEWS_PER_VISIT: tally.visit_views,
        Metric.BOUNCE_RATE: tally.bounces,
        Metric.DURATION: tally.duration_seconds,
        Metric.ENGAGED: tally.engaged_ms / 1000,
    }
    return sums[metric] / tally.visits


# --- sums -------------------------------------------------------------------------------------------------------------


def tally_of(sums: Mapping[str, Any]) -> Tally:
    """Return the Tally of the sums that apps.tracking.sums brought."""
    return Tally(
        visitors=sums["visitors"],
        visits=sums["visits"],
        bounces=sums["bounces"],
        visit_views=sums["visit_views"],
        duration_seconds=sums["duration"].total_seconds(),
        engaged_ms=sums["engaged_ms"],
        pageviews=sums["count"],
    )


def tally_sum(tallies: Iterable[Tally]) -> Tally:
    """Return the sum of tallies of different days: visitors of several days are the sum of daily visitors."""
    columns = zip(*(astuple(tally) for tally in tallies), strict=True)
    return Tally(*(sum(column) for column in columns))


# --- change -----------------------------------------------------------------------------------------------------------


def metric_change(metric: Metric, current: Tally, previous: Tally) -> Change:
    """Return how a metric differs between two tallies; a mean rests on the visits of the smaller side."""
    definition = DEFINITIONS[metric]
    return change(
        metric_value(metric, current),
        metric_value(metric, previous),
        kind=Kind(definition.unit.value),
        better="up" if definition.is_better_up else "down",
        sample=min(current.visits, previous.visits),
    )
