"""Is a silence one that means something? The rule, pure: a site's own weeks against the hours in which nothing came.

For the hours of the silence so far, the visits that came in the same hours (by weekday and clock, in the site's zone)
of each of the last WEEKS weeks are counted. Their mean, taken down to the level of the day before the silence, is what
would have come. Under a negative binomial distribution with that mean and the spread of the weeks the probability that
nothing comes is

    p0 = (1 + m / r) ** -r        r = m * m / (v - m)

(v: variance of the weeks, at least m + (FLOOR m)²: no week is quite as the last). Below BOUND it is an alarm. So a
business site's nights and weekends never are: nothing came there in other weeks either.
Worked cases: tests/installation/test_rhythm.py.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

HOUR = timedelta(hours=1)
WEEK = timedelta(weeks=1)
DAY = timedelta(days=1)
WEEKS = 6
# Of those so many must be known, and have had any visit at all.
LEAST_WEEKS = 3
LEAST_VISITS = 100
LEAST_SILENCE = timedelta(minutes=30)
# More than a week of silence says nothing new; the first week is looked at.
MOST_SILENCE = WEEK
BOUND = 0.001
# Spread that two like weeks have beyond chance, as a ratio of the mean.
FLOOR = 0.3
# In so many of the known weeks something must have come in these hours: one loud week is no habit.
LEAST_SHARE = 0.75


@dataclass(frozen=True, slots=True)
class Count:
    visits: int = 0
    pageviews: int = 0


@dataclass(frozen=True, slots=True)
class Past:
    """What came in each hour (UTC, by its start). Known are those from `since` to `until`; those left out had none."""

    since: datetime
    until: datetime
    hours: Mapping[datetime, Count]


@dataclass(frozen=True, slots=True)
class Judgement:
    """`probability`: that nothing comes in such hours; `usual`: page views that would have come; `is_silent`: alarm."""

    is_silent: bool
    probability: float = 1.0
    usual: float = 0.0


CALM = Judgement(False)


def judge(past: Past, *, zone: ZoneInfo, since: datetime, now: datetime) -> Judgement:
    """Return whether nothing since `since` is a silence that means something at `now` (both aware)."""
    if now - since < LEAST_SILENCE:
        return CALM
    until = min(now, since + MOST_SILENCE)
    weeks = _weeks_known(past, zone, since)
    if len(weeks) < LEAST_WEEKS or sum(_between(past, week, week + WEEK).visits for week in weeks) < LEAST_VISITS:
        return CALM
    windows = [_window(past, zone, since, until, back) for back in _backs(past, zone, since)]
    visits = [window[0] for window in windows]
    if sum(count > 0 for count in visits) < LEAST_SHARE * len(visits):
        return CALM
    level = _level(past, zone, since)
    mean = level * sum(visits) / len(visits)
    probability = nothing(mean, _variance([level * count for count in visits]))
    usual = level * sum(window[1] for window in windows) / len(windows)
    return Judgement(probability < BOUND, probability, usual)


def nothing(mean: float, variance: float) -> float:
    """Return the probability that nothing comes where `mean` is expected, with the given variance."""
    if mean <= 0:
        return 1.0
    spread = max(variance - mean, (FLOOR * mean) ** 2)
    r = mean * mean / spread
    return float((1 + mean / r) ** -r)


def back(moment: datetime, weeks: int, zone: ZoneInfo) -> datetime:
    """Return the same weekday and clock time so many weeks before, whatever the clocks did in between."""
    local = moment.astimezone(zone)
    return (local.replace(tzinfo=None) - weeks * WEEK).replace(tzinfo=zone, fold=local.fold).astimezone(moment.tzinfo)


def _backs(past: Past, zone: ZoneInfo, since: datetime) -> list[int]:
    return [weeks for weeks in range(1, WEEKS + 1) if back(since, weeks, zone) >= past.since]


def _weeks_known(past: Past, zone: ZoneInfo, since: datetime) -> list[datetime]:
    return [back(since, weeks, zone) for weeks in _backs(past, zone, since)]


def _window(past: Past, zone: ZoneInfo, since: datetime, until: datetime, weeks: int) -> tuple[float, float]:
    """Return visits and page views of the silence's hours, `weeks` before; of hours cut in two, their share."""
    first, last = back(since, weeks, zone), back(until, weeks, zone)
    visits = pageviews = 0.0
    hour = _start(first)
    while hour < last:
        count = past.hours.get(hour)
        if count is not None:
            share = (min(hour + HOUR, last) - max(hour, first)) / HOUR
            visits += share * count.visits
            pageviews += share * count.pageviews
        hour += HOUR
    return visits, pageviews


def _level(past: Past, zone: ZoneInfo, since: datetime) -> float:
    """Return how the day before the silence stood to the same days of other weeks, 1 at most: holidays are quieter."""
    end = min(_start(since), past.until)
    begin = end - DAY
    days = [_window(past, zone, begin, end, weeks)[0] for weeks in _backs(past, zone, begin)]
    usual = sum(days) / len(days) if days else 0.0
    if usual <= 0:
        return 1.0
    return min(1.0, _between(past, begin, end).visits / usual)


def _between(past: Past, first: datetime, last: datetime) -> Count:
    counts = [count for hour, count in past.hours.items() if _start(first) <= hour < last]
    return Count(sum(one.visits for one in counts), sum(one.pageviews for one in counts))


def _variance(values: Sequence[float]) -> float:
    mean = sum(values) / len(values)
    return sum((value - mean) ** 2 for value in values) / max(1, len(values) - 1)


def _start(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)
