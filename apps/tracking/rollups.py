"""Rollups: sums of whole local days, kept so that long periods needn't be counted anew. Never a second truth.

Whoever changes people's visits or events marks their local days, in the same transaction (`days_mark`, `span_mark`).
Reports take a day from its rollup only if it is built and no mark of it is there, and read all others raw: so a figure
is what the raw rows say, whether rollups_build.py keeps up or not.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import BigIntegerField, Exists, F, OuterRef, QuerySet, Value
from django.db.models.functions import Cast, NullIf

from apps.core.periods import DAY, Span
from apps.sites.models import Site

from .dimensions import Dimension
from .models import Rollup, RollupDay, RollupMark
from .sums import Key

MARK = "INSERT INTO rollup_mark (site_id, day) SELECT * FROM unnest(%s::bigint[], %s::date[])"
# What is kept of a day. Deleted by SQL: Django would read each row before.
TABLES = ("rollup_day", "rollup", "visit_columns")
# A report reads so many stretches of raw days at most: shorter rests between them are read raw as well.
MAX_RAW = 4


# --- marking ----------------------------------------------------------------------------------------------------------


def days_mark(site_id: int, days: Iterable[date]) -> None:
    """Say, in the caller's transaction, that rows of these local days of a site have changed. One query, no waiting.

    `days`: those on which changed visits began, and those of changed events. Too many cost time, too few wrong figures.
    """
    marks_put((site_id, day) for day in set(days))


def span_mark(site_id: int, first: datetime, last: datetime) -> None:
    """Mark all local days of a site from `first` to `last`, both included. Two queries."""
    zone_name = Site.objects.filter(id=site_id).values_list("time_zone", flat=True).first()
    if zone_name is not None:
        zone = ZoneInfo(zone_name)
        days_mark(site_id, days_between(first.astimezone(zone).date(), last.astimezone(zone).date()))


def marks_put(site_days: Iterable[tuple[int, date]]) -> None:
    """Mark (site, day)s, in the caller's transaction. One query; none for none."""
    marks = list(site_days)
    if marks:
        with connection.cursor() as cursor:
            cursor.execute(MARK, [[site_id for site_id, _ in marks], [day for _, day in marks]])


def rollups_forget(site_id: int) -> None:
    """Have nothing built of a site: its days are others now, or it is gone. Four queries."""
    with connection.cursor() as cursor:
        for table in (*TABLES, "rollup_mark"):
            cursor.execute(f"DELETE FROM {table} WHERE site_id = %s", [site_id])


def rollups_forget_before(site_id: int, moment: datetime) -> None:
    """Have nothing built of local days that lie wholly before `moment`: retention has emptied them. Four queries."""
    zone_name = Site.objects.filter(id=site_id).values_list("time_zone", flat=True).first()
    if zone_name is not None:
        day = moment.astimezone(ZoneInfo(zone_name)).date()
        with connection.cursor() as cursor:
            for table in TABLES:
                cursor.execute(f"DELETE FROM {table} WHERE site_id = %s AND day < %s", [site_id, day])


def columns_forget(site_id: int, first: datetime, last: datetime) -> None:
    """Have no columns of the local days from `first` to `last`: what they hold of single visits is being erased.

    For callers that mark those days as well: they are raw until they are built anew. Two queries.
    """
    zone_name = Site.objects.filter(id=site_id).values_list("time_zone", flat=True).first()
    if zone_name is not None:
        zone = ZoneInfo(zone_name)
        days = days_between(first.astimezone(zone).date(), last.astimezone(zone).date())
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM visit_columns WHERE site_id = %s AND day = ANY(%s)", [site_id, days])


def days_between(first: date, last: date) -> list[date]:
    return [first + DAY * number for number in range((last - first).days + 1)]


# --- reading ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Split:
    """A span's days in two: those whose rollups hold, and those to be read raw. Stretches in order, both ends in."""

    kept: Sequence[Span]
    raw: Sequence[Span]


def span_split(*, site_id: int, span: Span) -> Split:
    """Return which days of a span may be taken from rollups. One query."""
    return split(span, days_holding([site_id], first=span.first, last=span.last).get(site_id, ()))


def days_holding(site_ids: Sequence[int], *, first: date, last: date) -> Mapping[int, set[date]]:
    """Return each site's days that are built and unmarked. One query, one moment."""
    marked = RollupMark.objects.filter(site_id=OuterRef("site_id"), day=OuterRef("day"))
    days = RollupDay.objects.filter(~Exists(marked), site_id__in=site_ids, day__gte=first, day__lte=last)
    found: dict[int, set[date]] = {}
    for site_id, day in days.values_list("site_id", "day"):
        found.setdefault(site_id, set()).add(day)
    return found


def split(span: Span, holding: Collection[date], *, most_raw: int = MAX_RAW) -> Split:
    """Return a span cut into stretches, no more than `most_raw` of them raw."""
    if not holding:
        return Split([], [span])
    stretches: list[tuple[bool, Span]] = []
    for day in days_between(span.first, span.last):
        is_kept = day in holding
        if stretches and stretches[-1][0] is is_kept:
            stretches[-1] = (is_kept, Span(stretches[-1][1].first, day, span.zone))
        else:
            stretches.append((is_kept, Span(day, day, span.zone)))
    while sum(not is_kept for is_kept, _ in stretches) > most_raw:
        _fill_shortest(stretches)
    return Split(
        [stretch for is_kept, stretch in stretches if is_kept],
        [stretch for is_kept, stretch in stretches if not is_kept],
    )


def _fill_shortest(stretches: list[tuple[bool, Span]]) -> None:
    """Make one raw stretch of the shortest kept one and its two raw neighbours."""
    inner = [index for index in range(1, len(stretches) - 1) if stretches[index][0]]
    index = min(inner, key=lambda index: stretches[index][1].days)
    before, after = stretches[index - 1][1], stretches[index + 1][1]
    stretches[index - 1 : index + 2] = [(False, Span(before.first, after.last, before.zone))]


def rollup_rows(*, site_id: int, dimensions: Sequence[Dimension], days: Span) -> QuerySet[Rollup]:
    """Return the stored sums of days that hold."""
    codes = [dimension.code for dimension in dimensions]
    return Rollup.objects.filter(site_id=site_id, dimension__in=codes, day__gte=days.first, day__lte=days.last)


def stored_columns(dimension: Dimension) -> list[str]:
    """Return in which columns a rollup has what a dimension's columns hold."""
    return [*dimension.columns[:-1], "value"]


def stored_keys(dimension: Dimension) -> list[Key]:
    """Return the values of a dimension as its raw columns have them."""
    if dimension.column == "company_id":
        return [Cast(NullIf("value", Value("")), BigIntegerField())]
    return [F(column) for column in stored_columns(dimension)]
