"""One delivery in full: its attempts, on whose word it was sent or withheld, what went along, and its line of time."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo

from apps.core import formats
from apps.core.countries import country_name
from apps.tracking.consent_words import SOURCES
from apps.tracking.match_keys import KEPT
from apps.tracking.models import ConversionMatch

from .checked import TEST_MODE
from .consent import receipt_read
from .glance_words import latency
from .log_words import STATE_ICONS
from .masking import address_masked, without_address
from .models import Delivery, DeliveryAttempt
from .occurrences import ConsentReceipt
from .pretty import RequestText, body_pretty, request_read
from .providers.registry import provider_of
from .twin_keys import keys_shown

State = Delivery.State
# A delivery has fewer by far: those after are left out.
MOST_ATTEMPTS = 50
# What is kept for delivery alone, and the order's. Click ids stand on the visit.
KEY_LABELS = {
    "ga_client_id": "Google Analytics client id (_ga)",
    "ga_session_id": "Google Analytics session id",
    "fbp": "Meta browser id (_fbp)",
    "fbc": "Meta click id (_fbc)",
    "user_agent": "browser’s user agent",
    "email_sha256": "e-mail address, hashed",
    "email_google_sha256": "e-mail address, hashed in Google’s form",
    "phone_sha256": "phone number, hashed",
    "phone_google_sha256": "phone number, hashed in Google’s form",
    "event_id": "the site’s own event id",
    "transaction_id": "the order’s number",
}
# They recognise nobody, and aren't erased with the others.
_OF_THE_EVENT = {"event_id", "transaction_id"}
_OUTCOMES = {
    "received": "taken",
    "confirmed": "confirmed",
    "checked": "checked only: nothing was counted",
    "rejected": "refused for good",
    "split": "refused as a whole: sent again in halves",
    "retry": "failed, to be tried again",
    "refused": "destination refused",
    "gone": "destination is no more",
    "unsure": "no answer",
    "unanswered": "no answer",
    "lost": "Beacon was stopped",
}


@dataclass(frozen=True, slots=True)
class AttemptShown:
    """`answered`: "200 in 388 ms", "no answer after 10.0 s"."""

    number: int
    begun_at: datetime
    answered: str
    outcome: str
    request: RequestText
    answer: str


@dataclass(frozen=True, slots=True)
class Ground:
    """A line of what is known of the visitor's agreement or identifiers."""

    icon: str
    text: str


@dataclass(frozen=True, slots=True)
class Moment:
    at: datetime
    icon: str
    title: str
    text: str = ""
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Detail:
    attempts: Sequence[AttemptShown]
    grounds: Sequence[Ground]
    moments: Sequence[Moment]


def detail_of(delivery: Delivery, *, zone: tzinfo, now: datetime, shows_address: bool) -> Detail:
    """Return what a delivery's page shows. Four queries. `delivery` has its destination.

    `shows_address`: to somebody who may set destinations up; of addresses of the customer's own others see the host.
    """
    provider = provider_of(delivery.destination.provider)
    is_whole = shows_address or (provider is not None and not provider.own_addresses)
    tries = list(DeliveryAttempt.objects.filter(delivery=delivery).order_by("-number")[:MOST_ATTEMPTS])
    grounds = [*receipt_grounds(receipt_read(delivery.consent), delivery.occurred_at, zone=zone, now=now)]
    return Detail(
        attempts=[_attempt(one, is_whole=is_whole) for one in tries],
        grounds=[*grounds, *_keys(delivery, zone)],
        moments=_moments(delivery, tries[::-1]),
    )


def receipt_grounds(receipt: ConsentReceipt, occurred_at: datetime, *, zone: tzinfo, now: datetime) -> Sequence[Ground]:
    """Return a consent receipt in sentences."""
    how = _how(receipt, occurred_at, zone, now)
    match receipt.state:
        case "granted":
            first = Ground("shield-check", f"Marketing given{how}")
        case "denied":
            first = Ground("shield-off", f"Marketing refused{how}")
        case "exempt":
            where = country_name(receipt.region)
            first = Ground(
                "shield-check", f"Not asked; none is needed in {where} on the site’s own ground: {receipt.ground}"
            )
        case _:
            first = Ground("shield-off", f"Marketing consent wasn’t asked for, or not answered{how}")
    found = [first]
    if receipt.analytics:
        found.append(Ground("shield", f"Analytics: {receipt.analytics}"))
    if receipt.gpc:
        found.append(Ground("shield-off", "The browser sent Global Privacy Control"))
    return found


def has_erasable(delivery: Delivery) -> bool:
    """Return whether a delivery's identifiers are among those that are erased: the event's own id recognises nobody.

    `delivery` has its destination.
    """
    names = keys_shown(provider_of(delivery.destination.provider), delivery.match_keys)
    return bool((set(names) & set(KEY_LABELS)) - _OF_THE_EVENT)


def keys_kept_until(delivery: Delivery) -> datetime | None:
    """Return until when, at the latest, the identifiers of a delivery's event are kept; None: they are erased.

    One query.
    """
    stored = ConversionMatch.objects.filter(event_id=delivery.event_id).values_list("stored_at", flat=True).first()
    return stored + KEPT if stored else None


def _keys(delivery: Delivery, zone: tzinfo) -> list[Ground]:
    names = keys_shown(provider_of(delivery.destination.provider), delivery.match_keys)
    known = [KEY_LABELS.get(name) or f"click id ({name})" for name in names]
    if delivery.reason == TEST_MODE:
        what, none = "Went along to be checked", "No identifiers went along"
    elif delivery.sent_at:
        what, none = "Went along", "No identifiers went along"
    elif delivery.state in (State.WAITING, State.SENDING):
        what, none = "Goes along", "No identifiers go along"
    else:
        what, none = "Known, and didn’t go along", "No identifiers went along"
    found = [Ground("hash", f"{what}: {', '.join(known)}" if known else none)]
    if not has_erasable(delivery):
        return found
    until = keys_kept_until(delivery)
    if until is not None:
        last = f"{formats.exact(until, zone=zone)}"
        found.append(Ground("timer", f"Identifiers are kept sealed until the last delivery, to {last} at the latest"))
        return found
    # They go with the last of the event's deliveries, whichever destination's that was.
    ended = Delivery.objects.filter(
        destination__site_id=delivery.site_id, event_id=delivery.event_id, finished_at__isnull=False
    )
    last_at = ended.order_by("-finished_at").values_list("finished_at", flat=True).first()
    at = f", {formats.exact(last_at, zone=zone)}" if last_at else ""
    found.append(Ground("timer", f"Identifiers are erased here{at}"))
    return found


def _how(receipt: ConsentReceipt, occurred_at: datetime, zone: tzinfo, now: datetime) -> str:
    parts = []
    if receipt.said_at:
        said, day = receipt.said_at.astimezone(zone), formats.day(receipt.said_at, zone=zone, now=now)
        is_exact = receipt.said_at.date() >= occurred_at.date()  # of an earlier day no more is kept than the day
        is_today = said.date() == now.astimezone(zone).date()
        parts += [f" on {day}"] if not (is_exact and is_today) else []
        parts += [f" at {said:%H:%M:%S}"] if is_exact else []
    if receipt.source:
        parts.append(f" {SOURCES.get(receipt.source, receipt.source)}")
    if receipt.text_version:
        parts.append(f", text version {receipt.text_version}")
    return "".join(parts)


def _attempt(one: DeliveryAttempt, *, is_whole: bool) -> AttemptShown:
    request, answer = request_read(one.request), one.answer
    if not is_whole:
        answer = without_address(answer, request.address)
        request = replace(request, address=address_masked(request.address))
    took = latency(one.duration_ms / 1000) if one.duration_ms is not None else ""
    if one.ended_at is None:
        answered = "on its way"
    elif one.status is not None:
        answered = f"{one.status} in {took}"
    elif one.outcome == "lost":
        answered = "never: Beacon was stopped"
    else:
        answered = f"never, after {took}"
    return AttemptShown(
        number=one.number,
        begun_at=one.begun_at,
        answered=answered,
        outcome=_OUTCOMES.get(one.outcome, one.outcome),
        request=request,
        answer=body_pretty(answer),
    )


def _moments(delivery: Delivery, tries: Sequence[DeliveryAttempt]) -> list[Moment]:
    label = delivery.destination.name
    found = [Moment(delivery.occurred_at, "mouse-pointer-click", delivery.source_name, "happened on the site")]
    if delivery.is_replay:
        found.append(Moment(delivery.created_at, "undo-2", "Replayed", "asked for by a person"))
    elif delivery.sent_at and delivery.created_at > delivery.sent_at:
        found.append(Moment(delivery.created_at, "rotate-cw", "Sent again", "asked for by a person"))
    for one in tries:
        took = f" after {latency(one.duration_ms / 1000)}" if one.duration_ms is not None else ""
        answer = f"answered {one.status}{took}" if one.status is not None else _OUTCOMES.get(one.outcome, "on its way")
        tone = "" if one.outcome in ("received", "confirmed", "checked", "") else "bad"
        found.append(
            Moment(one.begun_at, "send", f"Attempt {one.number}", f"{label} {answer}" if one.status else answer, tone)
        )
    if delivery.finished_at:
        state = State(delivery.state)
        found.append(Moment(delivery.finished_at, STATE_ICONS[state], state.label, delivery.words))
    if delivery.state == State.CONFIRMED and delivery.received_at and delivery.received_at != delivery.finished_at:
        found.append(Moment(delivery.received_at, "circle-check", "Received", "a verdict was to follow"))
    return sorted(found, key=lambda moment: moment.at)
