"""What comes over the wire, read once: strictly typed, each event by itself, every fault named by its field.

The words are those of the ingest contract. Clean bodies, as the tag sends them, are read in one pass of msgspec;
whatever isn't clean (an unknown field, a text too long, a wrong type) is read again by `payload_repair`, which keeps
what is good.
"""

from typing import Annotated, Any, Literal

import msgspec

MAX_EVENTS = 100
MAX_PROPS = 30
MAX_ITEMS = 100
MAX_ID = 128

Number = int | float
Text16 = Annotated[str, msgspec.Meta(max_length=16)]
Text32 = Annotated[str, msgspec.Meta(max_length=32)]
Text35 = Annotated[str, msgspec.Meta(max_length=35)]
Text64 = Annotated[str, msgspec.Meta(max_length=64)]
Text128 = Annotated[str, msgspec.Meta(max_length=128)]
Text256 = Annotated[str, msgspec.Meta(max_length=256)]
Text500 = Annotated[str, msgspec.Meta(max_length=500)]
Text512 = Annotated[str, msgspec.Meta(max_length=512)]
Text1024 = Annotated[str, msgspec.Meta(max_length=1024)]
Text2048 = Annotated[str, msgspec.Meta(max_length=2048)]
PropName = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Props = Annotated[dict[PropName, Text500 | bool | Number], msgspec.Meta(max_length=MAX_PROPS)]


class Wire(msgspec.Struct, forbid_unknown_fields=True):
    """Base of what a sender may write. Null is the same as leaving a field out."""


class ContextWire(Wire, kw_only=True):
    screen: tuple[Number, Number] | None = None
    viewport: tuple[Number, Number] | None = None
    pixel_ratio: Number | None = None
    languages: Annotated[list[Text64], msgspec.Meta(max_length=16)] | None = None
    time_zone: Text64 | None = None
    color_scheme: Text16 | None = None
    touch: bool | None = None
    connection: Text32 | None = None
    webdriver: bool | None = None


class ConsentWire(Wire, kw_only=True):
    analytics: Literal["granted", "denied", ""] | None = None
    marketing: Literal["granted", "denied", ""] | None = None
    source: Text32 | None = None
    at: int | None = None
    text_version: Text64 | None = None
    gpc: bool | None = None
    dnt: bool | None = None


class VitalsWire(Wire, kw_only=True):
    ttfb: Number | None = None
    fcp: Number | None = None
    lcp: Number | None = None
    inp: Number | None = None
    cls: Number | None = None
    load: Number | None = None


class ItemWire(Wire, kw_only=True):
    sku: Text128 | None = None
    name: Text256 | None = None
    price: Number | Text32 | None = None
    quantity: Number | None = None
    category: Text256 | None = None


class TargetWire(Wire, kw_only=True):
    selector: Text256 | None = None
    text: Text128 | None = None
    x: Number | None = None
    y: Number | None = None
    href: Text2048 | None = None


class UserWire(Wire, kw_only=True):
    id: Text256 | None = None
    email: Text256 | None = None
    traits: dict[str, Any] | None = None


class MatchWire(Wire, kw_only=True):
    ga_client_id: Text128 | None = None
    ga_session_id: Text128 | None = None
    fbp: Text128 | None = None
    fbc: Text512 | None = None


class EventWire(Wire, kw_only=True):
    """One event as sent. `id` isn't cut when it is too long: two could become one."""

    id: Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_ID)]
    kind: Literal["pageview", "event", "engagement", "vitals", "error", "identify"]
    at: int
    name: Text64 | None = None
    page_id: Annotated[str, msgspec.Meta(max_length=MAX_ID)] | None = None
    url: Text2048 | None = None
    referrer: Text2048 | None = None
    title: Text512 | None = None
    engaged_ms: int | None = None
    scroll_percent: int | None = None
    vitals: VitalsWire | None = None
    value: Number | Text64 | None = None
    currency: Text16 | None = None
    transaction_id: Text128 | None = None
    # What the page's own pixel of an ad platform gives as the event's id, so that the platform counts both once.
    event_id: Annotated[str, msgspec.Meta(max_length=MAX_ID)] | None = None
    items: Annotated[list[ItemWire], msgspec.Meta(max_length=MAX_ITEMS)] | None = None
    interactive: bool | None = None
    props: Props | None = None
    target: TargetWire | None = None
    user: UserWire | None = None
    match: MatchWire | None = None
    # Of a page view: its `link rel=canonical`, the site's own name for this kind of page, `html lang`.
    canonical: Text2048 | None = None
    content_group: Text128 | None = None
    language: Text35 | None = None


class HeadWire(Wire, kw_only=True):
    """What stands beside the events. `ip`, `user_agent` and `visitor` count with an API key only."""

    site_key: Annotated[str, msgspec.Meta(min_length=1)]
    sent_at: int | None = None
    tracker: Text64 | None = None
    context: ContextWire | None = None
    consent: ConsentWire | None = None
    ip: Text64 | None = None
    user_agent: Text1024 | None = None
    visitor: Text128 | None = None


class BatchWire(HeadWire, kw_only=True):
    events: Annotated[list[EventWire], msgspec.Meta(min_length=1, max_length=MAX_EVENTS)]


class SingleWire(EventWire, kw_only=True):
    """One event's fields beside those of the head (written out: msgspec can't lay two bases side by side)."""

    site_key: Annotated[str, msgspec.Meta(min_length=1)]
    sent_at: int | None = None
    tracker: Text64 | None = None
    context: ContextWire | None = None
    consent: ConsentWire | None = None
    ip: Text64 | None = None
    user_agent: Text1024 | None = None
    visitor: Text128 | None = None


class Fault(msgspec.Struct, omit_defaults=True):
    """What is wrong with which field, as the sender is told. `index` None: with the request as a whole."""

    field: str
    why: str
    index: int | None = None


class Payload(msgspec.Struct):
    """A body, read. What can be kept stands in `events` with its index; `faults` are the others.

    `fault`: something beside the events is wrong, so none is kept; `head` then holds what could be read for the ledger.
    """

    head: HeadWire | SingleWire
    events: list[tuple[int, EventWire]]
    faults: list[Fault] = []
    fault: Fault | None = None
    total: int = 1
    cut: int = 0
    ignored: int = 0
    is_single: bool = False

    def field(self, index: int, name: str) -> str:
        """Return the full name of an event's field, as the sender wrote it."""
        return name if self.is_single else f"events[{index}].{name}" if name else f"events[{index}]"


class Unreadable(Exception):
    """The body isn't JSON, not an object, or names no site: nothing of it can be kept or counted."""

    def __init__(self, field: str, why: str) -> None:
        super().__init__(why)
        self.fault = Fault(field, why)


_batch = msgspec.json.Decoder(BatchWire).decode
_single = msgspec.json.Decoder(SingleWire).decode


def read_clean(body: bytes, *, is_single: bool) -> Payload:
    """Return the payload of a body without a single flaw. Raises one of payload_repair.READ_ERRORS otherwise."""
    if is_single:
        single = _single(body)
        return Payload(single, [(0, single)], is_single=True)
    batch = _batch(body)
    return Payload(batch, list(enumerate(batch.events)), total=len(batch.events))
