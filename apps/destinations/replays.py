"""Sending a past period's conversions to one destination, because a person asks for it: counted before, then done."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from apps.core import clock, formats
from apps.core.errors import Refused
from apps.sites.models import Goal
from apps.tracking.goals.selectors import conversions_counted
from apps.tracking.models import Conversion, Session

from .checked import CHECKED, checked_renew
from .models import Delivery, Destination, RoutingRule
from .providers.registry import provider_of
from .routing import choices_of, deliveries_keep, deliveries_of, goals_had, rules_in_force

State = Delivery.State
# Events of which the conversions are looked at together.
TOGETHER = 1_000


@dataclass(frozen=True, slots=True)
class Replayed:
    """What became of a past period's conversions, or would. `due`: are sent. `had`: the destination had them before.

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


def conversions_replay(
    *, destination: Destination, since: datetime, until: datetime, is_preview: bool = False, most: int | None = None
) -> Replayed:
    """Make deliveries of a past period's conversions for one destination; return what became of them, or would.

    Those that count, as when they are routed at once. What it has had already isn't sent again (what it only checked
    in test mode is), nor a goal that counts once of a visit whose other conversion it had; what its provider takes no
    more isn't tried. Also those that were found in the past, as a person has asked for them. Raises Refused for more
    conversions than `most`.
    """
    rules = [rule for rule in rules_in_force(site_id=destination.site_id) if rule.destination_id == destination.id]
    goal_ids = {rule.goal_id for rule in rules if rule.source == RoutingRule.Source.GOAL and rule.goal_id is not None}
    if not goal_ids:
        return Replayed()
    found = Conversion.objects.filter(
        site_id=destination.site_id, goal_id__in=goal_ids, occurred_at__gte=since, occurred_at__lt=until
    )
    goals = Goal.objects.filter(id__in=goal_ids)
    visits = Session.objects.filter(
        site_id=destination.site_id, id__in=found.order_by().values("session_id"), set_aside=""
    )
    # Which is a visit's first is told by all of the visit: it may have begun before the period.
    of_visits = Conversion.objects.filter(
        site_id=destination.site_id, goal_id__in=goal_ids, session_id__in=visits.values("id")
    )
    counted = conversions_counted(goals, of_visits).filter(occurred_at__gte=since, occurred_at__lt=until).order_by("id")
    pairs = list(counted.values_list("event_id", "id")[: None if most is None else most + 1])
    if most is not None and len(pairs) > most:
        raise Refused(f"There are more than {formats.number(most)} conversions: choose a shorter period.")
    # Event by event: which rule decides is told by all goals that it meets.
    by_event: defaultdict[UUID, list[int]] = defaultdict(list)
    for event_id, id_ in pairs:
        by_event[event_id].append(id_)
    events = list(by_event)
    total = Replayed()
    for start in range(0, len(events), TOGETHER):
        ids = [id_ for event_id in events[start : start + TOGETHER] for id_ in by_event[event_id]]
        conversions = list(Conversion.objects.filter(id__in=ids))
        total += _replay(destination, rules, conversions, is_preview=is_preview)
    return total


def _replay(
    destination: Destination, rules: Sequence[RoutingRule], conversions: Sequence[Conversion], *, is_preview: bool
) -> Replayed:
    """`conversions`: all of their events."""
    all_choices = choices_of(site_id=destination.site_id, rules=rules, conversions=conversions)
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
    unmet += len({one.event_id for one in conversions} - {event_id for event_id, _ in all_choices})  # gone meanwhile
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
