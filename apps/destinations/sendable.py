"""Which of the deliveries taken up may still be sent, and as what."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from apps.core import clock

from . import recording
from .ages import age_words
from .consent import DENIED, EXEMPT, UNASKED, receipt_kept
from .doubts import attempts_in_doubt, attempts_perhaps_arrived, doubt_words
from .loading import Loaded, Wanted, occurrences_load
from .mapping import mapped_read, message_of
from .match import match_keys_of
from .models import Delivery, Destination
from .occurrences import Message
from .providers.base import Provider, Target
from .recording import Ending
from .routing import NO_CONSENT
from .twin_keys import keys_told

State = Delivery.State


@dataclass(slots=True)
class Sendable:
    """`messages` may be sent, of `deliveries` by id; `endings` of all others; `in_doubt`: what may have arrived."""

    in_doubt: Collection[int]
    messages: list[Message] = field(default_factory=list)
    deliveries: dict[int, Delivery] = field(default_factory=dict)
    endings: list[Ending] = field(default_factory=list)


def still_sendable(
    claimed: Sequence[Delivery], destination: Destination, provider: Provider, target: Target
) -> Sendable:
    """Look at claimed deliveries anew: at their visits, their consent, and whether they may have arrived before.

    Notes consent and keys of now in `claimed`; writes nothing.
    """
    loaded = occurrences_load(
        site_id=destination.site_id,
        wanted=[Wanted(one.event_id, one.occurred_at, one.goal_id) for one in claimed],
        match=match_keys_of(one.event_id for one in claimed),
    )
    in_doubt = attempts_in_doubt([one.id for one in claimed])
    now = clock.now()
    found = Sendable(in_doubt.keys())
    stopped: list[Ending] = []
    for delivery in claimed:
        one = loaded.get((delivery.event_id, delivery.goal_id))
        if one is None:
            stopped.append(Ending(delivery, State.DEAD, "erased", f"The visit was erased {_when(delivery)}."))
            continue
        message = _message(delivery, one)
        doubt = in_doubt.get(delivery.id, "")
        if ending := _stopped(delivery, one):
            stopped.append(ending)
        elif ending := _unsendable(provider, target, delivery, message, doubt=doubt, now=now):
            is_open = bool(doubt) and ending.state != State.UNCERTAIN
            found.endings.append(_in_doubt(provider, ending, doubt) if is_open else ending)
        else:
            found.deliveries[delivery.id] = delivery
            found.messages.append(message)
        if ending is None or delivery.sent_at is None:
            _note(delivery, provider, message)
    found.endings += _left_open(provider, stopped)
    return found


def _message(delivery: Delivery, one: Loaded) -> Message:
    return message_of(
        delivery_id=delivery.id,
        key=recording.delivery_key(delivery),
        name=delivery.name,
        mapped=mapped_read(delivery.mapped),
        occurrence=one.occurrence,
        counted_by=delivery.counted_by,
    )


def _note(delivery: Delivery, provider: Provider, message: Message) -> None:
    """Note consent and keys of now: not of what was sent before and isn't again, whose receipt is of that."""
    happened = message.occurrence
    delivery.consent = receipt_kept(happened.consent)
    # Where they are erased by now, those that it was sent with before stay.
    if happened.match.present or (happened.consent.is_given and delivery.sent_at is None):
        delivery.match_keys = keys_told(provider, message)


def _stopped(delivery: Delivery, one: Loaded) -> Ending | None:
    """Return what a delivery ends with whose visitor or site doesn't want it sent (any more)."""
    consent, when = one.occurrence.consent, _when(delivery)
    if not consent.is_given:
        was_exempt = delivery.consent.get("state") == EXEMPT
        if consent.state == DENIED and not was_exempt:
            return Ending(delivery, State.WITHHELD, "withdrawn", f"Marketing consent was withdrawn {when}.")
        words = NO_CONSENT[consent.state]
        if was_exempt and consent.state == UNASKED and not (one.session.gpc or one.session.dnt):
            words = f"The exemption of the visitor’s country ended {when}. {words}"
        return Ending(delivery, State.WITHHELD, f"consent_{consent.state}", words)
    if one.session.set_aside:
        words = f"The visit was set aside (a bot, or a rule of yours) {when}."
        return Ending(delivery, State.WITHHELD, "set_aside", words)
    return None


def _when(delivery: Delivery) -> str:
    return "since this was tried, so it isn’t tried again" if delivery.sent_at else "before this was sent"


def _left_open(provider: Provider, endings: Sequence[Ending]) -> list[Ending]:
    """Return endings as they are, but of what may have arrived that it may have: it isn't for us to say it never left.

    A query where something was sent before.
    """
    sent = [one.delivery.id for one in endings if one.delivery.sent_at]
    doubts = attempts_perhaps_arrived(sent) if sent else {}
    return [_in_doubt(provider, one, doubt) if (doubt := doubts.get(one.delivery.id)) else one for one in endings]


def _in_doubt(provider: Provider, ending: Ending, doubt: str) -> Ending:
    words = f"{doubt_words(provider, doubt)} {ending.words} Look at {provider.label} whether it came."
    return Ending(ending.delivery, State.UNCERTAIN, doubt, words)


def _unsendable(
    provider: Provider, target: Target, delivery: Delivery, message: Message, *, doubt: str, now: datetime
) -> Ending | None:
    """Return what a delivery ends with that isn't to be sent. `doubt`: why it may have arrived before."""
    if doubt and not provider.repeats_safely(message):
        words = (
            f"{doubt_words(provider, doubt)} {provider.label} would count a second one, so it isn’t sent again by "
            "itself: look there, then send it again or leave it."
        )
        return Ending(delivery, State.UNCERTAIN, doubt, words)
    if delivery.occurred_at < now - provider.max_age:
        words = f"{provider.label} takes nothing that is older than {age_words(provider.max_age)}."
        return Ending(delivery, State.DEAD, "too_old", words)
    if words := provider.unmatchable(message):
        return Ending(delivery, State.WITHHELD, "unmatchable", words)
    if problems := provider.problems(target, message):
        words = "; ".join(f"{one.field}: {one.rule}" for one in problems[:3])
        return Ending(delivery, State.REJECTED, "not_valid", words)
    return None
