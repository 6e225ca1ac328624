"""Figures of a period: totals, what they are compared with, and their course over time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import DateField, DateTimeField, Expression, F, Func, Q, Value
from django.db.models.functions import Cast, TruncDate, TruncMonth, TruncWeek

from apps.core.changes import Change
from apps.core.periods import DAY, Bucket, Granularity, Period, Span, day_start
from apps.tracking.filters import Filters
from apps.tracking.sums import whole_key

from .metrics import Metric, Tally, metric_change, metric_value, tally_of, tally_sum
from .sources import Reading

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
    """Return totals and course together: what adds up from the course isn't asked for again.

    Two to six queries, or up to eighteen with filters.
    """
    one = course(site_id=site_id, span=period.span, granularity=period.granularity, filters=filters)
    current = _total(one, site_id, filters)
    if period.comparison is None or not compares:
        return Figures(Totals(current, None), one, None)
    other = course(site_id=site_id, span=period.comparison, granularity=period.granularity, filters=filters)
    previous = _total(other, site_id, filters, until=period.compared_until)
    return Figures(Totals(current, previous), one, other)


def _total(one: Course, site_id: int, filters: Filters, *, until: datetime | None = None) -> Tally:
    """Return a course's total; `until` cuts its last day short."""
    if until is None and one.granularity is not Granularity.HOUR:
        return one.total()
    if until is not None and one.granularity is Granularity.DAY:
        rest = tally(site_id=site_id, since=one.buckets[-1].start, until=until, filters=filters)
        return tally_sum([*one.tallies[:-1], rest])
    return total(site_id=site_id, span=one.span, filters=filters, until=until or one.span.end)


def total(*, site_id: int, span: Span, filters: Filters, until: datetime) -> Tally:
    """Return the sums of a span up to a moment in it. Two queries: which days hold, and the sums; more with filters."""
    reading = Reading(site_id, filters)
    cut = min(until.astimezone(span.zone).date(), span.last + DAY)
    if span.first < cut:
        for days in reading.add_kept(Span(span.first, cut - DAY, span.zone), whole_key(), lambda day: ""):
            _add_raw(reading, days.start, days.end)
    if (rest := day_start(cut, span.zone)) < until:
        _add_raw(reading, rest, until)
    return _summed(reading)


def totals(*, site_id: int, period: Period, filters: Filters, compares: bool = True) -> Totals:
    """Return the sums of a period and, if it `compares`, of its comparison. A query each, of raw rows."""
    span, comparison = period.span, period.comparison
    current = tally(site_id=site_id, since=span.start, until=span.end, filters=filters)
    if comparison is None or not compares:
        return Totals(current, None)
    until = period.compared_until or comparison.end
    return Totals(current, tally(site_id=site_id, since=comparison.start, until=until, filters=filters))


def tally(*, site_id: int, since: datetime, until: datetime, filters: Filters) -> Tally:
    """Return the sums of [since, until), read raw. One query."""
    reading = Reading(site_id, filters)
    _add_raw(reading, since, until)
    return _summed(reading)


def _add_raw(reading: Reading, since: datetime, until: datetime) -> None:
    reading.add_raw(since, until, whole_key(), whole_key(), within=Q(ended_at__lt=until))


def _summed(reading: Reading) -> Tally:
    found = reading.summed()
    return tally_of(found[0][1]) if found else Tally()


def course(*, site_id: int, span: Span, granularity: Granularity, filters: Filters) -> Course:
    """Return the course of all metrics over a span. Two queries, or four to six with filters."""
    buckets = span.buckets(granularity)
    tallies = _tallies(site_id, span, granularity, filters)
    return Course(span, granularity, buckets, [tallies.get(bucket.key, Tally()) for bucket in buckets])


def _tallies(site_id: int, span: Span, granularity: Granularity, filters: Filters) -> dict[date | datetime, Tally]:
    is_hourly = granularity is Granularity.HOUR
    reading = Reading(site_id, filters)
    raw: Sequence[Span] = [span]
    if not is_hourly:
        raw = reading.add_kept(span, _day_in("day", granularity), lambda day: _bucket(day, granularity))
    # A visit that ends on the day on which it began has all of its page views in that day's bucket.
    within = None if is_hourly else Q(local_day=TruncDate("ended_at", tzinfo=span.zone))
    started, occurred = _started_in(span, granularity), _occurred_in(span, granularity)
    for days in raw:
        reading.add_raw(days.start, days.end, started, occurred, within=within)
    return {bucket: tally_of(sums) for (bucket,), sums, _ in reading.summed()}


def _started_in(span: Span, granularity: Granularity) -> Expression | F:
    """Return the bucket of a session. Its local day is stored with it."""
    if granularity is Granularity.HOUR:
        return _hour("started_at", span)
    return _day_in("local_day", granularity)


def _day_in(column: str, granularity: Granularity) -> Expression | F:
    """Return the bucket of a local day."""
    if granularity is Granularity.DAY:
        return F(column)
    trunc = TruncWeek if granularity is Granularity.WEEK else TruncMonth
    return Cast(trunc(column), DateField())


def _bucket(day: date, granularity: Granularity) -> date:
    """Return the same of a day that is at hand."""
    if granularity is Granularity.WEEK:
        return day - DAY * day.weekday()
    return day.replace(day=1) if granularity is Granularity.MONTH else day


def _occurred_in(span: Span, granularity: Granularity) -> Expression:
    """Return the bucket of an event. The zone is an argument: a setting doesn't reach a sharded database's workers."""
    if granularity is Granularity.HOUR:
        return _hour("occurred_at", span)
    if granularity is Granularity.DAY:
        return TruncDate("occurred_at", tzinfo=span.zone)
    trunc = TruncWeek if granularity is Granularity.WEEK else TruncMonth
    return Cast(trunc("occurred_at", tzinfo=span.zone), DateField())


def _hour(column: str, span: Span) -> Func:
    """Return the start of the elapsed hour since the span's first midnight, as Span.buckets counts them."""
    return Func(Value(HOUR), F(column), Value(span.start), function="date_bin", output_field=DateTimeField())
