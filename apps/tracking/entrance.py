"""The list of steps at the door, in the order in which they run. The writer's list is in `ingest`.

An `Intake` is filled step by step; a step that turns the whole request away raises `Turned`. No step waits for
anything: a value that isn't at hand is raised as `loading.NotLoaded`, and the steps run again on a fresh intake once
it is.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from http import HTTPStatus

from apps.core.crypto import derived_key
from apps.networks.domains import email_domain, registrable_domain
from apps.sites.proxy_key import site_of_proxy
from apps.sites.switches import FROM_FORMS

from . import events, identity, sealing
from .address import clean_address, client_address, trust
from .body import BodyTurned, body_of
from .drop_reasons import Refusal
from .envelope import EventIn
from .intake import Head, Intake, Turned, TurnedFromSite
from .loading import NotLoaded
from .payload import EventWire, Fault, Payload, Unreadable, UserWire, read_clean
from .payload_repair import READ_ERRORS, read_flawed
from .steps import bots
from .steps.admission import (
    check_address_rate,
    check_excluded,
    check_key,
    check_origin,
    check_payload,
    check_proxy,
    check_rate,
    check_site,
    find_site,
    over_limit,
    over_limit_by_proxy,
    put_sender,
    raise_if,
)
from .steps.consent import drop_unconsented, put_consent
from .steps.identity import put_envelopes
from .steps.match import COOKIES, Keys, contact_in, keys_in, may_match, pack
from .steps.scrubbing import scrub_event
from .throttles import Limits

Step = Callable[[Intake], None]


def take_in(head: Head, read: Callable[[], Payload], limits: Limits) -> Intake:
    """Return the request after all steps at the door. `read` gives its payload, or raises Turned.

    Raises Turned (one that belongs in a site's ledger is a TurnedFromSite), loading.NotLoaded and loading.Unavailable.
    """
    address = client_address(head.peer, head.x_forwarded_for, head.forwarded, head.told_address, trust())
    try:
        payload = read()
    except Turned:
        raise_if(over_limit(head, limits, address))
        raise
    site_key = payload.head.site_key
    named = named_address(head, site_key)
    over = over_limit_by_proxy(head, limits, address, site_key, named) if named else over_limit(head, limits, address)
    try:
        intake = Intake(head, payload, find_site(site_key), named or address)
    except (Turned, NotLoaded):
        # Who asks for too much gets no database query for keys that he makes up.
        raise_if(over)
        raise
    return go_through(intake, limits, over)


def named_address(head: Head, site_key: str) -> str:
    """Return the visitor's address as this site's own proxy, by its key, says it; empty where none says so."""
    if not head.proxy_key or site_of_proxy(head.proxy_key) != site_key:
        return ""
    return clean_address(head.proxied_address)


def go_through(intake: Intake, limits: Limits, over: Turned | None) -> Intake:
    try:
        check_key(intake, over)
        check_address_rate(intake, limits, over)
        # Before the site's bucket: nobody takes out of that by a key that isn't the site's.
        check_proxy(intake)
        check_rate(intake, limits)
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
                parameters=route.query_parameters,
            )
        except events.Wrong as wrong:
            _refuse(intake, index, wrong)
            continue
        if wire.user is not None and wire.kind == "identify":
            _put_user(intake, event, wire.user)
        _put_match(intake, event, wire)
        intake.events.append(event)


def _refuse(intake: Intake, index: int, wrong: events.Wrong) -> None:
    intake.faults.append(Fault(intake.payload.field(index, wrong.field), wrong.why, index))
    if isinstance(wrong, events.TooOld):
        intake.refuse(Refusal.TOO_OLD)
        intake.reasons["too_old"] = intake.refused[Refusal.TOO_OLD]
    else:
        intake.refuse(Refusal.INVALID)


def _put_user(intake: Intake, event: EventIn, user: UserWire) -> None:
    """Leave of who somebody is a keyed hash, and of a business e-mail address its domain. The rest ends here.

    `@kestrel.example` alone is a domain that a form told: it names nobody, and counts where the site has that on.
    """
    said = user.id or user.email or ""
    email = user.email or (said if "@" in said else "")
    if email.startswith("@") and FROM_FORMS not in intake.route.extras:
        email = ""
    event.email_domain = email_domain(email) if email else ""
    if any(event.email_domain == registrable_domain(host) for host in intake.route.domains):
        event.email_domain = ""
    if said and not said.startswith("@"):
        event.user_id_hash = identity.user_id_hash(derived_key("user-id"), schema=intake.route.schema, user=said)


def _put_match(intake: Intake, event: EventIn, wire: EventWire) -> None:
    """Take what ad platforms match by, sealed, where the visitor agrees to marketing; count what is left out."""
    user = wire.user if wire.kind == "identify" else None
    keys: Keys = {}
    if may_match(intake.consent):
        keys = contact_in(user) if user is not None else keys_in(wire, str(event.event_id))
    if keys:
        event.sealed_match = sealing.seal_match(pack(keys), sealing.hour_of(intake.head.received_ms))
    if user is not None and user.traits is not None:
        intake.payload.ignored += "phone_sha256" not in keys or len(user.traits) > 1
    if wire.match is not None:
        intake.payload.ignored += keys.keys().isdisjoint(COOKIES)


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
    return bots.is_declared(user_agent, is_server=is_server)


AT_THE_DOOR: tuple[Step, ...] = (
    check_site,
    check_origin,
    put_sender,
    check_excluded,
    check_payload,
    put_consent,
    drop_unconsented,
    put_events,
    scrub,
    name_bots,
    put_envelopes,
)


def received_day(milliseconds: int) -> str:
    """Return the UTC day of receipt as the ledger writes it."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC).date().isoformat()
