"""Counts by UTC day for the statistics page, in "volatile": one small hash a day, kept for 35 days.

What is counted here is counted for Prometheus too, which sees further back and each machine by itself.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import cast

from apps.core import clock
from apps.tracking import valkey

KEPT_DAYS = 35
KEPT_SECONDS = KEPT_DAYS * 24 * 3600


@dataclass(frozen=True, slots=True)
class LastError:
    at: datetime
    text: str


class DayCounts:
    """The counts of one `service`, and its last error. Raises RedisError."""

    def __init__(self, service: str) -> None:
        self._service = service

    def add(self, counts: dict[str, int]) -> None:
        pipeline = valkey.volatile().pipeline()
        name = self._name(clock.today())
        for field_name, count in counts.items():
            pipeline.hincrby(name, field_name, count)
        pipeline.expire(name, KEPT_SECONDS)
        pipeline.execute()

    def sums(self, *, days: int) -> "Counter[str]":
        """Return the sums of the last `days` days, today among them. One round trip."""
        today = clock.today()
        pipeline = valkey.volatile().pipeline(transaction=False)
        for back in range(days):
            pipeline.hgetall(self._name(today - timedelta(days=back)))
        sums: Counter[str] = Counter()
        for held in cast("list[dict[bytes, bytes]]", pipeline.execute()):
            sums.update({name.decode(): int(count) for name, count in held.items()})
        return sums

    def error_note(self, text: str) -> None:
        pipeline = valkey.volatile().pipeline()
        pipeline.hset(self._last_error, mapping={"at": str(clock.now_ms()), "text": text})
        pipeline.expire(self._last_error, KEPT_SECONDS)
        pipeline.execute()

    def last_error(self) -> LastError | None:
        held = cast("dict[bytes, bytes]", valkey.volatile().hgetall(self._last_error))
        if b"at" not in held:
            return None
        at = datetime.fromtimestamp(int(held[b"at"]) / 1000, UTC)
        return LastError(at, held.get(b"text", b"").decode())

    @property
    def _last_error(self) -> str:
        return f"beacon:{self._service}:last-error"

    def _name(self, day: date) -> str:
        return f"beacon:{self._service}:day:{day:%Y-%m-%d}"


def counts_part(sums: "Counter[str]", prefix: str) -> "Counter[str]":
    """Return those whose name begins with `prefix`, without it."""
    return Counter({name.removeprefix(prefix): count for name, count in sums.items() if name.startswith(prefix)})
