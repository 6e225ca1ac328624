"""Figures, lengths of time and moments in words. Pure: the caller says what time it is."""

from datetime import datetime, timedelta, tzinfo
from decimal import ROUND_HALF_UP, Decimal

NONE = "–"
MINUS = "\u2212"
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def number(value: float | int | Decimal | None, decimals: int | None = None) -> str:
    """Return `1,234` or, with decimals, `2.97`. A whole number has none unless they are asked for."""
    if value is None:
        return NONE
    if decimals is None:
        decimals = 0 if float(value).is_integer() or abs(float(value)) >= 100 else 2
    return f"{_rounded(value, decimals):,}".replace("-", MINUS)


def short_number(value: float | int | None) -> str:
    """Return `999`, `1.2k`, `12.4k`, `124k`, `1.2M`: for axes and other narrow places."""
    if value is None:
        return NONE
    size, sign = abs(value), MINUS if value < 0 else ""
    for unit, letter in ((1_000_000_000, "B"), (1_000_000, "M"), (1_000, "k")):
        # 999,600 would be rounded to 1000k: it is 1M.
        if size >= unit * 0.9995:
            scaled = size / unit
            text = f"{_rounded(scaled, 0 if scaled >= 99.95 else 1)}"
            return f"{sign}{text.removesuffix('.0')}{letter}"
    return number(value) if float(value).is_integer() else number(value, 1)


def percent(ratio: float | None, decimals: int = 1) -> str:
    """Return a ratio (0-1) as `41.6%`."""
    return NONE if ratio is None else f"{number(ratio * 100, decimals)}%"


def share(ratio: float | None) -> str:
    """Return a part of a whole as `35%`; what is neither nothing nor all says so: `<1%`, `>99%`."""
    if ratio is None:
        return NONE
    if 0 < ratio < 0.01:
        return "<1%"
    if 0.99 < ratio < 1:
        return ">99%"
    return f"{_rounded(ratio * 100, 0)}%"


def duration(seconds: float | int | timedelta | None) -> str:
    """Return `48s`, `2m 05s`, `1h 03m`, `2d 4h`."""
    if seconds is None:
        return NONE
    total = seconds.total_seconds() if isinstance(seconds, timedelta) else seconds
    whole = int(_rounded(abs(total), 0))
    sign = MINUS if total < 0 and whole else ""
    return sign + _length(whole)


def signed(value: float | int | None, decimals: int | None = None) -> str:
    """Return `+12`, `−3`, `±0`."""
    if value is None:
        return NONE
    text = number(abs(value), decimals)
    if not text.strip("0.,"):
        return "±0"
    return f"+{text}" if value > 0 else f"{MINUS}{text}"


def initials(name: str) -> str:
    """Return one or two capitals for a monogram: "Kestrel Instruments" KI, "varnholt.example" VA, "E.ON" EO, "" ?."""
    words = [word for word in name.replace("-", " ").replace("_", " ").split() if word[0].isalnum()]
    if not words:
        return "?"
    letters = words[0][0] + words[1][0] if len(words) > 1 else "".join(filter(str.isalnum, words[0]))[:2]
    return letters.upper()


def moment(at: datetime, *, zone: tzinfo, now: datetime) -> str:
    """Return `09:41` today, `20 Nov, 09:41` this year, `20 Nov 2025, 09:41` before."""
    local, today = at.astimezone(zone), now.astimezone(zone)
    clock = f"{local:%H:%M}"
    return clock if local.date() == today.date() else f"{day(at, zone=zone, now=now)}, {clock}"


def day(at: datetime, *, zone: tzinfo, now: datetime) -> str:
    """Return `20 Nov`, or `20 Nov 2025` where it isn't this year."""
    local = at.astimezone(zone)
    year = "" if local.year == now.astimezone(zone).year else f" {local.year}"
    return f"{local.day} {local:%b}{year}"


def weekday(at: datetime, *, zone: tzinfo, now: datetime) -> str:
    """Return `Fri 20 Nov`, or `Fri 20 Nov 2015` where it isn't this year."""
    return f"{at.astimezone(zone):%a} {day(at, zone=zone, now=now)}"


def exact(at: datetime, *, zone: tzinfo) -> str:
    """Return the moment in full, to the second and with its zone: `Fri 20 Nov 2026, 09:41:07 CET`."""
    local = at.astimezone(zone)
    return f"{local:%a} {local.day} {local:%b %Y, %H:%M:%S} {local.tzname() or 'UTC'}"


def ago(at: datetime, *, zone: tzinfo, now: datetime) -> str:
    """Return `now`, `4 s ago`, `22 m ago`, `3 h ago`, then the date. static/js/times.js says the same."""
    seconds = int((now - at).total_seconds())
    if seconds < 1:
        return "now"
    if seconds < _MINUTE:
        return f"{seconds} s ago"
    if seconds < _HOUR:
        return f"{seconds // _MINUTE} m ago"
    if seconds < _DAY:
        return f"{seconds // _HOUR} h ago"
    return weekday(at, zone=zone, now=now)


def _length(whole: int) -> str:
    if whole < _MINUTE:
        return f"{whole}s"
    if whole < _HOUR:
        return f"{whole // _MINUTE}m {whole % _MINUTE:02}s"
    if whole < _DAY:
        return f"{whole // _HOUR}h {whole % _HOUR // _MINUTE:02}m"
    return f"{whole // _DAY}d {whole % _DAY // _HOUR}h"


def _rounded(value: float | int | Decimal, decimals: int) -> Decimal:
    # Half up, as people round; Python's format rounds half to even on the binary value.
    return Decimal(str(value)).quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)
