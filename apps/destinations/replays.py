"""Sending a past period to one destination, because a person asks for it: counted before, then done."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet

from apps.core import clock, formats
from apps.core.errors import Refused
from apps.sites.models import Goal
from apps.tracking.goals.selectors import conversions_counted
from apps.tracking.models import Conversion, Event, Session

from .checked import CHECKED, checked_renew
from .models import Delivery, Destination, RoutingRule
from .providers.registry import provider_of
from .routing import choices_of, deliveries_keep, deliveries_of, events_named, goals_had, rules_in_force

State = Delivery.State
# Events that are looked at together.
TOGETHER = 1_000


@dataclass(frozen=True, slots=True)
class Replayed:
    """What became of a past period's conversions and events, or would. `due`: are sent. `had`: it had them before.

    `unmet`: no rule holds for them. Those of one event that goes once are one.
    """

    due: int = 0
    withheld: int = 0
    too_old: int = 0
    had: int = 0
    unmet: int = 0

    def __add__(self, other: "Replayed") -> "Replayed":
        return Replayed(*(getattr(self, name) + getattr(other, name) for name in self.__slots__))

    @property
    def total(self) -> int:
        return self.due + self.withheld + self.too_old + self.had + self.unmet


def period_replay(
    *, destination: Destination, since: datetime, until: datetime, is_preview: bool = False, most: int | None = None
) -> Replayed:
    """Make deliveries of what happened in a past period for one destination; return what became of it, or would.

    Conversions that count, as when they are routed at once, and events that rules name. What it has had already isn't
    sent again (what it only checked in test mode is), nor a goal that counts once of a visit whose other conversion it
    had; what its provider takes no more isn't tried. Also those that were found in the past, as a person has asked for
    them. Raises Refused for more than `most`.
    """
    rules = [rule for rule in rules_in_force(site_id=destination.site_id) if rule.destination_id == destination.id]
    counted = _counted(destination, rules, since, until)
    named = _named(destination, rules, since, until)
    if most is not None:
        counted, named = counted[: most + 1], named[: most + 1]
    # Event by event: which rule decides is told by all goals that it meets, and by its name.
    by_event: defaultdict[UUID, list[int]] = defaultdict(list)
    for _, event_id, id_ in counted:
        by_event[event_id].append(id_)
    moments = {event_id: at for at, event_id in named}
    events = list(moments | {event_id: at for at, event_id, _ in counted})
    if most is not None and max(len(counted), len(events)) > most:
        raise Refused(f"There are more than {formats.number(most)} to be looked at: choose a shorter period.")
    total = Replayed()
    for start in range(0, len(events), TOGETHER):
        some = events[start : start + TOGETHER]
        conversions = list(Conversion.objects.filter(id__in=[id_ for event_id in some for id_ in by_event[event_id]]))
        mine = {event_id: moments[event_id] for event_id in some if event_id in moments}
        total += _replay(destination, rules, conversions, mine, is_preview=is_preview)
    return total


def _counted(
    destination: Destination, rules: Sequence[RoutingRule], since: datetime, until: datetime
) -> "QuerySet[Conversion, tuple[datetime, UUID, int]]":
    """Return the conversions of a period that count, of the goals that rules name: when, of which event, its id."""
    goal_ids = {rule.goal_id for rule in rules if rule.source == RoutingRule.Source.GOAL and rule.goal_id is not None}
    of_goals = Conversion.objects.filter(site_id=destination.site_id, goal_id__in=goal_ids)
    found = of_goals.filter(occurred_at__gte=since, occurred_at__lt=until)
    visits = Session.objects.filter(
        site_id=destination.site_id, id__in=found.order_by().values("session_id"), set_aside=""
    )
    # Which is a visit's first is told by all of the visit: it may have begun before the period.
    of_visits = of_goals.filter(session_id__in=visits.values("id"))
    counted = conversions_counted(Goal.objects.filter(id__in=goal_ids), of_visits)
    return (
        counted.filter(occurred_at__gte=since, occurred_at__lt=until)
        .order_by("occurred_at", "id")
        .values_list("occurred_at", "event_id", "id")
    )


def _named(
    destination: Destination, rules: Sequence[RoutingRule], since: datetime, until: datetime
) -> "QuerySet[Event, tuple[datetime, UUID]]":
    """Return the events of a period that rules name: when, and their ids."""
    names = {rule.event_name for rule in rules if rule.source == RoutingRule.Source.EVENT}
    events = events_named(site_id=destination.site_id, names=names)
    visits = Session.objects.filter(site_id=destination.site_id, id=OuterRef("session_id"), set_aside="")
    found = events.filter(Exists(visits), occurred_at__gte=since, occurred_at__lt=until)
    return found.order_by("occurred_at", "event_id").values_list("occurred_at", "event_id")


def _replay(
    destination: Destination,
    rules: Sequence[RoutingRule],
    conversions: Sequence[Conversion],
    named: Mapping[UUID, datetime],
    *,
    is_preview: bool,
) -> Replayed:
    """`conversions`: all of their events. `named`: those that rules name, with when they happened."""
    all_choices = choices_of(site_id=destination.site_id, rules=rules, conversions=conversions, named=named)
    had_before = goals_had(conversions)
    made: list[Delivery] = []
    had = unmet = 0
    for choices in all_choices.values():
        if of_event := deliveries_of(choices, is_replay=True, had=had_before):
            made += of_event
        elif deliveries_of(choices, is_replay=True, had=set()):
            had += 1
        else:
            unmet += 1
    events = {one.event_id for one in conversions} | named.keys()
    unmet += len(events - {event_id for event_id, _ in all_choices})  # gone meanwhile
    held = set(
        Delivery.objects.filter(
            ~CHECKED, destination=destination, event_id__in=[delivery.event_id for delivery in made]
        ).values_list("event_id", "occurrence")
    )
    new = [delivery for delivery in made if (delivery.event_id, delivery.occurrence) not in held]
    provider = provider_of(destination.provider)
    oldest = clock.now() - provider.max_age if provider else None
    young = [delivery for delivery in new if oldest is None or delivery.occurred_at >= oldest]
    if not is_preview:
        checked_renew(young)
        deliveries_keep(young)
    due = sum(delivery.state == State.WAITING for delivery in young)
    return Replayed(
        due=due,
        withheld=len(young) - due,
        too_old=len(new) - len(young),
        had=had + len(made) - len(new),
        unmet=unmet,
    )
