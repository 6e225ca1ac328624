"""Name the visitor by the salt of each event's day, seal the address, pack what goes into the streams."""

from datetime import date, timedelta
from functools import lru_cache
from typing import Literal

from django.conf import settings

from apps.tracking import events, identity, salts, sealing
from apps.tracking.envelope import Envelope, EventIn, pack, partition_of
from apps.tracking.intake import Door, Head, Intake

from . import consent
from .signals import MAX_HINT, head_signals

ORIGINS: dict[Door, Literal["tag", "pixel"]] = {"batch": "tag", "event": "tag", "pixel": "pixel"}
PARTITIONS: int = settings.STREAM_PARTITIONS
MAX_ACCEPT_LANGUAGE = 256
# An open session keeps yesterday's id when its visitor goes on after midnight.
SESSION_GAP_MS = 30 * 60_000


def put_envelopes(intake: Intake) -> None:
    """Name the visitor by the salt of each event's day, seal the address, pack."""
    if not intake.events:
        return
    hour = sealing.hour_of(intake.head.received_ms)
    context = events.context_in(intake.payload.head.context)
    signals = [] if intake.is_server or intake.head.door == "pixel" else _head_signals(intake.head, intake.user_agent)
    is_word_alone = bool(consent.why_nothing_is_kept(intake))
    for (day, is_early), group in _by_salt(intake.events).items():
        envelope = _envelope(intake, group, day, is_early=is_early, hour=hour)
        envelope.consent = consent.of_day(intake.consent, day)
        if is_word_alone:
            consent.empty(envelope)
        else:
            envelope.context, envelope.head_signals = context, signals
        intake.envelopes.append((partition_of(envelope.visitor_id, PARTITIONS), pack(envelope)))


def _head_signals(head: Head, user_agent: str) -> list[str]:
    fetch = (head.fetch_site[:MAX_HINT], head.fetch_mode[:MAX_HINT], head.fetch_dest[:MAX_HINT])
    brands, mobile, platform = head.hint_brands[:MAX_HINT], head.hint_mobile[:MAX_HINT], head.hint_platform[:MAX_HINT]
    return list(head_signals(user_agent, brands, mobile, platform, fetch))


def _by_salt(given: list[EventIn]) -> dict[tuple[int, bool], list[EventIn]]:
    """Group events by UTC day (days since 1970) and by whether they are so early on it that yesterday's id matters."""
    groups: dict[tuple[int, bool], list[EventIn]] = {}
    for event in given:
        day, into_day = divmod(event.occurred_ms, events.DAY_MS)
        groups.setdefault((day, into_day < SESSION_GAP_MS), []).append(event)
    return groups


def _envelope(intake: Intake, group: list[EventIn], day: int, *, is_early: bool, hour: int) -> Envelope:
    head, route = intake.head, intake.route
    today = _date(head.received_ms // events.DAY_MS)
    salt = _salt(_date(day), today, hour)
    previous = None
    if is_early and salts.is_kept(_date(day - 1), today):
        previous = _visitor(intake, salts.salt_of(_date(day - 1)))
    ip_hash = identity.ip_hash(salt, site_key=route.site_key, address=intake.address)
    return Envelope(
        schema=route.schema,
        site_id=route.site_id,
        origin="server" if intake.is_server else ORIGINS[head.door],
        received_ms=head.received_ms,
        visitor_id=_visitor(intake, salt),
        ip_hash=ip_hash,
        sealed_ip=sealing.seal_beside(intake.address, ip_hash, hour),
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
