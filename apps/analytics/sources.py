"""Where a report's sums come from: rollups of the days that have one that holds, raw rows of all others.

Filtered reports, hours and days cut short are always raw.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection

from apps.core.periods import Span
from apps.tracking.filters import Filters
from apps.tracking.rollups import Split, span_split
from apps.tracking.sums import SUMS, Part, added

Summed = tuple[tuple[Any, ...], Mapping[str, Any], int]


def split_for(*, site_id: int, span: Span, filters: Filters) -> Split:
    """Return which of a span's days are read from rollups, and which raw. One query; none with filters."""
    return Split([], [span]) if filters else span_split(site_id=site_id, span=span)


def summed(
    parts: Sequence[Part], keys: int, *, order: str = "", limit: int | None = None, offset: int = 0
) -> list[Summed]:
    """Return (keys, sums, how many there are in all) of parts added up. One query."""
    query = added(parts, keys, order=order, limit=limit, offset=offset)
    if not query:
        return []
    with connection.cursor() as cursor:
        cursor.execute(query.sql, query.params)
        return [(row[:keys], dict(zip(SUMS, row[keys:-1], strict=True)), row[-1]) for row in cursor.fetchall()]
