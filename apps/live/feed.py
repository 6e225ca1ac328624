"""What happened last on a site, a line each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from apps.tracking.models import Event, Kind, Origin
from apps.tracking.selectors import PRESENT_FOR
from apps.tracking.wording import city_words, event_words

from .visits import Row

FEED_ROWS = 14


@dataclass(frozen=True, slots=True)
class FeedLine:
    """One thing that happened, as the feed says it: who (`is_named`: a company), did what, where."""

    id: UUID
    at: datetime
    icon: str
    who: str
    is_named: bool
    did: str
    path: str


class Happened(NamedTuple):
    event_id: UUID
    occurred_at: datetime
    kind: str
    name: str
    path: str
    session_id: UUID


# What the tracker's own events are called in a sentence, and their icons. Names: the ingest contract.
_DEEDS = {
    "purchase": ("bought something on", "badge-check"),
    "outbound": ("followed a link out from", "external-link"),
    "download": ("downloaded a file from", "download"),
    "form_start": ("began a form on", "file-text"),
    "form_submit": ("sent a form on", "send"),
    "rage_click": ("pressed in vain, again and again, on", "mouse-pointer-click"),
    "dead_click": ("pressed what doesn't answer on", "mouse-pointer-click"),
}


def last_events(site_id: int, at: datetime) -> list[Happened]:
    """Return people's last page views and events, newest first, by the primary key's index."""
    events = Event.objects.filter(
        site_id=site_id,
        kind__in=[Kind.PAGEVIEW, Kind.EVENT],
        set_aside="",
        occurred_at__gte=at - PRESENT_FOR * 2,
        occurred_at__lte=at + PRESENT_FOR,
    )
    found = (
        events.exclude(origin=Origin.IMPORT)
        .order_by("-occurred_at", "-event_id")
        .values_list(*Happened._fields)[:FEED_ROWS]
    )
    return [Happened(*row) for row in found]


def feed_of(events: Sequence[Happened], rows: Mapping[UUID, Row], names: Mapping[int, str]) -> list[FeedLine]:
    """Return the events of visits that are present, as the feed says them."""
    return [_line(event, rows[event.session_id], names) for event in events if event.session_id in rows]


def _line(event: Happened, row: Row, names: Mapping[int, str]) -> FeedLine:
    name = names.get(row.company_id or 0, "")
    did, icon = _deed(event, row)
    return FeedLine(
        id=event.event_id,
        at=event.occurred_at,
        icon="building-2" if name and icon == "footprints" else icon,
        who=name or (f"Someone in {city_words(row.city)}" if row.city else "Someone"),
        is_named=bool(name),
        did=did,
        path=event.path or "/",
    )


def _deed(event: Happened, row: Row) -> tuple[str, str]:
    """Return what was done as it stands before the page's path, and its icon."""
    if event.kind == Kind.PAGEVIEW:
        if event.occurred_at != row.started_at:
            return "opened", "footprints"
        if not row.source or row.source == "Direct":
            return "came directly to", "footprints"
        paid = ", paid," if row.channel.startswith("Paid") else ""
        return f"came from {row.source}{paid} to", "footprints"
    if event.name in _DEEDS:
        return _DEEDS[event.name]
    return f"did “{event_words(event.name)}” on", "mouse-pointer-click"
