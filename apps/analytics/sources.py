"""Where a report's sums come from: rollups of the days that have one that holds, raw rows of all others.

Filtered reports, hours and days cut short are always raw.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet

from apps.core.periods import Span
from apps.tracking.columns.reading import summed_by_day
from apps.tracking.dimensions import WHOLE
from apps.tracking.filters import LONGEST_VISIT, Filters, early
from apps.tracking.models import Event, Kind, Session
from apps.tracking.rollups import rollup_rows, span_split
from apps.tracking.selectors import event_all, session_all
from apps.tracking.sums import (
    SUMS,
    Key,
    Part,
    added,
    added_beside,
    asked_part,
    counts_part,
    days_part,
    nothing,
    sessions_part,
    sessions_scan,
    stored_part,
    views_part,
)

Summed = tuple[tuple[Any, ...], Mapping[str, Any], int]


class Reading:
    """The sums of all visits, and of page views by their own time, put together from stretches of a site's past."""

    def __init__(self, site_id: int, filters: Filters) -> None:
        self._site_id = site_id
        self._filters = filters
        self._parts: list[Part] = []
        self._scans: dict[str, Part] = {}

    def add_kept(self, span: Span, key: Key, bucket: Callable[[date], date | str]) -> Sequence[Span]:
        """Add what is kept of a span's days by `key`, filtered ones by `bucket`; return the stretches to be read raw.

        One query; three to five with filters.
        """
        if self._filters:
            found, raw = summed_by_day(site_id=self._site_id, span=span, filters=self._filters)
            self._parts.append(days_part([(bucket(day), sums) for day, sums in found.items()]))
            return raw
        split = span_split(site_id=self._site_id, span=span)
        for days in split.kept:
            rows = rollup_rows(site_id=self._site_id, dimensions=[WHOLE], days=days)
            self._parts.append(stored_part(rows, key))
        return split.raw

    def add_raw(self, since: datetime, until: datetime, started: Key, occurred: Key, *, within: Q | None) -> None:
        """Add [since, until): visits by the key `started`, page views by `occurred`.

        `within`: the visits all of whose page views are in the same bucket, if one can tell. Under filters of visits
        these aren't looked up, since the visit knows how many they are: without that, a filter that a few visits meet
        costs reading all page views.
        """
        sessions = session_all(site_id=self._site_id, since=since, until=until, filters=self._filters)
        if within is None or not self._filters or not self._filters.are_of_visits:
            views = self._views(since, until, self._filters)
            self._parts += [sessions_part(sessions, started), counts_part(views, occurred)]
            return
        name = f"scan_{len(self._scans)}"
        scan = self._scans[name] = sessions_scan(sessions, started, within=within)
        visits = Session.objects.filter(site_id=self._site_id)
        views = self._views(since, until, None).filter(early(visits))
        self._parts += [asked_part(scan, 1, name=name), views_part(scan, views, occurred, name=name)]
        earlier = session_all(
            site_id=self._site_id, since=since - LONGEST_VISIT, until=since, filters=self._filters
        ).filter(ended_at__gte=since)
        self._parts.append(views_part(sessions_scan(earlier, within=Q(ended_at__lt=since)), views, occurred))

    def summed(self) -> list[Summed]:
        return summed(self._parts, 1, scans=self._scans)

    def _views(self, since: datetime, until: datetime, filters: Filters | None) -> QuerySet[Event]:
        return event_all(site_id=self._site_id, since=since, until=until, kind=Kind.PAGEVIEW, filters=filters)


def summed(parts: Sequence[Part], keys: int, *, scans: Mapping[str, Part] | None = None) -> list[Summed]:
    """Return (keys, sums, how many there are in all) of parts added up. One query."""
    query = added(parts, keys, scans=scans)
    return [_summed(row, keys) for row in _rows(query)] if query else []


def summed_beside(
    parts: Sequence[Part],
    wholes: Sequence[Part],
    keys: int,
    *,
    scans: Mapping[str, Part],
    order: str,
    limit: int | None,
    offset: int,
) -> tuple[list[Summed], tuple[int, int]]:
    """Return the same, in order, and beside it (all visitors, those of unknown value). One query."""
    if not any(wholes):
        return [], (0, 0)
    rows = added(parts, keys, order=order, limit=limit, offset=offset) or nothing(keys)
    found = _rows(added_beside(rows, wholes, order=order, scans=scans))
    summed_rows = [_summed(row[:-2], keys) for row in found if row[keys] is not None]
    return summed_rows, (found[0][-2] or 0, found[0][-1] or 0)


def _rows(query: Part) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query.sql, query.params)
        return list(cursor.fetchall())


def _summed(row: tuple[Any, ...], keys: int) -> Summed:
    return row[:keys], dict(zip(SUMS, row[keys:-1], strict=True)), row[-1]
