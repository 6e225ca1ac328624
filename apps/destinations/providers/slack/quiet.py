"""Quiet hours: from when until when nothing is sent, by the site's own clock. Pure."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo


def quiet_until(now: datetime, *, since: time, until: time, zone: ZoneInfo) -> datetime | None:
    """Return when the quiet hours that `now` lies in end; None where it lies in none. They may last over midnight.

    Both are times on the wall: where the clock is put forward over `until` it is the moment after, where it is put
    back it is the second time that it shows it.
    """
    local = now.astimezone(zone)
    wall = local.time()
    if since <= until:
        is_quiet, day = since <= wall < until, local.date()
    else:
        is_quiet = wall >= since or wall < until
        day = local.date() + timedelta(days=1) if wall >= since else local.date()
    if not is_quiet:
        return None
    moment = datetime.combine(day, until, zone)
    return max(moment.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
