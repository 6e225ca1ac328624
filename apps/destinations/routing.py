"""Which conversions and events go where: rows of deliveries are made here, and nothing is sent.

May run twice and side by side: a destination has each event once.
"""

import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from django.db import transaction
from django.db.models import Exists, OuterRef

from apps.core import clock, formats
from apps.core.errors import Refused
from apps.sites.models import Goal
from apps.tracking.goals.selectors import conversions_counted
from apps.tracking.models import Conversion, Event, Kind, Session

from .checked import CHECKED, checked_renew
from .conditions import Conditions, conditions_met, conditions_read
from .consent import receipt_kept
from .inserting import rows_insert
from .loading import Loaded, Wanted, occurrences_load
from .mapping import kept, mapped_of, mapping_read, message_of
from .match import match_keys_of
from .models import Delivery, Destination, RoutedConversion, RoutingRule
from .providers.registry import provider_of
from .twin_keys import keys_told

logger = logging.getLogger(__name__)
State = Delivery.State
Source = RoutingRule.Source

# A wake-up that got lost is made good for so long; what is older is sent again by a person (a replay).
LOOK_BACK = timedelta(days=2)
# Rules that ask for the company wait until its visit was looked at, but not for ever.
COMPANY_WAIT = timedelta(minutes=5)
# A score is made a moment after the company is known.
SCORE_WAIT = timedelta(seconds=20)
TOGETHER = 1_000
NO_CONSENT = {
    "denied": "The visitor refused marketing.",
    "unasked": "The visitor wasn’t asked for marketing consent, or hasn’t answered.",
}


def rules_in_force(*, site_id: int) -> list[RoutingRule]:
    """Return a site's rules of destinations that are on, the oldest first: of two for one event the first holds."""
    return list(
        RoutingRule.objects.filter(site_id=site_id, is_on=True, destination__is_on=True, destination__archived_at=None)
        .select_related("destination")
        .order_by("id")
    )


def conversions_route(*, site_id: int, conversion_ids: Iterable[int]) -> set[int]:
    """Make deliveries of conversions; return the destinations that have something due.

    Those that count alone, and none that was found in the past. Some may have to wait for their visit's company.
    """
    rules = rules_in_force(site_id=site_id)
    by_goal = _by_source(rules, Source.GOAL)
    found = Conversion.objects.filter(
        site_id=site_id, id__in=list(conversion_ids), goal_id__in=list(by_goal), is_backfill=False
    )
    conversions = _counted(list(found), site_id)
    return _route(
        site_id=site_id,
        rules=by_goal,
        conversions=conversions,
        is_replay=False,
    )


def conversions_unrouted(*, site_id: int, after: int = 0) -> list[int]:
    """Return conversions whose routing got lost or that wait for their company, the oldest first. Two queries.

    `after`: a conversion that they come after.
    """
    rules = [rule for rule in rules_in_force(site_id=site_id) if rule.source == Source.GOAL]
    if not rules:
        return []
    found = Conversion.objects.filter(
        site_id=site_id,
        goal_id__in={rule.goal_id for rule in rules},
        is_backfill=False,
        occurred_at__gte=max(clock.now() - LOOK_BACK, min(rule.created_at for rule in rules)),
        id__gt=after,
    )
    routed = RoutedConversion.objects.filter(conversion_id=OuterRef("id"))
    return list(found.filter(~Exists(routed)).order_by("id").values_list("id", flat=True)[:TOGETHER])


def events_route(*, site_id: int, session_ids: Iterable[UUID]) -> set[int]:
    """Make deliveries of the events of visits that rules name; return the destinations that have something due."""
    rules = rules_in_force(site_id=site_id)
    by_name = _by_source(rules, Source.EVENT)
    if not by_name:
        return set()
    events = Event.objects.filter(
        site_id=site_id,
        session_id__in=list(session_ids),
        kind=Kind.EVENT,
        name__in=list(by_name),
        set_aside="",
        occurred_at__gte=max(clock.now() - LOOK_BACK, min(rule.created_at for rule in rules)),
    ).values_list("event_id", "occurred_at", "name")
    names = {event_id: name for event_id, _, name in events}
    loaded = occurrences_load(site_id=site_id, wanted=[Wanted(event_id, at) for event_id, at, _ in events])
    made = [
        delivery
        for (event_id, _), one in loaded.items()
        for delivery in _deliveries(by_name[names[event_id]], one, None, is_replay=False)
    ]
    return _keep(made)


@dataclass(frozen=True, slots=True)
class Replayed:
    """What became of a past period's conversions, or would. `due`: are sent. `had`: the destination had them before.

    `unmet`: no rule holds for them.
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

    Those that count, as when they are routed at once. What it has had already (not what it only checked in test mode)
    isn't sent again, nor a goal that counts
    once of a visit whose other conversion it had; what its provider takes no more isn't tried. Also those that were
    found in the past, as a person has asked for them. Raises Refused for more conversions than `most`.
    """
    rules = [rule for rule in rules_in_force(site_id=destination.site_id) if rule.destination_id == destination.id]
    by_goal = _by_source(rules, Source.GOAL)
    if not by_goal:
        return Replayed()
    found = Conversion.objects.filter(
        site_id=destination.site_id, goal_id__in=list(by_goal), occurred_at__gte=since, occurred_at__lt=until
    )
    goals = Goal.objects.filter(id__in=list(by_goal))
    visits = Session.objects.filter(
        site_id=destination.site_id, id__in=found.order_by().values("session_id"), set_aside=""
    )
    # Which is a visit's first is told by all of the visit: it may have begun before the period.
    of_visits = Conversion.objects.filter(
        site_id=destination.site_id, goal_id__in=list(by_goal), session_id__in=visits.values("id")
    )
    counted = conversions_counted(goals, of_visits).filter(occurred_at__gte=since, occurred_at__lt=until).order_by("id")
    total = Replayed()
    ids = list(counted.values_list("id", flat=True)[: None if most is None else most + 1])
    if most is not None and len(ids) > most:
        raise Refused(f"There are more than {formats.number(most)} conversions: choose a shorter period.")
    for start in range(0, len(ids), TOGETHER):
        conversions = list(Conversion.objects.filter(id__in=ids[start : start + TOGETHER]))
        total += _replay(destination, by_goal, conversions, is_preview=is_preview)
    return total


def _replay(
    destination: Destination,
    by_goal: dict[object, list[RoutingRule]],
    conversions: Sequence[Conversion],
    *,
    is_preview: bool,
) -> Replayed:
    loaded = _load(destination.site_id, conversions)
    goals_had = _goals_had(conversions)
    made = [
        (conversion, delivery)
        for conversion in conversions
        if (one := loaded.get((conversion.event_id, conversion.goal_id)))
        for delivery in _deliveries(by_goal[conversion.goal_id], one, conversion, is_replay=True)
    ]
    held = set(
        Delivery.objects.filter(destination=destination, event_id__in=[delivery.event_id for _, delivery in made])
        .exclude(CHECKED)
        .values_list("event_id", "occurrence")
    )
    new = [
        delivery
        for conversion, delivery in made
        if (delivery.event_id, delivery.occurrence) not in held
        and (destination.id, conversion.goal_id, conversion.session_id) not in goals_had
    ]
    provider = provider_of(destination.provider)
    oldest = clock.now() - provider.max_age if provider else None
    young = [delivery for delivery in new if oldest is None or delivery.occurred_at >= oldest]
    if not is_preview:
        checked_renew(young)
        _keep(young)
    due = sum(delivery.state == State.WAITING for delivery in young)
    return Replayed(
        due=due,
        withheld=len(young) - due,
        too_old=len(new) - len(young),
        had=len(made) - len(new),
        unmet=len(conversions) - len(made),
    )


def _counted(conversions: list[Conversion], site_id: int) -> list[Conversion]:
    """Leave those that count: of a goal that counts once a visit the visit's first, of visits that aren't set aside."""
    if not conversions:
        return []
    goals = Goal.objects.filter(id__in={one.goal_id for one in conversions}, archived_at=None)
    visits = Session.objects.filter(site_id=site_id, id__in={one.session_id for one in conversions}, set_aside="")
    of_visits = Conversion.objects.filter(site_id=site_id, session_id__in=visits.values("id"))
    counted = set(conversions_counted(goals, of_visits).values_list("id", flat=True))
    return [one for one in conversions if one.id in counted]


def _route(
    *,
    site_id: int,
    rules: dict[object, list[RoutingRule]],
    conversions: Sequence[Conversion],
    is_replay: bool,
) -> set[int]:
    loaded = _load(site_id, conversions)
    had = _goals_had(conversions)
    made: list[Delivery] = []
    done: list[int] = []
    now = clock.now()
    for conversion in conversions:
        one = loaded.get((conversion.event_id, conversion.goal_id))
        of_goal = rules[conversion.goal_id]
        if one is None:
            done.append(conversion.id)
        elif not any(_must_wait(_conditions(rule), one, now) for rule in of_goal):
            done.append(conversion.id)
            made += [
                delivery
                for delivery in _deliveries(of_goal, one, conversion, is_replay=is_replay)
                if (delivery.destination_id, conversion.goal_id, conversion.session_id) not in had
            ]
    # Together: whoever sends these must not find their conversions yet to be routed.
    with transaction.atomic():
        due = _keep(made)
        RoutedConversion.objects.bulk_create(
            [RoutedConversion(conversion_id=id_, routed_at=now) for id_ in done], ignore_conflicts=True
        )
    return due


def _goals_had(conversions: Sequence[Conversion]) -> set[tuple[int, int | None, UUID]]:
    """Return which destinations have had a goal of a visit that counts it once: an earlier one came late."""
    if not conversions:
        return set()
    once = set(
        Goal.objects.filter(id__in={one.goal_id for one in conversions}, counts_every=False).values_list(
            "id", flat=True
        )
    )
    found = Delivery.objects.filter(goal_id__in=once, session_id__in={one.session_id for one in conversions}).exclude(
        CHECKED
    )
    return set(found.values_list("destination_id", "goal_id", "session_id"))


def _load(site_id: int, conversions: Sequence[Conversion]) -> dict[tuple[UUID, int | None], Loaded]:
    wanted = [Wanted(one.event_id, one.occurred_at, one.goal_id, one.value, one.currency) for one in conversions]
    return occurrences_load(site_id=site_id, wanted=wanted, match=match_keys_of({one.event_id for one in conversions}))


def _deliveries(
    rules: Sequence[RoutingRule], one: Loaded, conversion: Conversion | None, *, is_replay: bool
) -> list[Delivery]:
    """Return a delivery for each destination of whose rules one holds; of several the first."""
    occurrence = one.occurrence
    by_destination: dict[int, Delivery] = {}
    for rule in rules:
        destination = rule.destination
        provider = provider_of(destination.provider)
        if destination.id in by_destination or provider is None:
            continue
        # What happened before there was a destination, or while it was off, is sent by a replay only: whether another
        # destination has the same goal, and so has had it looked at meanwhile, makes no difference.
        at = occurrence.occurred_at
        if not is_replay and (at < rule.created_at or destination.was_off(at)):
            continue
        if not conditions_met(_conditions(rule), occurrence, one.page):
            continue
        try:
            mapping = mapping_read(rule.mapping)
        except msgspec.ValidationError as error:
            logger.error("rule %s of a destination isn't understood: %s", rule.id, error)
            continue
        mapped = mapped_of(mapping, occurrence)
        name = mapping.name or provider.default_name(goal_name=occurrence.goal_name, event_name=occurrence.event_name)
        message = message_of(delivery_id=0, key="", name=name, mapped=mapped, occurrence=occurrence)
        consent = occurrence.consent
        now = clock.now()
        by_destination[destination.id] = Delivery(
            destination=destination,
            site_id=rule.site_id,
            rule_id=rule.id,
            event_id=occurrence.event_id,
            # A page view may meet several goals (its page, how far, how long): each is a conversion of its own.
            occurrence=f"goal:{rule.goal_id}" if conversion and occurrence.kind == Kind.PAGEVIEW else "",
            goal_id=rule.goal_id,
            conversion_id=conversion.id if conversion else None,
            session_id=occurrence.session_id,
            company_id=one.session.company_id,
            occurred_at=occurrence.occurred_at,
            source_name=occurrence.goal_name or occurrence.event_name,
            name=name,
            mapped=kept(mapped),
            consent=receipt_kept(consent),
            match_keys=keys_told(provider, message),
            # A rule can send an id of the pixel's as a field.
            has_twin_id=bool(occurrence.match.event_id or mapped.params.get("event_id")),
            state=State.WAITING if consent.is_given else State.WITHHELD,
            reason="" if consent.is_given else f"consent_{consent.state}",
            words="" if consent.is_given else NO_CONSENT[consent.state],
            created_at=now,
            next_attempt_at=now if consent.is_given else None,
            finished_at=None if consent.is_given else now,
            is_replay=is_replay,
        )
    return list(by_destination.values())


def _keep(made: Sequence[Delivery]) -> set[int]:
    rows_insert(made)
    return {delivery.destination_id for delivery in made if delivery.state == State.WAITING}


def _must_wait(conditions: Conditions, one: Loaded, now: datetime) -> bool:
    age = now - one.occurrence.occurred_at
    if not conditions.asks_company or age > COMPANY_WAIT:
        return False
    return one.session.matched_at is None or (conditions.asks_score and age < SCORE_WAIT)


def _conditions(rule: RoutingRule) -> Conditions:
    """Return a rule's conditions. One that this code doesn't understand is met by nothing."""
    try:
        return conditions_read(rule.conditions)
    except msgspec.ValidationError as error:
        logger.error("the conditions of rule %s of a destination aren't understood: %s", rule.id, error)
        return Conditions(countries=("",))


def _by_source(rules: Iterable[RoutingRule], source: RoutingRule.Source) -> dict[object, list[RoutingRule]]:
    """Return the rules of a source by the goal or event that they name."""
    grouped: defaultdict[object, list[RoutingRule]] = defaultdict(list)
    for rule in rules:
        if rule.source == source:
            grouped[rule.goal_id if source is Source.GOAL else rule.event_name].append(rule)
    return dict(grouped)
