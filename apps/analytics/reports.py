"""Figures of a period: totals, what they are compared with, and their course over time."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from django.db.models import Count, DateField, DateTimeField, Expression, F, Func, Value
from django.db.models.functions import TruncDate, TruncMonth, TruncWeek

from apps.core.changes import Change
from apps.core.periods import Bucket, Granularity, Period, Span
from apps.tracking.filters import Filters
from apps.tracking.models import Kind
from apps.tracking.selectors import event_all, session_all

from .metrics import Metric, Tally, metric_change, metric_value, session_sums, tally_of, tally_sum

HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Totals:
    """A period's sums and those it is compared with, if it is."""

    current: Tally
    previous: Tally | None

    def value(self, metric: Metric) -> float | None:
        return metric_value(metric, self.current)

    def previous_value(self, metric: Metric) -> float | None:
        return metric_value(metric, self.previous) if self.previous else None

    def change(self, metric: Metric) -> Change | None:
        return metric_change(metric, self.current, self.previous) if self.previous else None


@dataclass(frozen=True, slots=True)
class Course:
    """A span's buckets with their sums, in order."""

    span: Span
    granularity: Granularity
    buckets: Sequence[Bucket]
    tallies: Sequence[Tally]

    def total(self) -> Tally:
        """Return the sum of all buckets. Not for hours: a visitor counts in each hour, but once a day."""
        if self.granularity is Granularity.HOUR:
            raise ValueError("hours don't add up to days")
        return tally_sum(self.tallies)

    def values(self, metric: Metric) -> list[float | None]:
        return [metric_value(metric, tally) for tally in self.tallies]


@dataclass(frozen=True, slots=True)
class Figures:
    """A period's totals and course, beside those of its comparison."""

    totals: Totals
    current: Course
    previous: Course | None


def figures(*, site_id: int, period: Period, filters: Filters, compares: bool = True) -> Figures:
    """Return totals and course together: what adds up from the course isn't asked for again. Four to eight queries."""
    one = course(site_id=site_id, span=period.span, granularity=period.granularity, filters=filters)
    current = _total(one, site_id, filters)
    if period.comparison is None or not compares:
        return Figures(Totals(current, None), one, None)
    other = course(site_id=site_id, span=period.comparison, granularity=period.granularity, filters=filters)
    previous = _total(other, site_id, filters, until=period.compared_until)
    return Figures(Totals(current, previous), one, other)


def _total(one: Course, site_id: int, filters: Filters, *, until: datetime | None = None) -> Tally:
    """Return a course's total; `until` cuts its last day short."""
    span = one.span
    if until is None and one.granularity is not Granularity.HOUR:
        return one.total()
    if until is not None and one.granularity is Granularity.DAY:
        rest = tally(site_id=site_id, since=one.buckets[-1].start, until=until, filters=filters)
        return tally_sum([*one.tallies[:-1], rest])
    return tally(site_id=site_id, since=span.start, until=until or span.end, filters=filters)


def totals(*, site_id: int, period: Period, filters: Filters, compares: bool = True) -> Totals:
    """Return the sums of a period and, if it `compares`, of its comparison. Two queries each."""
    span, comparison = period.span, period.comparison
    current = tally(site_id=site_id, since=span.start, until=span.end, filters=filters)
    if comparison is None or not compares:
        return Totals(current, None)
    until = period.compared_until or comparison.end
    return Totals(current, tally(site_id=site_id, since=comparison.start, until=until, filters=filters))


def tally(*, site_id: int, since: datetime, until: datetime, filters: Filters) -> Tally:
    """Return the sums of [since, until). Two queries: visits, and page views by their own time."""
    row = session_all(site_id=site_id, since=since, until=until, filters=filters).aggregate(**session_sums())
    views = event_all(site_id=site_id, since=since, until=until, kind=Kind.PAGEVIEW, filters=filters)
    return tally_of(row, pageviews=views.count())


def course(*, site_id: int, span: Span, granularity: Granularity, filters: Filters) -> Course:
    """Return the course of all metrics over a span. Two queries."""
    buckets = span.buckets(granularity)
    tallies = _tallies(site_id, span, granularity, filters)
    return Course(span, granularity, buckets, [tallies.get(bucket.key, Tally()) for bucket in buckets])


def _tallies(site_id: int, span: Span, granularity: Granularity, filters: Filters) -> dict[date | datetime, Tally]:
    sessions = session_all(site_id=site_id, since=span.start, until=span.end, filters=filters)
    views = event_all(site_id=site_id, since=span.start, until=span.end, kind=Kind.PAGEVIEW, filters=filters)
    visits = sessions.values(bucket=_started_in(span, granularity)).annotate(**session_sums()).order_by()
    found: dict[date | datetime, Tally] = {row["bucket"]: tally_of(row) for row in visits}
    for bucket, count in views.values_list(_occurred_in(span, granularity)).annotate(n=Count("pk")).order_by():
        found[bucket] = replace(found.get(bucket, Tally()), pageviews=count)
    return found


def _started_in(span: Span, granularity: Granularity) -> Expression | F:
    """Return the bucket of a session. Its local day is stored with it."""
    if granularity is Granularity.HOUR:
        return _hour("started_at", span)
    if granularity is Granularity.DAY:
        return F("local_day")
    trunc = TruncWeek if granularity is Granularity.WEEK else TruncMonth
    return trunc("local_day", output_field=DateField())


def _occurred_in(span: Span, granularity: Granularity) -> Expression:
    """Return the bucket of an event. The zone is an argument: a setting doesn't reach a sharded database's workers."""
    if granularity is Granularity.HOUR:
        return _hour("occurred_at", span)
    if granularity is Granularity.DAY:
        return TruncDate("occurred_at", tzinfo=span.zone)
    trunc = TruncWeek if granularity is Granularity.WEEK else TruncMonth
    return trunc("occurred_at", output_field=DateField(), tzinfo=span.zone)


def _hour(column: str, span: Span) -> Func:
    """Return the start of the elapsed hour since the span's first midnight, as Span.buckets counts them."""
    return Func(Value(HOUR), F(column), Value(span.start), function="date_bin", output_field=DateTimeField())
