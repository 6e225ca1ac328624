"""Periods of a report: which local days, compared with which, cut into which buckets. Pure: no queries, no clock.

Days are days of a site's zone, both ends included; moments are UTC, the end excluded. Whoever asks passes the present
moment in. Stored times, local days and buckets therefore agree on days of 23 and 25 hours as well.
"""

import calendar
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
WEEK_DAYS = 7
# A year before with the same weekdays.
YEAR_OF_WEEKS = timedelta(days=364)
# Older than any access log: bounds what an address may ask for.
OLDEST = date(1990, 1, 1)
# Past these many days a chart by day (by week) has more points than it can show.
MAX_DAYS_BY_HOUR = 7
MAX_DAYS_BY_DAY = 100
MAX_DAYS_BY_WEEK = 760
# A site that has sent something so recently is still running: "all" goes up to today.
STILL_RUNNING_DAYS = 30


class Choice(StrEnum):
    """What the period picker offers. The value stands in the address."""

    TODAY = "today"
    YESTERDAY = "yesterday"
    LAST_7 = "7d"
    LAST_30 = "30d"
    LAST_90 = "90d"
    MONTH = "month"
    LAST_12_MONTHS = "12mo"
    ALL = "all"
    CUSTOM = "custom"


class Compare(StrEnum):
    """What a period is compared with. The value stands in the address."""

    PREVIOUS = "previous"
    YEAR = "year"
    CUSTOM = "custom"
    NONE = "none"


class Granularity(StrEnum):
    """How wide a chart's buckets are. Weeks begin on Monday."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


DEFAULT = Choice.LAST_30
LABELS: dict[Choice, str] = {
    Choice.TODAY: "Today",
    Choice.YESTERDAY: "Yesterday",
    Choice.LAST_7: "Last 7 days",
    Choice.LAST_30: "Last 30 days",
    Choice.LAST_90: "Last 90 days",
    Choice.MONTH: "Month to date",
    Choice.LAST_12_MONTHS: "Last 12 months",
    Choice.ALL: "All time",
    Choice.CUSTOM: "Custom…",
}
KEYS: dict[Choice, str] = {
    Choice.TODAY: "D",
    Choice.YESTERDAY: "Y",
    Choice.LAST_7: "W",
    Choice.LAST_30: "M",
    Choice.LAST_90: "Q",
    Choice.MONTH: "T",
    Choice.LAST_12_MONTHS: "A",
    Choice.ALL: "0",
    Choice.CUSTOM: "C",
}
COMPARE_LABELS: dict[Compare, str] = {
    Compare.PREVIOUS: "Period before",
    Compare.YEAR: "Year before",
    Compare.CUSTOM: "Custom…",
    Compare.NONE: "Nothing",
}
_LENGTHS = {Choice.LAST_7: 7, Choice.LAST_30: 30, Choice.LAST_90: 90}


@dataclass(frozen=True, slots=True)
class Bucket:
    """One point of a chart. `key` is what a query groups by: a local day (also of a week or month), or a UTC moment."""

    key: date | datetime
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Span:
    """Local days `first` to `last`, both included, of `zone`."""

    first: date
    last: date
    zone: ZoneInfo

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def start(self) -> datetime:
        """The UTC moment of the first local midnight."""
        return day_start(self.first, self.zone)

    @property
    def end(self) -> datetime:
        """The UTC moment after the last local day: excluded."""
        return day_start(self.last + DAY, self.zone)

    def contains(self, moment: datetime) -> bool:
        return self.start <= moment < self.end

    def shifted(self, by: timedelta) -> "Span":
        return Span(self.first + by, self.last + by, self.zone)

    def is_whole_months(self) -> bool:
        return self.first.day == 1 and self.last == month_end(self.last)

    def buckets(self, granularity: Granularity) -> list[Bucket]:
        """Return the span cut into buckets; the first and the last week or month may be partial."""
        if granularity is Granularity.HOUR:
            return self._hours()
        buckets: list[Bucket] = []
        day = self.first
        while day <= self.last:
            key = bucket_day(day, granularity)
            following = _following(key, granularity)
            end = min(following, self.last + DAY)
            buckets.append(Bucket(key, day_start(day, self.zone), day_start(end, self.zone)))
            day = following
        return buckets

    def _hours(self) -> list[Bucket]:
        # Elapsed hours since the first midnight, not hours of the clock: a day in autumn really has 25 of them.
        start, end, buckets = self.start, self.end, []
        while start < end:
            following = min(start + HOUR, end)
            buckets.append(Bucket(start, start, following))
            start = following
        return buckets


@dataclass(frozen=True, slots=True)
class Period:
    """What a page reports on. `now` is the moment it was asked.

    `compared_until`: where a running period is compared with an earlier one, the moment up to which the earlier one
    counts, so that half a day is never compared with a whole one. `problem` says what of the address wasn't understood.
    """

    choice: Choice
    span: Span
    now: datetime
    compare: Compare
    comparison: Span | None
    compared_until: datetime | None
    weekdays_matched: bool
    granularity: Granularity
    default_granularity: Granularity
    problem: str = ""

    @property
    def zone(self) -> ZoneInfo:
        return self.span.zone

    @property
    def today(self) -> date:
        return self.now.astimezone(self.zone).date()

    @property
    def is_running(self) -> bool:
        return self.span.contains(self.now)

    @property
    def label(self) -> str:
        return span_label(self.span, self.today) if self.choice is Choice.CUSTOM else LABELS[self.choice]

    @property
    def days_label(self) -> str:
        return span_label(self.span, self.today)

    @property
    def comparison_label(self) -> str:
        return span_label(self.comparison, self.today) if self.comparison else ""

    @property
    def granularities(self) -> list[Granularity]:
        return granularities(self.span.days)

    def query(self) -> dict[str, str]:
        """Return the address parameters of this period; what is the default is left out."""
        return period_query(self.choice, self.span) | self.extras()

    def extras(self) -> dict[str, str]:
        """Return the address parameters that a change of period keeps: comparison and granularity."""
        extras: dict[str, str] = {}
        if self.compare is not Compare.PREVIOUS:
            extras["compare"] = self.compare.value
        if self.compare is Compare.CUSTOM and self.comparison:
            extras |= {"cfrom": self.comparison.first.isoformat(), "cto": self.comparison.last.isoformat()}
        if self.granularity is not self.default_granularity:
            extras["by"] = self.granularity.value
        return extras

    def step(self, direction: int) -> dict[str, str] | None:
        """Return the address parameters of the period before (-1) or after (+1), None where there is none."""
        if self.choice is Choice.ALL:
            return None
        span = _stepped(self.span, self.choice, direction)
        if span.first > self.today or span.first < OLDEST:
            return None
        span = Span(span.first, min(span.last, self.today), span.zone)
        extras = {name: value for name, value in self.extras().items() if name not in ("cfrom", "cto")}
        if extras.get("compare") == Compare.CUSTOM:
            del extras["compare"]
        return period_query(_named(span, self.today), span) | extras


def period_read(
    query: Mapping[str, str],
    *,
    zone: ZoneInfo,
    now: datetime,
    extent: Callable[[], tuple[date, date] | None] = lambda: None,
    default: Choice = DEFAULT,
) -> Period:
    """Return the period that an address asks for: `period`, `from`, `to`, `compare`, `cfrom`, `cto`, `by`.

    `extent` gives the first and last local day with data and is asked for "all" only. What can't be understood falls
    back to the default, and `problem` says so.
    """
    today = now.astimezone(zone).date()
    choice, span, problem = _span_read(query, zone=zone, today=today, extent=extent, default=default)
    compare, comparison, matched = _comparison_read(query, choice=choice, span=span)
    usual = default_granularity(span.days)
    asked = query.get("by", "")
    granularity = Granularity(asked) if asked in granularities(span.days) else usual
    return Period(
        choice=choice,
        span=span,
        now=now,
        compare=compare,
        comparison=comparison,
        compared_until=_compared_until(span, comparison, compare, now),
        weekdays_matched=matched,
        granularity=granularity,
        default_granularity=usual,
        problem=problem,
    )


def period_query(choice: Choice, span: Span) -> dict[str, str]:
    """Return the address parameters of a choice; a custom one names its days."""
    if choice is Choice.CUSTOM:
        return {"period": choice.value, "from": span.first.isoformat(), "to": span.last.isoformat()}
    return {} if choice is DEFAULT else {"period": choice.value}


def choice_span(choice: Choice, *, zone: ZoneInfo, today: date) -> Span:
    """Return the days of a named choice. Raises ValueError for those that need more than today: all and custom."""
    match choice:
        case Choice.TODAY:
            return Span(today, today, zone)
        case Choice.YESTERDAY:
            return Span(today - DAY, today - DAY, zone)
        case Choice.MONTH:
            return Span(today.replace(day=1), today, zone)
        case Choice.LAST_12_MONTHS:
            return Span(months_later(today, -12) + DAY, today, zone)
        case Choice.LAST_7 | Choice.LAST_30 | Choice.LAST_90:
            return Span(today - DAY * (_LENGTHS[choice] - 1), today, zone)
        case _:
            raise ValueError(f"{choice.value} has no days of its own")


def day_start(day: date, zone: ZoneInfo) -> datetime:
    """Return the UTC moment at which `day` begins in `zone`; where midnight is skipped, the moment of the jump."""
    return datetime.combine(day, time.min, tzinfo=zone).astimezone(UTC)


def month_end(day: date) -> date:
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def months_later(day: date, months: int) -> date:
    """Return the same day of a later (or earlier) month, or that month's last day where it is shorter."""
    index = day.year * 12 + day.month - 1 + months
    year, month = index // 12, index % 12 + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def bucket_day(day: date, granularity: Granularity) -> date:
    """Return the first day of the week or month that `day` is in; of a day, itself."""
    if granularity is Granularity.WEEK:
        return day - DAY * day.weekday()
    if granularity is Granularity.MONTH:
        return day.replace(day=1)
    return day


def default_granularity(days: int) -> Granularity:
    if days <= 1:
        return Granularity.HOUR
    if days <= MAX_DAYS_BY_DAY:
        return Granularity.DAY
    return Granularity.WEEK if days <= MAX_DAYS_BY_WEEK else Granularity.MONTH


def granularities(days: int) -> list[Granularity]:
    """Return the granularities that make sense for a period of so many days, finest first."""
    fits = {
        Granularity.HOUR: days <= MAX_DAYS_BY_HOUR,
        Granularity.DAY: 1 < days <= MAX_DAYS_BY_WEEK,
        Granularity.WEEK: days > 2 * WEEK_DAYS,
        Granularity.MONTH: days > MAX_DAYS_BY_DAY - 10,
    }
    return [granularity for granularity, does in fits.items() if does]


def span_label(span: Span, today: date) -> str:
    """Return the days in words: "20 Nov", "17 – 20 May 2015", "22 Oct – 20 Nov". This year goes without saying."""
    first, last = span.first, span.last
    year = "" if last.year == today.year else f" {last.year}"
    end = f"{last.day} {last:%b}{year}"
    if first == last:
        return f"{last:%a} {end}"
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day} – {end}"
    start_year = f" {first.year}" if first.year != last.year else ""
    return f"{first.day} {first:%b}{start_year} – {end}"


def zone_of(name: str) -> ZoneInfo:
    """Return a zone by its name. Raises `zoneinfo.ZoneInfoNotFoundError` for one that isn't known."""
    return ZoneInfo(name)


# --- reading ----------------------------------------------------------------------------------------------------------


def _span_read(
    query: Mapping[str, str],
    *,
    zone: ZoneInfo,
    today: date,
    extent: Callable[[], tuple[date, date] | None],
    default: Choice,
) -> tuple[Choice, Span, str]:
    asked = query.get("period", "")
    has_days = bool(query.get("from") or query.get("to"))
    if not asked:
        asked = Choice.CUSTOM if has_days else default
    fallback = choice_span(default, zone=zone, today=today)
    if asked not in list(Choice):
        return default, fallback, f"There is no period called “{asked[:40]}”: these are the {LABELS[default].lower()}."
    choice = Choice(asked)
    if choice is Choice.CUSTOM:
        days = _days_read(query.get("from", ""), query.get("to", ""), today)
        if days is None:
            return (
                default,
                fallback,
                f"The days asked for aren't days of the past: these are the {LABELS[default].lower()}.",
            )
        return choice, Span(*days, zone), ""
    if choice is Choice.ALL:
        return choice, _all(extent(), zone=zone, today=today), ""
    return choice, choice_span(choice, zone=zone, today=today), ""


def _all(extent: tuple[date, date] | None, *, zone: ZoneInfo, today: date) -> Span:
    if extent is None:
        return choice_span(DEFAULT, zone=zone, today=today)
    first, last = max(extent[0], OLDEST), min(extent[1], today)
    if (today - last).days <= STILL_RUNNING_DAYS:
        last = today
    return Span(min(first, last), last, zone)


def _days_read(first: str, last: str, today: date) -> tuple[date, date] | None:
    """Return the two days, in order and not in the future; a missing one is taken from the other."""
    try:
        days = [date.fromisoformat(text) for text in (first or last, last or first)]
    except ValueError:
        return None
    start, end = max(min(days), OLDEST), min(max(days), today)
    return (start, end) if start <= end else None


def _comparison_read(query: Mapping[str, str], *, choice: Choice, span: Span) -> tuple[Compare, Span | None, bool]:
    asked = query.get("compare", "")
    compare = Compare(asked) if asked in list(Compare) else Compare.PREVIOUS
    if compare is Compare.CUSTOM:
        days = _days_read(query.get("cfrom", ""), query.get("cto", ""), span.last)
        if days is not None:
            return compare, Span(*days, span.zone), False
        compare = Compare.PREVIOUS
    if compare is Compare.NONE or choice is Choice.ALL:
        return compare, None, False
    comparison, matched = _before(span, choice) if compare is Compare.PREVIOUS else _year_before(span, choice)
    return compare, comparison if comparison.first >= OLDEST else None, matched


def _before(span: Span, choice: Choice) -> tuple[Span, bool]:
    """Return the period before: whole months by the calendar, all others some weeks earlier, so that weekdays meet."""
    if choice is Choice.LAST_12_MONTHS:
        return _months_shifted(span, -12), False
    if choice is Choice.MONTH:
        return _months_shifted(span, -1), False
    if span.is_whole_months():
        return _months_stepped(span, -1), False
    weeks = -(-span.days // WEEK_DAYS)
    return span.shifted(-DAY * WEEK_DAYS * weeks), True


def _year_before(span: Span, choice: Choice) -> tuple[Span, bool]:
    if choice in (Choice.LAST_12_MONTHS, Choice.MONTH) or span.is_whole_months():
        return _months_shifted(span, -12), False
    return span.shifted(-YEAR_OF_WEEKS), True


def _months_shifted(span: Span, months: int) -> Span:
    last = months_later(span.last, months)
    if span.is_whole_months():
        last = month_end(last)
    first = months_later(span.first - DAY, months) + DAY if span.first.day != 1 else months_later(span.first, months)
    return Span(first, last, span.zone)


def _months_stepped(span: Span, direction: int) -> Span:
    """Return as many whole months right before or after."""
    count = (span.last.year - span.first.year) * 12 + span.last.month - span.first.month + 1
    first = months_later(span.first, direction * count)
    return Span(first, month_end(months_later(first, count - 1)), span.zone)


def _stepped(span: Span, choice: Choice, direction: int) -> Span:
    if choice is Choice.MONTH:
        first = months_later(span.first, direction)
        return Span(first, month_end(first), span.zone)
    if choice is Choice.LAST_12_MONTHS:
        return _months_shifted(span, 12 * direction)
    if span.is_whole_months():
        return _months_stepped(span, direction)
    return span.shifted(DAY * span.days * direction)


def _named(span: Span, today: date) -> Choice:
    """Return the choice whose days these are, so that stepping back and forth ends where it began."""
    for choice in (Choice.TODAY, Choice.YESTERDAY, *_LENGTHS, Choice.MONTH, Choice.LAST_12_MONTHS):
        if choice_span(choice, zone=span.zone, today=today) == span:
            return choice
    return Choice.CUSTOM


def _compared_until(span: Span, comparison: Span | None, compare: Compare, now: datetime) -> datetime | None:
    if comparison is None or compare is Compare.CUSTOM or not span.contains(now):
        return None
    if comparison.days != span.days:
        return None
    clock = now.astimezone(span.zone).time()
    return datetime.combine(comparison.last, clock, tzinfo=span.zone).astimezone(UTC)


def _following(key: date, granularity: Granularity) -> date:
    if granularity is Granularity.MONTH:
        return months_later(key, 1)
    return key + DAY * (WEEK_DAYS if granularity is Granularity.WEEK else 1)
