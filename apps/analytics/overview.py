"""The overview's figures and chart, as its template shows them."""

from dataclasses import dataclass
from datetime import date, timedelta

from apps.core import formats
from apps.core.axes import say
from apps.core.changes import Change
from apps.core.charts import LineChart, Series, line_chart
from apps.core.periods import Choice, Granularity, Period, Span, period_query, span_label

from .metrics import DEFINITIONS, Metric
from .report import Report
from .reports import Course, Totals

# Where a site's data lies, at most so many days of it are shown at once.
OFFERED_DAYS = timedelta(days=29)


@dataclass(frozen=True, slots=True)
class Figure:
    """A metric of the strip."""

    metric: Metric
    label: str
    meaning: str
    value: str
    change: Change | None
    before: str
    url: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class Offer:
    """Where the data is, when there is none here."""

    url: str
    label: str

    @property
    def action(self) -> str:
        return f"Go to {self.label}"


def metric_read(text: str) -> Metric:
    return Metric(text) if text in list(Metric) else Metric.VISITORS


def metric_text(metric: Metric) -> str:
    """Return the metric as the address has it: the usual one isn't named."""
    return "" if metric is Metric.VISITORS else metric.value


def figures(report: Report, totals: Totals, chosen: Metric) -> list[Figure]:
    """Return the strip: every metric with its change, and the address at which the chart shows it."""
    return [
        Figure(
            metric=metric,
            label=definition.label,
            meaning=definition.meaning,
            value=say(totals.value(metric), definition.unit),
            change=totals.change(metric) if _has_any(totals) else None,
            before=say(totals.previous_value(metric), definition.unit) if _is_comparable(totals, metric) else "",
            url=report.own_url(metric=metric_text(metric)),
            is_current=metric is chosen,
        )
        for metric, definition in DEFINITIONS.items()
    ]


def chart(report: Report, current: Course, previous: Course | None, metric: Metric) -> LineChart:
    definition = DEFINITIONS[metric]
    return line_chart(
        name=definition.label,
        unit=definition.unit,
        granularity=current.granularity,
        current=Series(current.span, current.buckets, current.values(metric)),
        previous=Series(previous.span, previous.buckets, previous.values(metric)) if previous else None,
        now=report.period.now,
        zoom_url=_zoom_url(report, metric),
    )


def _has_any(totals: Totals) -> bool:
    """Whether there is anything to compare: two nothings aren't "the same"."""
    return any(one is not None and one.visits + one.pageviews for one in (totals.current, totals.previous))


def _is_comparable(totals: Totals, metric: Metric) -> bool:
    return _has_any(totals) and totals.previous_value(metric) is not None


def sentence(period: Period, totals: Totals) -> str:
    """Return the period in a sentence, its answer first."""
    visitors = totals.current.visitors
    who = f"{formats.number(visitors)} {'visitor' if visitors == 1 else 'visitors'}"
    days = _when(period)
    if not _has_any(totals):
        return f"Nobody was here {days}."
    change = totals.change(Metric.VISITORS)
    if change is None:
        return f"{who} {days}."
    if not change.is_known:
        return f"{who} {days}; too few before to compare."
    if change.direction == "same":
        return f"{who} {days}, as many as {_before(period)}."
    return f"{who} {days}, {change.text.lstrip('+' + formats.MINUS)} {change.word} than {_before(period)}."


def previous_label(period: Period) -> str:
    """Return the legend of the comparison, and how its days were chosen."""
    if period.comparison is None:
        return ""
    return f"{period.comparison_label}{', weekdays matched' if period.weekdays_matched else ''}"


def has_before(period: Period, extent: tuple[date, date] | None) -> bool:
    """Whether there is data on any day that the period is compared with: a change from nothing says nothing."""
    comparison = period.comparison
    return bool(comparison and extent and comparison.last >= extent[0] and comparison.first <= extent[1])


def notes(period: Period, extent: tuple[date, date] | None) -> list[str]:
    """Return what a reader must know of the figures, said where they stand. `extent`: first and last day with data."""
    said = []
    if period.comparison and extent and period.comparison.first < extent[0]:
        began = span_label(Span(extent[0], extent[0], period.zone), period.today)
        rest = (
            "so the period before counts fewer days" if has_before(period, extent) else "so there is nothing to compare"
        )
        said.append(f"There is no data before {began}, {rest}.")
    if period.span.days > 1:
        said.append(
            "Visitors are the sum of daily visitors: without cookies nobody is linked from one day to the next."
        )
    if period.compared_until is not None and has_before(period, extent):
        clock = period.now.astimezone(period.zone)
        said.append(f"Today is still running, so the period before counts up to {clock:%H:%M} of its last day, too.")
    if period.granularity is Granularity.HOUR and period.span.days == 1:
        said.append("A visitor counts in each hour in which a visit began.")
    return said


@dataclass(frozen=True, slots=True)
class Link:
    url: str
    label: str
    is_current: bool


def granularity_links(report: Report) -> list[Link]:
    """Return the widths of buckets that make sense for the period, if there is a choice."""
    period = report.period
    if len(period.granularities) < 2:
        return []
    return [
        Link(
            report.own_url(by=None if granularity is period.default_granularity else granularity.value),
            f"By {granularity.value}",
            granularity is period.granularity,
        )
        for granularity in period.granularities
    ]


def offer(report: Report, extent: tuple[date, date] | None) -> Offer | None:
    """Return the days with data for a period that has none; None where there are none to go to."""
    if extent is None:
        return None
    first, last = extent
    if report.period.span.first <= last and report.period.span.last >= first:
        # The data lies all around: there is nowhere better to go.
        return None
    if last < report.period.span.first:
        span = Span(max(first, last - OFFERED_DAYS), last, report.zone)
    else:
        span = Span(first, min(last, first + OFFERED_DAYS), report.zone)
    return Offer(
        report.url("site-overview", period=period_query(Choice.CUSTOM, span)),
        span_label(span, report.period.today),
    )


def has_weekends(current: Course) -> bool:
    return current.granularity is Granularity.DAY and current.span.days > 2


def _when(period: Period) -> str:
    label = {Choice.TODAY: "today", Choice.YESTERDAY: "yesterday", Choice.MONTH: "this month", Choice.ALL: "in all"}
    if period.choice in label:
        return label[period.choice]
    if period.choice is Choice.CUSTOM:
        return f"on {period.days_label}" if period.span.days == 1 else f"in {period.days_label}"
    return f"in the {period.label.lower()}"


def _before(period: Period) -> str:
    return f"on {period.comparison_label}" if period.span.days == 1 else f"in {period.comparison_label}"


def _zoom_url(report: Report, metric: Metric) -> str:
    """Return the address of a closer look; `{from}` and `{to}` are filled in by the chart's script."""
    url = report.url(
        "site-overview", period={"period": Choice.CUSTOM.value, "from": "FROM", "to": "TO"}, metric=metric_text(metric)
    )
    return url.replace("from=FROM", "from={from}").replace("to=TO", "to={to}")
