"""What happened to a delivery, in the few words of its line in the log. Pure."""

from datetime import datetime, tzinfo

from apps.core import formats

from .models import Delivery, Destination

State = Delivery.State
STATE_LABELS = {state.value: state.label for state in State}
# As components/_state.html has them.
STATE_ICONS = {
    State.WAITING.value: "clock",
    State.SENDING.value: "send",
    State.RECEIVED.value: "circle-check",
    State.CONFIRMED.value: "check-check",
    State.WITHHELD.value: "shield-off",
    State.REJECTED.value: "circle-x",
    State.UNCERTAIN.value: "circle-question-mark",
    State.DEAD.value: "circle-x",
}


def happened(delivery: Delivery, *, is_site_archived: bool, zone: tzinfo, now: datetime) -> str:
    """Return what happened: which try, what was answered, what comes next."""
    tries = _tries(delivery)
    if delivery.state == State.SENDING:
        return f"try {max(1, delivery.attempts)}, on its way"
    if delivery.state == State.WAITING:
        what_next = "waits: the site is archived" if is_site_archived else _next(delivery, zone, now)
        return "; ".join(part for part in (what_next, tries, delivery.words) if part)
    return ": ".join(part for part in (tries, delivery.words) if part) or STATE_LABELS[delivery.state]


def _tries(delivery: Delivery) -> str:
    if not delivery.attempts:
        return ""
    if delivery.state in (State.RECEIVED, State.CONFIRMED):
        return f"try {delivery.attempts}"
    return f"{delivery.attempts} {'try' if delivery.attempts == 1 else 'tries'}"


def _next(delivery: Delivery, zone: tzinfo, now: datetime) -> str:
    held = _held(delivery.destination, zone, now)
    if held:
        return held
    due = delivery.next_attempt_at
    what = f"try {delivery.attempts + 1}"
    if due is None or due <= now:
        return f"{what} is due"
    return f"{what} in {formats.duration(due - now)}"


def _held(destination: Destination, zone: tzinfo, now: datetime) -> str:
    """Return why nothing is sent to a destination now; empty where it is."""
    if not destination.is_on:
        return "waits: the destination is off"
    if destination.problem:
        return "waits until the destination is mended"
    if destination.open_until and destination.open_until > now:
        return f"waits: {destination.name} is failing, tried again at {destination.open_until.astimezone(zone):%H:%M}"
    return ""
