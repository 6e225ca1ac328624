"""Envelopes as the door would send them, and the writer's way to store them, for tests behind the door."""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import count
from typing import Any, Literal
from uuid import UUID

from apps.core.ids import uuid7
from apps.core.tenancy import current_schema
from apps.sites.models import Site
from apps.tracking.envelope import Context, Envelope, EventIn, Refusals, pack, partition_of
from apps.tracking.facts import EventsStored
from apps.tracking.models import Session
from apps.tracking.writer.entries import Entry, read_entry
from apps.tracking.writer.leaves import Leaves
from apps.tracking.writer.share import store_share

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
)
CRAWLER = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
NOON = datetime(2026, 11, 18, 12, tzinfo=UTC)
PARTITIONS = 16
EPOCHS = dict.fromkeys(range(PARTITIONS), 1)
_sequence = count(1)


def at(minutes: float, start: datetime = NOON) -> int:
    """Return a moment `minutes` after noon (or `start`), in ms."""
    return int((start.timestamp() + minutes * 60) * 1000)


def view(
    minutes: float, path: str = "/", *, event_id: UUID | None = None, start: datetime = NOON, **fields: Any
) -> EventIn:
    moment = at(minutes, start)
    event_id = event_id or uuid7(moment)
    return EventIn(event_id, "pageview", moment, page_id=event_id, host="first.example", path=path, **fields)


def click(minutes: float, name: str = "signup", *, is_interactive: bool = True, **fields: Any) -> EventIn:
    moment = at(minutes)
    return EventIn(uuid7(moment), "event", moment, name=name, is_interactive=is_interactive, **fields)


def engagement(minutes: float, page: EventIn, seconds: float, scroll: int = 0, **fields: Any) -> EventIn:
    return EventIn(
        uuid7(at(minutes)),
        "engagement",
        at(minutes),
        page_id=page.event_id,
        engaged_ms=int(seconds * 1000),
        scroll_percent=scroll,
        **fields,
    )


def envelope(site: Site, *events: EventIn, visitor: int = 7, schema: str = "", **fields: Any) -> Envelope:
    """Return what one visitor of `site` sent in one request, received at noon of that day at the earliest."""
    defaults: dict[str, Any] = {
        "origin": "tag",
        "received_ms": max([at(0), *(event.occurred_ms for event in events)]),
        "ip_hash": b"\x01" * 32,
        "sealed_ip": b"",
        "seal_hour": 0,
        "user_agent": CHROME,
        "context": Context(screen=(1920, 1080), languages=["de-DE", "en"]),
    }
    return Envelope(
        schema=schema or current_schema(),
        site_id=site.id,
        visitor_id=visitor,
        events=list(events),
        **(defaults | fields),
    )


def entry(body: Envelope | Refusals, *, number: int | None = None) -> Entry:
    """Return `body` as a stream's entry; numbers grow, as they do there."""
    number = next(_sequence) if number is None else number
    partition = partition_of(body.visitor_id, PARTITIONS) if isinstance(body, Envelope) else 0
    field: Literal[b"e", b"r"] = b"e" if isinstance(body, Envelope) else b"r"
    return read_entry(partition, f"{1_800_000_000_000 + number}-0", {field: pack(body)})


def store(*bodies: Envelope | Refusals, epochs: dict[int, int] | None = None) -> list[EventsStored]:
    """Have the writer store `bodies` as one batch of the current agency; return its facts."""
    return store_entries([entry(body) for body in bodies], epochs=epochs)


def store_entries(entries: Sequence[Entry], *, epochs: dict[int, int] | None = None) -> list[EventsStored]:
    facts: list[EventsStored] = []
    for stored in store_share(current_schema(), entries, epochs or EPOCHS, Leaves()):
        facts += stored.facts
    return facts


def visits(site: Site) -> list[Session]:
    return list(Session.objects.filter(site_id=site.id).order_by("started_at", "set_aside"))


def minutes_of(moment: datetime | None, start: datetime = NOON) -> float | None:
    return None if moment is None else (moment - start).total_seconds() / 60
