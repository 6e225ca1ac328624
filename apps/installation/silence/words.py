"""A silence in words."""

from datetime import datetime
from zoneinfo import ZoneInfo

from apps.core import formats

from ..models import Silence


def silence_text(silence: Silence, *, now: datetime) -> str:
    """Return a silence in words: "silent since 14:05, usually 38 page views by now"."""
    since = formats.moment(silence.heard_at, zone=ZoneInfo(silence.site.time_zone), now=now)
    return f"silent since {since}, usually {views(silence)} by now"


def views(silence: Silence) -> str:
    usual = round(silence.usual)
    return f"{formats.number(usual)} page {'view' if usual == 1 else 'views'}"
