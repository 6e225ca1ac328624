"""Do rollups and columns say what the raw rows say? Compares days that reports would take from them, value by value."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Exists

from apps.sites.models import Site

from .columns.build import day_columns
from .columns.layout import COLUMNS
from .dimensions import KEPT
from .models import RollupDay, RollupMark, VisitColumns
from .rollups_build import day_sums
from .sums import SUMS

_STORED = ", ".join(f"stored.{name}" for name in SUMS)
_RAW = ", ".join(f"raw.{name}" for name in SUMS)
# One statement, so one moment: a day that is marked or built anew meanwhile is looked at before or after that.
DIFFERENCES = f"""
WITH raw AS (
    SELECT key_0 AS dimension, key_1 AS country, key_2 AS region, key_3 AS value, {", ".join(SUMS)}
    FROM ({{sums}}) AS summed
), stored AS (
    SELECT dimension, country, region, value, {", ".join(SUMS)} FROM rollup WHERE site_id = %s AND day = %s
)
SELECT dimension, country, region, value, {_STORED}, {_RAW}
FROM stored FULL JOIN raw USING (dimension, country, region, value)
WHERE ({_STORED}) IS DISTINCT FROM ({_RAW})
  AND EXISTS (SELECT FROM rollup_day WHERE site_id = %s AND day = %s)
  AND NOT EXISTS (SELECT FROM rollup_mark WHERE site_id = %s AND day = %s)
ORDER BY dimension, country, region, value
"""
_NAMES = {dimension.code: dimension.name for dimension in KEPT}


@dataclass(frozen=True, slots=True)
class Difference:
    """A value of which rollup and raw rows say something else; None: it is missing there."""

    site: str
    day: date
    dimension: str
    value: str
    stored: dict[str, object] | None
    raw: dict[str, object] | None

    def __str__(self) -> str:
        stored, raw = self.stored or {}, self.raw or {}
        differing = [
            f"{name} {stored.get(name, 'missing')}, raw {raw.get(name, 'missing')}"
            for name in SUMS
            if stored.get(name) != raw.get(name)
        ]
        return f"{self.site} {self.day} {self.dimension} “{self.value}”: {'; '.join(differing)}"


@dataclass(frozen=True, slots=True)
class ColumnsDifference:
    """A day whose columns of these names aren't what its raw rows make."""

    site: str
    day: date
    names: Sequence[str]

    def __str__(self) -> str:
        return f"{self.site} {self.day} columns of visits: {', '.join(self.names)} not as the raw rows make them"


def rollups_check(*, site: Site) -> Iterator[Difference | ColumnsDifference]:
    """Yield what differs on a site's built days. Queries that cost as much as building each day."""
    for day in RollupDay.objects.filter(site_id=site.id).order_by("day").values_list("day", flat=True):
        yield from _day_check(site, day)
        yield from _columns_check(site, day)


def _day_check(site: Site, day: date) -> Iterator[Difference]:
    sums = day_sums(site_id=site.id, day=day, zone=ZoneInfo(site.time_zone))
    with connection.cursor() as cursor:
        cursor.execute(DIFFERENCES.format(sums=sums.sql), (*sums.params, *(site.id, day) * 3))
        rows = cursor.fetchall()
    for dimension, country, region, value, *sides in rows:
        stored, raw = sides[: len(SUMS)], sides[len(SUMS) :]
        yield Difference(
            site=site.slug,
            day=day,
            dimension=_NAMES.get(dimension, str(dimension)),
            value=" > ".join(text for text in (country, region, value) if text),
            stored=_side(stored),
            raw=_side(raw),
        )


def _columns_check(site: Site, day: date) -> Iterator[ColumnsDifference]:
    """Make a day's columns anew and compare. A day that changed meanwhile has a mark or was built again."""
    built_at = _held_since(site.id, day)
    if built_at is None:
        return
    stored = VisitColumns.objects.filter(site_id=site.id, day=day).values("visits", *COLUMNS).first() or {}
    made = day_columns(site_id=site.id, day=day, zone=ZoneInfo(site.time_zone)) or {}
    names = [name for name in ("visits", *COLUMNS) if _plain(stored.get(name)) != made.get(name)]
    if names and _held_since(site.id, day) == built_at:
        yield ColumnsDifference(site.slug, day, names)


def _held_since(site_id: int, day: date) -> datetime | None:
    """Return when a day's columns were made, if reports take them."""
    marked = RollupMark.objects.filter(site_id=site_id, day=day)
    held = RollupDay.objects.filter(~Exists(marked), site_id=site_id, day=day, has_columns=True)
    return held.values_list("built_at", flat=True).first()


def _plain(value: object) -> object:
    return bytes(value) if isinstance(value, memoryview) else value


def _side(values: list[object]) -> dict[str, object] | None:
    return None if values[0] is None else dict(zip(SUMS, values, strict=True))
