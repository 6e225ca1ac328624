"""The periods that figures of deliveries are of: back from now, in equal spans for their bars. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Window:
    """`key`: in addresses. `label`: after "in". `span`: the length of each of the `spans` bars."""

    key: str
    label: str
    length: timedelta
    spans: int
    span: str

    def since(self, now: datetime) -> datetime:
        return now - self.length

    @property
    def span_length(self) -> timedelta:
        return self.length / self.spans


WINDOWS: Sequence[Window] = (
    Window("24h", "24 hours", timedelta(hours=24), 12, "2 hours"),
    Window("7d", "7 days", timedelta(days=7), 7, "1 day"),
    Window("30d", "30 days", timedelta(days=30), 15, "2 days"),
    Window("90d", "90 days", timedelta(days=90), 15, "6 days"),
    Window("360d", "360 days", timedelta(days=360), 12, "30 days"),
)
DEFAULT, WEEK = WINDOWS[0], WINDOWS[1]


def window_read(key: str) -> Window:
    """Return the window that an address names; the last 24 hours for none, and for nonsense."""
    return next((one for one in WINDOWS if one.key == key), DEFAULT)
