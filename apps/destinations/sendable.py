"""Which of the deliveries taken up may still be sent, and as what."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from apps.core import clock

from . import recording
from .ages import age_words
from .consent import receipt_kept
from .doubts import attempts_in_doubt, doubt_words
from .loading import Loaded, Wanted, occurrences_load
from .mapping import mapped_read, message_of
from .match import match_keys_of
from .models import Delivery, Destination
from .occurrences import Message
from .providers.base import Provider, Target
from .recording import Ending

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
    for delivery in claimed:
        doubt = in_doubt.get(delivery.id, "")
        judged = _judged(delivery, loaded.get((delivery.event_id, delivery.goal_id)), provider, target, doubt, now)
        if isinstance(judged, Ending):
            found.endings.append(judged)
        else:
            found.deliveries[delivery.id] = delivery
            found.messages.append(judged)
    return found


def _judged(
    delivery: Delivery, one: Loaded | None, provider: Provider, target: Target, doubt: str, now: datetime
) -> Message | Ending:
    if one is None:
        return Ending(delivery, State.DEAD, "erased", "The visit was erased before this could be sent.")
    consent = one.occurrence.consent
    if one.occurrence.match.present:  # else they are erased by now, and what is known is from before
        delivery.match_keys = one.occurrence.keys_present
    delivery.consent = receipt_kept(consent)
    if not consent.is_given:
        words = "Marketing consent was withdrawn before this was sent."
        return Ending(delivery, State.WITHHELD, "withdrawn", words)
    if one.session.set_aside:
        words = "The visit was set aside (a bot, or a rule of yours) before this was sent."
        return Ending(delivery, State.WITHHELD, "set_aside", words)
    message = message_of(
        delivery_id=delivery.id,
        key=recording.delivery_key(delivery),
        name=delivery.name,
        mapped=mapped_read(delivery.mapped),
        occurrence=one.occurrence,
        counted_by=delivery.counted_by,
    )
    return _unsendable(provider, target, delivery, message, doubt=doubt, now=now) or message


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
