"""What arrives at the door, and the list of steps through which it goes there. The writer's list is in `ingest`.

An `Intake` is filled step by step; a step that turns the whole request away raises `Turned`. No step waits for
anything: a value that isn't at hand is raised as `loading.NotLoaded`, and the steps are run again on a fresh intake
once it is.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache, lru_cache
from http import HTTPStatus
from typing import Literal

from django.conf import settings

from apps.agencies.api_keys import INGEST, key_hash
from apps.core.crypto import derived_key

from . import events, identity, routes, salts, sealing
from .address import Network, clean_address, client_address, lies_in, parse_address
from .body import BodyTurned, body_of
from .drop_reasons import Refusal, SetAside
from .envelope import Envelope, EventIn, pack, partition_of
from .loading import NotLoaded, Unavailable
from .payload import Fault, Payload, Unreadable, read_clean
from .payload_repair import READ_ERRORS, read_flawed
from .steps import bots
from .steps.scrubbing import scrub_event
from .throttles import Limits

Door = Literal["batch", "event", "pixel"]
ORIGINS: dict[Door, Literal["tag", "pixel"]] = {"batch": "tag", "event": "tag", "pixel": "pixel"}

PARTITIONS: int = settings.STREAM_PARTITIONS
MAX_USER_AGENT = 1024
MAX_ACCEPT_LANGUAGE = 256
# An open session keeps yesterday's id when its visitor goes on after midnight.
SESSION_GAP_MS = 30 * 60_000


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
    # What the limits said: asked once, though the steps may run again after loading something.
    address_wait: float | None = field(default=None, init=False)
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


Step = Callable[[Intake], None]


def take_in(head: Head, read: Callable[[], Payload], limits: Limits) -> Intake:
    """Return the request after all steps at the door. `read` gives its payload, or raises Turned.

    Raises Turned (one that belongs in a site's ledger is a TurnedFromSite), loading.NotLoaded and loading.Unavailable.
    """
    address = client_address(head.peer, head.x_forwarded_for, head.forwarded, trusted_proxies())
    if head.address_wait is None:
        head.address_wait = limits.per_ip.take(address)
    wait = head.address_wait
    try:
        payload = read()
        intake = Intake(head, payload, find_site(payload.head.site_key), address)
    except (Turned, NotLoaded):
        # Who asks for too much gets no database query for keys that he makes up.
        if wait:
            raise rate_turned("address", limits.per_ip.rate, wait) from None
        raise
    return go_through(intake, limits, wait)


@cache
def trusted_proxies() -> tuple[Network, ...]:
    return tuple(settings.BEACON_TRUSTED_PROXIES)


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


def go_through(intake: Intake, limits: Limits, wait: float) -> Intake:
    try:
        check_key(intake, wait, limits)
        check_rate(intake, limits, wait)
        for step in AT_THE_DOOR:
            step(intake)
    except Turned as turned:
        raise TurnedFromSite(turned, intake) from None
    return intake


def read_body(head: Head, body: bytes) -> Payload:
    """Parse once. A body without flaws takes one pass; any other is read again with care."""
    has_key = bool(head.authorization)
    try:
        text = body_of(body, content_type=head.content_type, encoding=head.content_encoding, has_key=has_key)
    except BodyTurned as error:
        raise Turned(error.status, error.fault) from None
    is_single = head.door != "batch"
    try:
        return read_clean(text, is_single=is_single)
    except READ_ERRORS:
        pass
    try:
        return read_flawed(text, is_single=is_single)
    except Unreadable as error:
        raise Turned(HTTPStatus.BAD_REQUEST, error.fault) from None


def find_site(site_key: str) -> routes.Route:
    route = routes.route_of(site_key)
    if route is None:
        why = "is unknown or archived: copy the tag anew from the site's page in Beacon"
        raise Turned(HTTPStatus.NOT_FOUND, Fault("site_key", why), reason="site")
    return route


def check_rate(intake: Intake, limits: Limits, wait: float) -> None:
    if limits.is_closed:
        raise Unavailable("the limits can't be kept now")
    if wait and not intake.is_server:
        raise rate_turned("address", limits.per_ip.rate, wait)
    head = intake.head
    if head.site_wait is None:
        head.site_wait = limits.per_site.take(intake.route.site_key)
    if head.site_wait:
        raise rate_turned("site", limits.per_site.rate, head.site_wait)


def rate_turned(whose: str, rate: int, wait: float) -> Turned:
    fault = Fault("", f"too many requests: at most {rate} a second for one {whose}")
    return Turned(
        HTTPStatus.TOO_MANY_REQUESTS,
        fault,
        refusal=Refusal.RATE,
        reason="rate",
        retry_after=wait,
        limit=(whose, rate),
    )


def check_key(intake: Intake, wait: float, limits: Limits) -> None:
    """Let a server in by its API key: of this agency, with the scope `ingest`."""
    scheme, _, key = intake.head.authorization.partition(" ")
    if not scheme:
        return
    try:
        client = routes.client_of(key_hash(key.strip())) if scheme.lower() == "bearer" and key else None
    except NotLoaded:
        if wait:
            raise rate_turned("address", limits.per_ip.rate, wait) from None
        raise
    if client is None:
        fault = Fault("Authorization", "must be `Bearer` and an API key that is still valid")
        raise Turned(HTTPStatus.UNAUTHORIZED, fault, refusal=Refusal.INVALID)
    if INGEST not in client.scopes or client.schema != intake.route.schema:
        fault = Fault("Authorization", "is a key without the scope ingest for this site")
        raise Turned(HTTPStatus.FORBIDDEN, fault, refusal=Refusal.INVALID)
    intake.is_server = True


def check_site(intake: Intake) -> None:
    if intake.route.is_paused:
        fault = Fault("site_key", "belongs to a site that is paused in Beacon: nothing is counted until it is resumed")
        raise Turned(HTTPStatus.BAD_REQUEST, fault, refusal=Refusal.SITE_PAUSED, reason="site")


def check_origin(intake: Intake) -> None:
    origin, route = intake.head.origin, intake.route
    if origin is None or intake.is_server:
        return
    if origin == "null":
        if route.allows_null_origin:
            return
        why = "is null (a sandboxed frame or a local file), which this site doesn't allow"
    elif lies_under_one(origin, route.domains):
        return
    else:
        host = routes.plain_host(origin.partition("://")[2])
        why = (
            f"{origin[:300]} is not among this site's domains: "
            f"add {host[:253]} to them in the site's settings in Beacon"
        )
    raise Turned(HTTPStatus.FORBIDDEN, Fault("Origin", why), refusal=Refusal.ORIGIN, reason="origin")


@lru_cache(maxsize=8192)
def lies_under_one(origin: str, domains: tuple[str, ...]) -> bool:
    """Return whether an origin's host equals or lies under one of `domains` (as routes.plain_host gives them)."""
    scheme, _, rest = origin.partition("://")
    host = routes.plain_host(rest)
    if scheme not in ("http", "https") or not host:
        return False
    return any(domain and (host == domain or host.endswith(f".{domain}")) for domain in domains)


def put_sender(intake: Intake) -> None:
    """Decide whose events these are: the client's own, or those of whom a server names."""
    head, given = intake.head, intake.payload.head
    intake.user_agent = head.user_agent[:MAX_USER_AGENT]
    if not intake.is_server:
        return
    if given.ip:
        intake.address = clean_address(given.ip)
        if not intake.address:
            fault = Fault("ip", "must be an IPv4 or IPv6 address")
            raise Turned(HTTPStatus.BAD_REQUEST, fault, refusal=Refusal.INVALID)
    # Without it, it is the visitor's that isn't known: the server's own would make every visitor one and the same.
    intake.user_agent = given.user_agent or ""
    intake.visitor = given.visitor or ""


def check_excluded(intake: Intake) -> None:
    if not intake.route.ignored:
        return
    address = parse_address(intake.address)
    if address is not None and lies_in(address, intake.route.ignored):
        fault = Fault("", "comes from an address that this site doesn't count")
        raise Turned(HTTPStatus.BAD_REQUEST, fault, refusal=Refusal.EXCLUDED, reason="excluded")


def check_payload(intake: Intake) -> None:
    """Turn the request away for a flaw beside its events; take over the flaws of single events."""
    payload = intake.payload
    if payload.fault is not None:
        raise Turned(HTTPStatus.BAD_REQUEST, payload.fault, refusal=Refusal.INVALID)
    if payload.faults:
        intake.faults.extend(payload.faults)
        intake.refuse(Refusal.INVALID, len(payload.faults))


def put_events(intake: Intake) -> None:
    """Date and bound each event by itself; name what is wrong with the others."""
    head, payload, route = intake.head, intake.payload, intake.route
    sent_at = payload.head.sent_at
    skew_ms = 0 if sent_at is None else head.received_ms - sent_at
    oldest = events.oldest_ms(head.received_ms, is_server=intake.is_server, retention_days=route.retention_days)
    late_before = 0 if intake.is_server else head.received_ms - events.LATE_AFTER_MS
    for index, wire in payload.events:
        try:
            occurred = events.occurred_ms(wire.at, skew_ms=skew_ms, received_ms=head.received_ms, oldest_ms=oldest)
            event = events.event_in(
                wire,
                site_key=route.site_key,
                occurred=occurred,
                skew_ms=skew_ms,
                is_late=occurred < late_before,
                has_hash_routes=route.has_hash_routes,
            )
        except events.Wrong as wrong:
            _refuse(intake, index, wrong)
            continue
        if wire.user is not None and wire.kind == "identify":
            _put_user(intake, event, wire.user.id or wire.user.email or "")
        intake.events.append(event)


def _refuse(intake: Intake, index: int, wrong: events.Wrong) -> None:
    intake.faults.append(Fault(intake.payload.field(index, wrong.field), wrong.why, index))
    if isinstance(wrong, events.TooOld):
        intake.refuse(Refusal.TOO_OLD)
        intake.reasons["too_old"] = intake.refused[Refusal.TOO_OLD]
    else:
        intake.refuse(Refusal.INVALID)


def _put_user(intake: Intake, event: EventIn, user: str) -> None:
    consent = intake.payload.head.consent
    if user and consent is not None and consent.analytics == "granted":
        event.user_id_hash = identity.user_id_hash(derived_key("user-id"), schema=intake.route.schema, user=user)


def scrub(intake: Intake) -> None:
    for event in intake.events:
        scrub_event(event)


def name_bots(intake: Intake) -> None:
    """Tell the sender what the door already knows won't be counted; it is stored all the same, set aside."""
    if not intake.events:
        return
    minute = intake.head.received_ms // 60_000
    if is_declared_bot(intake.user_agent, is_server=intake.is_server, minute=minute):
        intake.reasons["bot_declared"] = len(intake.events)


@lru_cache(maxsize=8192)
def is_declared_bot(user_agent: str, *, is_server: bool, minute: int) -> bool:
    """Return whether an agent says that it is a bot. `minute`: how long an answer holds; the table may be refreshed."""
    return bots.verdict(user_agent, is_server=is_server).reason == SetAside.BOT_DECLARED


def put_envelopes(intake: Intake) -> None:
    """Name the visitor by the salt of each event's day, seal the address, pack."""
    if not intake.events:
        return
    hour = sealing.hour_of(intake.head.received_ms)
    sealed = sealing.seal_address(intake.address, hour)
    consent = events.consent_in(intake.payload.head.consent, gpc=intake.head.gpc, dnt=intake.head.dnt)
    context = events.context_in(intake.payload.head.context)
    for (day, is_early), group in _by_salt(intake.events).items():
        envelope = _envelope(intake, group, day, is_early=is_early, sealed=sealed, hour=hour)
        envelope.consent, envelope.context = consent, context
        intake.envelopes.append((partition_of(envelope.visitor_id, PARTITIONS), pack(envelope)))


def _by_salt(given: list[EventIn]) -> dict[tuple[int, bool], list[EventIn]]:
    """Group events by UTC day (days since 1970) and by whether they are so early on it that yesterday's id matters."""
    groups: dict[tuple[int, bool], list[EventIn]] = {}
    for event in given:
        day, into_day = divmod(event.occurred_ms, events.DAY_MS)
        groups.setdefault((day, into_day < SESSION_GAP_MS), []).append(event)
    return groups


def _envelope(intake: Intake, group: list[EventIn], day: int, *, is_early: bool, sealed: bytes, hour: int) -> Envelope:
    head, route = intake.head, intake.route
    today = _date(head.received_ms // events.DAY_MS)
    salt = _salt(_date(day), today, hour)
    previous = None
    if is_early and salts.is_kept(_date(day - 1), today):
        previous = _visitor(intake, salts.salt_of(_date(day - 1)))
    return Envelope(
        schema=route.schema,
        site_id=route.site_id,
        origin="server" if intake.is_server else ORIGINS[head.door],
        received_ms=head.received_ms,
        visitor_id=_visitor(intake, salt),
        ip_hash=identity.ip_hash(salt, site_key=route.site_key, address=intake.address),
        sealed_ip=sealed,
        seal_hour=hour,
        user_agent=_printable(intake.user_agent),
        events=group,
        previous_visitor_id=previous,
        has_origin=head.origin is not None,
        accept_language=_printable(head.accept_language[:MAX_ACCEPT_LANGUAGE]) if not intake.is_server else "",
        tracker=_printable(intake.payload.head.tracker or ""),
    )


def _visitor(intake: Intake, salt: bytes) -> int:
    site_key = intake.route.site_key
    if intake.visitor:
        return identity.given_visitor_id(salt, site_key=site_key, visitor=intake.visitor)
    return identity.visitor_id(salt, site_key=site_key, address=intake.address, user_agent=intake.user_agent)


def _salt(day: date, today: date, hour: int) -> bytes:
    """Return the day's salt. One that is destroyed has a stand-in for the hour.

    So late and back-dated events of a visitor's day that are sent together belong together, and to nothing else.
    """
    return salts.salt_of(day) if salts.is_kept(day, today) else sealing.passing_key(day.isoformat(), hour)


@lru_cache(maxsize=64)
def _date(days: int) -> date:
    return date(1970, 1, 1) + timedelta(days=days)


def _printable(text: str) -> str:
    return text if text.isprintable() else "".join(letter if letter.isprintable() else " " for letter in text)


AT_THE_DOOR: tuple[Step, ...] = (
    check_site,
    check_origin,
    put_sender,
    check_excluded,
    check_payload,
    put_events,
    scrub,
    name_bots,
    put_envelopes,
)


def received_day(milliseconds: int) -> str:
    """Return the UTC day of receipt as the ledger writes it."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC).date().isoformat()
