"""Sending a past period to one destination, because a person asks for it: counted before, then done."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from apps.core import clock, formats
from apps.core.errors import Refused
from apps.sites.models import Goal
from apps.tracking.goals.selectors import conversions_counted
from apps.tracking.models import Conversion, Event, Session

from .checked import CHECKED, checked_renew
from .mapping import mapped_read, message_of
from .models import Delivery, Destination, RoutingRule
from .occurrences import Occurrence
from .providers.base import Provider
from .providers.registry import provider_of
from .routing import choices_of, deliveries_keep, deliveries_of, events_named, goals_had, rules_in_force

State = Delivery.State
# Events that are looked at together.
TOGETHER = 1_000


@dataclass(frozen=True, slots=True)
class Replayed:
    """What became of a past period's conversions and events, or would. `due`: are sent. `had`: it had them before.

    `too_old`, `unmatchable`: the provider takes them no more, or could recognise nobody by them; `unmet`: no rule holds
    for them. Those of one event that goes once are one. `leaves_events`: there were too many events that rules name
    beside the goals', so these weren't looked at.
    """

    due: int = 0
    withheld: int = 0
    too_old: int = 0
    unmatchable: int = 0
    had: int = 0
    unmet: int = 0
    leaves_events: bool = False

    def __add__(self, other: "Replayed") -> "Replayed":
        sums = {name: getattr(self, name) + getattr(other, name) for name in COUNTED}
        return replace(self, **sums, leaves_events=self.leaves_events or other.leaves_events)

    @property
    def total(self) -> int:
        return sum(getattr(self, name) for name in COUNTED)


COUNTED = ("due", "withheld", "too_old", "unmatchable", "had", "unmet")


def period_replay(
    *, destination: Destination, since: datetime, until: datetime, is_preview: bool = False, most: int | None = None
) -> Replayed:
    """Make deliveries of what happened in a past period for one destination; return what became of it, or would.

    Conversions that count, as when they are routed at once, and events that rules name, as far back as the provider
    takes them. What it has had already isn't sent again (what it only checked in test mode is), nor a goal that counts
    once of a visit whose other conversion it had; what its provider takes no more, or could recognise nobody by, isn't
    tried. Also those that were found in the past, as a person has asked for them. Raises Refused for more conversions
    than `most`; more events are left.
    """
    rules = [rule for rule in rules_in_force(site_id=destination.site_id) if rule.destination_id == destination.id]
    counted = list(_counted(destination, rules, since, until)[: None if most is None else most + 1])
    if most is not None and len(counted) > most:
        raise Refused(f"There are more than {formats.number(most)} conversions: choose a shorter period.")
    # Event by event: which rule decides is told by all goals that it meets, and by its name.
    by_event: defaultdict[UUID, list[int]] = defaultdict(list)
    for _, event_id, id_ in counted:
        by_event[event_id].append(id_)
    named = _named(destination, rules, since, until)
    # Most of a busy day it may have had: those that are no conversions are only counted then.
    is_new = ~Exists(_had(destination).filter(event_id=OuterRef("event_id"))) | Q(event_id__in=list(by_event))
    new = list(named.filter(is_new).values_list("occurred_at", "event_id")[: None if most is None else most + 1])
    leaves_events = most is not None and len(new) > most
    moments = {} if leaves_events else {event_id: at for at, event_id in new}
    total = Replayed(had=0 if leaves_events else named.exclude(is_new).count(), leaves_events=leaves_events)
    events = list(moments | {event_id: at for at, event_id, _ in counted})
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


def _named(destination: Destination, rules: Sequence[RoutingRule], since: datetime, until: datetime) -> QuerySet[Event]:
    """Return the events of a period that rules name and that the provider takes yet, the oldest first."""
    events = events_named(site_id=destination.site_id, rules=rules)
    visits = Session.objects.filter(site_id=destination.site_id, id=OuterRef("session_id"), set_aside="")
    if provider := provider_of(destination.provider):
        since = max(since, clock.now() - provider.max_age)
    found = events.filter(Exists(visits), occurred_at__gte=since, occurred_at__lt=until)
    return found.order_by("occurred_at", "event_id")


def _had(destination: Destination) -> QuerySet[Delivery]:
    return Delivery.objects.filter(~CHECKED, destination=destination)


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
    made: list[tuple[Delivery, Occurrence]] = []
    had = unmet = 0
    for choices in all_choices.values():
        happened = {choice.rule.id: choice.one.occurrence for choice in choices}
        if of_event := deliveries_of(choices, is_replay=True, had=had_before):
            made += [(delivery, happened[delivery.rule_id or 0]) for delivery in of_event]
        elif deliveries_of(choices, is_replay=True, had=set()):
            had += 1
        else:
            unmet += 1
    events = {one.event_id for one in conversions} | named.keys()
    unmet += len(events - {event_id for event_id, _ in all_choices})  # gone meanwhile
    held = set(
        _had(destination)
        .filter(event_id__in=[delivery.event_id for delivery, _ in made])
        .values_list("event_id", "occurrence")
    )
    new = [one for one in made if (one[0].event_id, one[0].occurrence) not in held]
    provider = provider_of(destination.provider)
    oldest = clock.now() - provider.max_age if provider else None
    young = [one for one in new if oldest is None or one[0].occurred_at >= oldest]
    sent = [
        delivery for delivery, happened in young if not (provider and _is_unmatchable(provider, delivery, happened))
    ]
    if not is_preview:
        checked_renew(sent)
        deliveries_keep(sent)
    due = sum(delivery.state == State.WAITING for delivery in sent)
    return Replayed(
        due=due,
        withheld=len(sent) - due,
        too_old=len(new) - len(young),
        unmatchable=len(young) - len(sent),
        had=had + len(made) - len(new),
        unmet=unmet,
    )


def _is_unmatchable(provider: Provider, delivery: Delivery, happened: Occurrence) -> bool:
    """Return whether it is certain that the provider could recognise nobody by what may be sent."""
    if delivery.state != State.WAITING:
        return False
    mapped = mapped_read(delivery.mapped)
    message = message_of(delivery_id=0, key="", name=delivery.name, mapped=mapped, occurrence=happened)
    return bool(provider.unmatchable(message))
