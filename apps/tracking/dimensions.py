"""What visits and events are counted by: each dimension's columns, and the rows it is counted over.

Reports read these sums from raw rows or from rollups, so both name dimensions by this one table.
"""

from dataclasses import dataclass
from enum import StrEnum


class Over(StrEnum):
    """Which rows a dimension is counted over."""

    SESSIONS = "sessions"
    PAGEVIEWS = "pageviews"
    EVENTS = "events"


@dataclass(frozen=True, slots=True)
class Dimension:
    """A dimension as rollups keep it. `code` stands in stored rows: it never changes and is never given to another."""

    code: int
    name: str
    columns: tuple[str, ...]
    over: Over = Over.SESSIONS
    # What is stored in the last column where nothing is known.
    unknown: str | None = ""
    # Kept for the visits about which nothing is known alone. A visitor may have two such visits in two countries, so
    # the visitors without a region aren't the sum over countries.
    is_unknown_only: bool = False

    @property
    def column(self) -> str:
        return self.columns[-1]


# All visits of a day; page views by their own time.
WHOLE = Dimension(0, "whole", ())
_BROKEN_DOWN = (
    Dimension(1, "channels", ("channel",)),
    Dimension(2, "sources", ("source",)),
    Dimension(3, "campaigns", ("campaign",)),
    Dimension(4, "mediums", ("medium",)),
    Dimension(5, "referrers", ("referrer_host",)),
    Dimension(6, "pages", ("path",), Over.PAGEVIEWS),
    Dimension(7, "entries", ("entry_path",)),
    Dimension(8, "exits", ("exit_path",)),
    Dimension(9, "countries", ("country",)),
    Dimension(10, "regions", ("country", "region")),
    Dimension(11, "cities", ("country", "region", "city")),
    Dimension(12, "companies", ("company_id",), unknown=None),
    Dimension(13, "networks", ("network_kind",), unknown="unknown"),
    Dimension(14, "devices", ("device",)),
    Dimension(15, "browsers", ("browser",)),
    Dimension(16, "systems", ("system",)),
    Dimension(17, "languages", ("language",)),
    Dimension(18, "events", ("name",), Over.EVENTS),
)
_UNKNOWN = (
    Dimension(19, "regions_unknown", ("region",), is_unknown_only=True),
    Dimension(20, "cities_unknown", ("city",), is_unknown_only=True),
)
BROKEN_DOWN: dict[str, Dimension] = {dimension.name: dimension for dimension in _BROKEN_DOWN}
KEPT: tuple[Dimension, ...] = (WHOLE, *_BROKEN_DOWN, *_UNKNOWN)


def unknown_of(dimension: Dimension) -> Dimension:
    """Return the dimension that holds the visits about which `dimension` knows nothing."""
    return next((one for one in _UNKNOWN if one.name == f"{dimension.name}_unknown"), dimension)
