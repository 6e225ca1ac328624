"""What arrives at the door: a request's head, what its steps have made of it, and how one is turned away."""

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Literal

from . import routes
from .drop_reasons import Refusal
from .envelope import Consent, EventIn
from .payload import Fault, Payload

UNSAID = Consent()
Door = Literal["batch", "event", "pixel"]


class Turned(Exception):
    """The request as a whole is turned away. `refusal` None: not a site's events, so in no ledger."""

    def __init__(
        self,
        status: HTTPStatus,
        fault: Fault,
        *,
        refusal: Refusal | None = None,
        reason: str = "",
        retry_after: float = 0.0,
        limit: tuple[str, int] | None = None,
    ) -> None:
        super().__init__(fault.why)
        self.status = status
        self.fault = fault
        self.refusal = refusal
        self.reason = reason
        self.retry_after = retry_after
        self.limit = limit


@dataclass(slots=True)
class Head:
    """What a request says outside its body, whichever server took it."""

    door: Door
    received_ms: int
    peer: str
    content_type: str = ""
    content_encoding: str = ""
    origin: str | None = None
    authorization: str = ""
    user_agent: str = ""
    accept_language: str = ""
    referer: str = ""
    gpc: str = ""
    dnt: str = ""
    x_forwarded_for: str = ""
    forwarded: str = ""
    # In the header that BEACON_CLIENT_ADDRESS_HEADER names.
    told_address: str = ""
    proxy_key: str = ""
    proxied_address: str = ""
    hint_brands: str = ""
    hint_mobile: str = ""
    hint_platform: str = ""
    fetch_site: str = ""
    fetch_mode: str = ""
    fetch_dest: str = ""
    # What the limits said: asked once, though the steps may run again after loading something.
    address_wait: float | None = field(default=None, init=False)
    proxy_wait: float | None = field(default=None, init=False)
    site_wait: float | None = field(default=None, init=False)


@dataclass(slots=True)
class Intake:
    """A request on its way through the door's steps."""

    head: Head
    payload: Payload
    route: routes.Route
    address: str
    user_agent: str = ""
    visitor: str = ""
    is_server: bool = False
    # As the request says it, the browser's own signals heeded. Set by a step.
    consent: Consent = UNSAID
    events: list[EventIn] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    refused: dict[Refusal, int] = field(default_factory=dict)
    reasons: dict[str, int] = field(default_factory=dict)
    # Ready for the streams: partition and packed envelope.
    envelopes: list[tuple[int, bytes]] = field(default_factory=list)

    @property
    def total(self) -> int:
        return max(1, self.payload.total)

    def refuse(self, refusal: Refusal, count: int = 1) -> None:
        self.refused[refusal] = self.refused.get(refusal, 0) + count


class TurnedFromSite(Turned):
    """Turned away with a known site: counted in its ledger."""

    def __init__(self, turned: Turned, intake: Intake) -> None:
        super().__init__(
            turned.status,
            turned.fault,
            refusal=turned.refusal,
            reason=turned.reason,
            retry_after=turned.retry_after,
            limit=turned.limit,
        )
        self.intake = intake
