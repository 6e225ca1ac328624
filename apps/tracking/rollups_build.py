"""Building rollups: days that were never summed up, and built ones whose rows have changed since.

The order of a build is what makes it right: first the day's marks go, then its rows are summed up by a later
statement, all in one transaction. A change whose mark is gone was committed before the sum; a change that comes after
the marks went leaves its own mark, and the day stays raw until the next time. Days that are still running aren't built.
"""

import time
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.db.models import F, TextField, Value
from django.db.models.functions import Cast, Coalesce

from apps.core import clock
from apps.core.periods import DAY, day_start
from apps.sites.models import Site

from .dimensions import KEPT, WHOLE, Dimension, Over
from .locks import rollups_try_lock
from .models import Kind, RollupMark
from .selectors import event_all, session_all
from .sums import SUMS, Key, Part, added, counts_part, events_part, sessions_part

# A day whose rows go on changing (late events, an import) is summed up anew no more often than this.
REST = timedelta(seconds=60)
# So much work at once for an agency; the next run goes on.
RUN_SECONDS = 10.0
RUN_DAYS = 200

# Marks of days that aren't built say nothing: such days are raw anyway.
DROP_USELESS = """
DELETE FROM rollup_mark AS mark WHERE NOT EXISTS (
    SELECT FROM rollup_day AS built WHERE built.site_id = mark.site_id AND built.day = mark.day
)
"""
CHANGED = """
SELECT built.site_id, built.day FROM rollup_day AS built
WHERE built.built_at < %s AND EXISTS (
    SELECT FROM rollup_mark AS mark WHERE mark.site_id = built.site_id AND mark.day = built.day
)
ORDER BY built.day DESC, built.site_id LIMIT %s
"""
# Every day from a site's first visit to the one before today, in its zone: what happened on none of them is before
# the first visit, or on a day that is still running. And those that were built before there were columns.
MISSING = """
SELECT site.id, past.moment::date FROM sites_site AS site
CROSS JOIN LATERAL (
    SELECT started_at FROM session WHERE site_id = site.id ORDER BY started_at LIMIT 1
) AS oldest
CROSS JOIN LATERAL generate_series(
    (oldest.started_at AT TIME ZONE site.time_zone)::date,
    (%s AT TIME ZONE site.time_zone)::date - 1,
    interval '1 day'
) AS past (moment)
WHERE NOT EXISTS (
    SELECT FROM rollup_day AS built
    WHERE built.site_id = site.id AND built.day = past.moment::date AND built.has_columns
)
ORDER BY past.moment DESC, site.id LIMIT %s
"""
INSERT = f"""
INSERT INTO rollup (site_id, dimension, day, number, country, region, value, {", ".join(SUMS)})
SELECT %s, key_0, %s, row_number() OVER (PARTITION BY key_0 ORDER BY visitors DESC), key_1, key_2, key_3,
  {", ".join(SUMS)}
FROM ({{sums}}) AS summed
"""
BUILT = """
INSERT INTO rollup_day (site_id, day, built_at, has_columns) VALUES (%s, %s, %s, true)
ON CONFLICT (site_id, day) DO UPDATE SET built_at = excluded.built_at, has_columns = true
"""


@dataclass(frozen=True, slots=True)
class Day:
    site_id: int
    day: date


def rollups_build(*, seconds: float = RUN_SECONDS) -> int:
    """Build what is due in the current agency, newest days first, for so many seconds; return how many days were built.

    May run twice and side by side: of two at once, one has nothing to do.
    """
    until = time.monotonic() + seconds
    built = 0
    marks_drop_useless()
    for due in (days_changed(), days_missing()):
        for one in due:
            if time.monotonic() > until:
                return built
            built += day_build(site_id=one.site_id, day=one.day)
    return built


def marks_drop_useless() -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        if rollups_try_lock():
            cursor.execute(DROP_USELESS)


def days_changed() -> list[Day]:
    """Return built days with marks that have rested since. One query."""
    with connection.cursor() as cursor:
        cursor.execute(CHANGED, [clock.now() - REST, RUN_DAYS])
        return [Day(*row) for row in cursor.fetchall()]


def days_missing() -> list[Day]:
    """Return past days that were never built, or not wholly. One query: an index look-up a site, and its days."""
    with connection.cursor() as cursor:
        cursor.execute(MISSING, [clock.now(), RUN_DAYS])
        return [Day(*row) for row in cursor.fetchall()]


@transaction.atomic
def day_build(*, site_id: int, day: date) -> bool:
    """Sum a day up anew, keep its columns, and return True.

    False where somebody else is at it, the day isn't over or the site is gone.

    Holds the site's row, so that neither its zone changes nor it is deleted meanwhile.
    """
    if not rollups_try_lock():
        return False
    site = Site.objects.select_for_update(no_key=True).filter(id=site_id).first()
    now = clock.now()
    if site is None or day >= now.astimezone(ZoneInfo(site.time_zone)).date():
        return False
    RollupMark.objects.filter(site_id=site_id, day=day).delete()
    # From here on another snapshot: whatever was committed with one of those marks is in the sums.
    _sums_delete(site_id, day)
    # Here, since the door and the writer import all tasks, and have no use for the 16 MB of numpy.
    from .columns.build import day_store

    zone = ZoneInfo(site.time_zone)
    day_store(site_id=site_id, day=day, zone=zone)
    sums = day_sums(site_id=site_id, day=day, zone=zone)
    with connection.cursor() as cursor:
        cursor.execute(INSERT.format(sums=sums.sql), [site_id, day, *sums.params])
        cursor.execute(BUILT, [site_id, day, now])
    return True


def _sums_delete(site_id: int, day: date) -> None:
    """Delete a day's sums. By SQL: Django would read each row before, which took as long as to make them anew."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM rollup WHERE site_id = %s AND day = %s AND dimension = ANY(%s)",
            [site_id, day, [one.code for one in KEPT]],
        )


def day_sums(*, site_id: int, day: date, zone: ZoneInfo) -> Part:
    """Return all sums of a day from its raw rows: keys are the dimension's code, country, region and value."""
    since, until = day_start(day, zone), day_start(day + DAY, zone)
    parts: list[Part] = []
    for dimension in KEPT:
        keys = _keys(dimension)
        if dimension.over is Over.SESSIONS:
            sessions = session_all(site_id=site_id, since=since, until=until)
            if dimension.is_unknown_only:
                sessions = sessions.filter(**{dimension.column: dimension.unknown})
            parts.append(sessions_part(sessions, *keys))
        else:
            kind = Kind.PAGEVIEW if dimension.over is Over.PAGEVIEWS else Kind.EVENT
            events = event_all(site_id=site_id, since=since, until=until, kind=kind)
            parts.append(events_part(events, zone, *keys))
    views = event_all(site_id=site_id, since=since, until=until, kind=Kind.PAGEVIEW)
    parts.append(counts_part(views, *_keys(WHOLE)))
    summed = added(parts, 4)
    return Part(f"SELECT * FROM ({summed.sql}) AS every WHERE visits > 0 OR count > 0", summed.params)


def _keys(dimension: Dimension) -> list[Key]:
    nothing: Key = Value("", output_field=TextField())
    country = F("country") if "country" in dimension.columns[:-1] else nothing
    region = F("region") if "region" in dimension.columns[:-1] else nothing
    return [Value(dimension.code), country, region, _value(dimension)]


def _value(dimension: Dimension) -> Key:
    if not dimension.columns:
        return Value("", output_field=TextField())
    if dimension.column == "company_id":
        return Coalesce(Cast("company_id", TextField()), Value(""), output_field=TextField())
    return F(dimension.column)
