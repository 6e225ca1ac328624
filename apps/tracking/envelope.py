"""What travels in the event streams: the door's finished, validated, scrubbed value, and its refusals.

One stream entry is one `Envelope` (field `e`) or one `Refusals` (field `r`), packed by msgspec as MessagePack arrays.
Fields are only ever appended, with a default, so that entries written before an upgrade stay readable after it.
An envelope holds events of one visitor id: a request whose events fall on two salt days makes two envelopes.
"""

from typing import Literal
from uuid import UUID

import msgspec

ENVELOPE_FIELD = b"e"
REFUSALS_FIELD = b"r"


class EventIn(msgspec.Struct, array_like=True, omit_defaults=True):
    """One event, within the contract's caps. Moments in ms since 1970 UTC, already corrected and bounded."""

    event_id: UUID
    kind: Literal["pageview", "event", "engagement", "vitals", "error", "identify"]
    occurred_ms: int
    name: str = ""
    page_id: UUID | None = None
    host: str = ""
    path: str = ""
    query: str = ""  # allow-listed parameters only, without "?"
    fragment: str = ""
    title: str = ""
    referrer: str = ""  # scrubbed
    is_interactive: bool = False
    is_late: bool = False  # 48 h to 7 days: a session of its own
    engaged_ms: int = 0
    scroll_percent: int = 0
    vitals: dict[str, float] | None = None  # ttfb, fcp, lcp, inp, load in ms; cls
    value: str | None = None  # decimal text
    currency: str = ""
    transaction_id: str = ""
    items: list[dict[str, str | float | int]] | None = None
    props: dict[str, str | float | int | bool] | None = None
    target: dict[str, str | float | int] | None = None
    user_id_hash: bytes | None = None
    clock_skew_ms: int = 0
    canonical_url: str = ""  # scrubbed, with the allow-listed parameters only
    content_group: str = ""
    page_language: str = ""  # BCP 47
    email_domain: str = ""  # of a business e-mail address given by identify; the address itself ends at the door
    # What ad platforms recognise the visitor by (steps.match), with marketing consent alone; sealed as the address is.
    sealed_match: bytes = b""


class Context(msgspec.Struct, array_like=True, omit_defaults=True, frozen=True):
    """What the browser says of itself: constant for a page, kept on the session."""

    screen: tuple[int, int] | None = None
    viewport: tuple[int, int] | None = None
    pixel_ratio: float | None = None
    languages: list[str] = []
    time_zone: str = ""
    color_scheme: str = ""
    touch: bool | None = None
    connection: str = ""
    webdriver: bool = False


class Consent(msgspec.Struct, array_like=True, omit_defaults=True, frozen=True):
    """Consent as it stood when the events were sent. Either is granted, denied or empty (never asked)."""

    analytics: str = ""
    marketing: str = ""
    source: str = ""
    at_ms: int = 0
    text_version: str = ""
    gpc: bool = False
    dnt: bool = False


class Envelope(msgspec.Struct, array_like=True, omit_defaults=True):
    """Events of one visitor from one request."""

    schema: str
    site_id: int
    origin: Literal["tag", "server", "pixel", "import"]
    received_ms: int
    visitor_id: int
    ip_hash: bytes
    sealed_ip: bytes  # AES-GCM under the hour's key, see apps.tracking.sealing
    seal_hour: int  # hours since 1970: which key
    user_agent: str
    events: list[EventIn]
    # Yesterday's id of the same person, given within 30 minutes after midnight UTC: an open session keeps it.
    previous_visitor_id: int | None = None
    context: Context = Context()
    consent: Consent = Consent()
    has_origin: bool = True  # the request had an Origin header
    accept_language: str = ""
    tracker: str = ""
    import_id: int = 0  # 0: not an import
    head_signals: list[str] = []  # what the request's head says against itself: steps.signals.head_signals


class Refusals(msgspec.Struct, array_like=True):
    """Events that the door turned away, summed up, for the ledger."""

    schema: str
    site_id: int
    day: str  # UTC day of receipt, ISO
    counts: dict[str, int]  # drop_reasons.Refusal -> events


pack = msgspec.msgpack.Encoder().encode
unpack_envelope = msgspec.msgpack.Decoder(Envelope).decode
unpack_refusals = msgspec.msgpack.Decoder(Refusals).decode


def stream_name(partition: int) -> str:
    """Return the stream of a partition; the braces keep a partition's keys on one node of a cluster."""
    return f"events:{{p{partition}}}"


def partition_of(visitor_id: int, partitions: int) -> int:
    """Return a visitor's partition: all of a visitor's events pass through one stream, in order."""
    return visitor_id % partitions
