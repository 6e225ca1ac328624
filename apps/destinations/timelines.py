"""What became of a visit's conversions, as lines of its timeline: "Meta accepted Lead at 10:04:11, attempt 2"."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q
from django.urls import reverse

from apps.core import clock

from .checked import TEST_MODE
from .models import Delivery, Destination

State = Delivery.State

# A visit with more deliveries is no person's; a page has as many at most.
MOST = 500
ICONS: Mapping[str, str] = {
    State.WAITING: "clock",
    State.WITHHELD: "circle-dashed",
    State.SENDING: "send",
    State.RECEIVED: "circle-check",
    State.CONFIRMED: "check-check",
    State.REJECTED: "circle-x",
    State.UNCERTAIN: "circle-question-mark",
    State.DEAD: "circle-x",
}
# Why something was withheld, in few words; by `Delivery.reason`.
WITHHELD: Mapping[str, str] = {
    "consent_unasked": "no marketing consent",
    "consent_denied": "marketing consent refused",
    "withdrawn": "marketing consent withdrawn",
    "set_aside": "the visit is set aside",
    "unmatchable": "nothing to recognise the visitor by",
}


@dataclass(frozen=True, slots=True)
class Sent:
    """What is known of one delivery by now. `text`, then `at` where it happened at a moment, then `rest`.

    `at_label` stands before the moment. `goal_id`: None for an event that is no goal.
    """

    delivery_id: int
    site_id: int
    session_id: UUID
    event_id: UUID
    goal_id: int | None
    state: str
    icon: str
    text: str
    at_label: str
    at: datetime | None
    rest: str

    def url(self, site_slug: str) -> str:
        return reverse("destinations:delivery", args=[site_slug, self.delivery_id])


def visits_sent(
    *, site_ids: Collection[int], session_ids: Collection[UUID], event_ids: Collection[UUID] = ()
) -> list[Sent]:
    """Return what was delivered of visits and events, or wasn't, the oldest first; no tests, MOST at most.

    `site_ids`: those that whoever reads may see. Events are asked for beside their visits, as one that came late may
    have joined the visit that it was delivered from to another. One query where the sites have no destinations, else
    two.
    """
    if not session_ids and not event_ids:
        return []
    destinations = {one.id: one for one in Destination.objects.filter(site_id__in=site_ids)}
    if not destinations:
        return []
    of_these = Q(session_id__in=session_ids) | Q(destination_id__in=list(destinations), event_id__in=event_ids)
    found = Delivery.objects.filter(of_these, site_id__in=site_ids, is_test=False).order_by("id")
    return [_sent(one, destinations[one.destination_id]) for one in found[:MOST] if one.destination_id in destinations]


def _sent(delivery: Delivery, destination: Destination) -> Sent:
    text, at_label, at, rest = _words(delivery, destination)
    return Sent(
        delivery_id=delivery.id,
        site_id=delivery.site_id,
        session_id=delivery.session_id,
        event_id=delivery.event_id,
        goal_id=delivery.goal_id,
        state=delivery.state,
        icon=ICONS.get(delivery.state, "circle"),
        text=text,
        at_label=at_label,
        at=at,
        rest=rest,
    )


def _words(one: Delivery, destination: Destination) -> tuple[str, str, datetime | None, str]:
    """Return a line in its four parts."""
    whom = f"{destination.name} (local stand-in)" if destination.stand_in_url else destination.name
    what = one.name
    tried = f", attempt {one.attempts}" if one.attempts else ""
    replayed = ", in a replay" if one.is_replay else ""
    match one.state:
        case State.RECEIVED:
            unmatched = ", of no click on its ads" if one.reason == "unmatched" else ""
            return f"{whom} accepted {what}", "at", one.received_at, f"{tried}{replayed}{unmatched}"
        case State.CONFIRMED:
            return f"{whom} confirmed {what}", "at", one.finished_at, f"{tried}{replayed}"
        case State.WITHHELD if one.reason == TEST_MODE:
            return f"{whom} only checked {what}", "at", one.finished_at, f"{tried}: in test mode nothing counts"
        case State.WITHHELD:
            return f"{what} withheld from {whom}", "", None, f": {WITHHELD.get(one.reason, one.reason)}"
        case State.REJECTED:
            return f"{whom} refused {what}", "at", one.finished_at, f"{tried}{replayed}"
        case State.UNCERTAIN:
            return f"{what} may have reached {whom}", "at", one.finished_at, f"{tried}: look there, then decide"
        case State.DEAD:
            return f"{what} given up for {whom}", "at", one.finished_at, f"{tried}{replayed}"
        case State.SENDING:
            return f"{what} is on its way to {whom}", "", None, tried
        case _:
            if one.attempts and one.next_attempt_at and one.next_attempt_at < clock.now():
                # As where its destination is off or left alone, or its site archived.
                return f"{whom} hasn’t taken {what} yet, it waits for its next try", "", None, f" after {_tries(one)}"
            if one.attempts:
                return f"{whom} hasn’t taken {what} yet, next try", "at", one.next_attempt_at, f" after {_tries(one)}"
            return f"{what} waits for {whom}", "", None, replayed


def _tries(one: Delivery) -> str:
    return "1 attempt" if one.attempts == 1 else f"{one.attempts} attempts"
