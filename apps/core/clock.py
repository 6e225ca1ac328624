"""The one place that asks what time it is, so that tests can stand time still."""

from datetime import UTC, date, datetime, timedelta

MILLISECOND = timedelta(milliseconds=1)


def now() -> datetime:
    """Return the present moment, aware, in UTC."""
    return datetime.now(UTC)


def now_ms() -> int:
    """Return the present moment in whole milliseconds since 1970, as the wire contract counts."""
    return int(now().timestamp() * 1000)


def today() -> date:
    """Return the present UTC day."""
    return now().date()


def from_ms(milliseconds: int) -> datetime:
    """Return the aware UTC moment of `milliseconds` since 1970. Raises ValueError outside years 1-9999."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
