"""Which conversions and events go where: rows of deliveries are made here, and nothing is sent.

May run twice and side by side: a destination has each event once. Whoever comes to an event first looks at all goals
that it meets and at all rules, so that chance doesn't decide by which of them it goes.
"""

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from apps.core import clock
from apps.sites.models import Goal
from apps.tracking.events import TOO_OLD_AFTER_MS
from apps.tracking.goals.selectors import conversions_counted
from apps.tracking.models import Conversion, Event, Kind, Origin, Session

from .checked import CHECKED
from .conditions import Conditions, conditions_met, conditions_read
from .consent import receipt_kept
from .inserting import rows_insert
from .loading import AROUND, Loaded, Wanted, occurrences_load
from .mapping import kept, mapped_of, mapping_read, message_of
from .match import match_keys_of
from .models import Delivery, RoutedConversion, RoutedEvent, RoutingRule
from .providers.registry import provider_of
from .twin_keys import keys_told

logger = logging.getLogger(__name__)
State = Delivery.State
Source = RoutingRule.Source

# A wake-up that got lost is made good for so long; what is older is sent again by a person (a replay).
LOOK_BACK = timedelta(days=2)
# What browsers tell of may have happened so long before it came.
LATEST = timedelta(milliseconds=TOO_OLD_AFTER_MS)
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


@dataclass(frozen=True, slots=True)
class Choice:
    """A rule by which an event may go. `conversion`: of the rule's goal; None where the rule names the event."""

    rule: RoutingRule
    one: Loaded
    conversion: Conversion | None

    @property
    def occurrence(self) -> str:
        """What tells deliveries of one event apart."""
        # A page view may meet several goals (its page, how far, how long), one after the other: each is a conversion of
        # its own. Whatever else an event meets is known as soon as it is stored.
        return f"goal:{self.rule.goal_id}" if self.conversion and self.one.occurrence.kind == Kind.PAGEVIEW else ""


def conversions_route(*, site_id: int, conversion_ids: Iterable[int]) -> set[int]:
    """Make deliveries of conversions; return the destinations that have something due.

    Those that count alone, and none that was found in the past or looked at before. Some may have to wait for their
    visit's company. What else their events meet is looked at with them.
    """
    rules = rules_in_force(site_id=site_id)
    unrouted = _unrouted(site_id, rules)
    conversions = list(unrouted.filter(id__in=list(conversion_ids)))
    if not conversions:
        return set()
    if len({rule.goal_id for rule in rules if rule.source == Source.GOAL}) > 1:
        conversions = list(unrouted.filter(event_id__in={one.event_id for one in conversions}))
    return _route(site_id, rules, conversions, named={})


def conversions_unrouted(*, site_id: int, after: int = 0, is_late: bool = False) -> list[int]:
    """Return conversions whose routing got lost or that wait for their company, the oldest first. Two queries.

    `after`: a conversion that they come after. `is_late`: those of events that happened longer ago than LOOK_BACK, but
    came since; takes longer to find. Those of visits that are set aside are left, as long as they are.
    """
    rules = rules_in_force(site_id=site_id)
    now = clock.now()
    first = _first(rules, Source.GOAL)
    if first is None:
        return []
    counts = Exists(Session.objects.filter(site_id=site_id, id=OuterRef("session_id"), set_aside=""))
    found = _unrouted(site_id, rules).filter(counts, id__gt=after)
    if is_late:
        came = Event.objects.filter(
            site_id=site_id,
            event_id=OuterRef("event_id"),
            occurred_at__gte=now - LOOK_BACK - LATEST - AROUND,
            received_at__gte=now - LOOK_BACK,
        )
        found = found.filter(
            Exists(came), occurred_at__gte=max(now - LOOK_BACK - LATEST, first), occurred_at__lt=now - LOOK_BACK
        )
    else:
        found = found.filter(occurred_at__gte=max(now - LOOK_BACK, first))
    return list(found.order_by("id").values_list("id", flat=True)[:TOGETHER])


def events_route(*, site_id: int, session_ids: Iterable[UUID]) -> set[int]:
    """Make deliveries of the events of visits that rules name; return the destinations that have something due.

    None that was looked at before; what was waited for is among those that weren't.
    """
    rules = rules_in_force(site_id=site_id)
    first = _first(rules, Source.EVENT)
    if first is None:
        return set()
    now = clock.now()
    # What was imported was found in the past: it goes by a replay only.
    lately = events_named(site_id=site_id, rules=rules).exclude(origin=Origin.IMPORT)
    events = lately.filter(
        ~Exists(RoutedEvent.objects.filter(event_id=OuterRef("event_id"))),
        session_id__in=list(session_ids),
        occurred_at__gte=max(now - LOOK_BACK - LATEST, first),
        received_at__gte=now - LOOK_BACK,
    )
    named = dict(events.values_list("event_id", "occurred_at"))
    if not named:
        return set()
    conversions = list(_unrouted(site_id, rules).filter(event_id__in=list(named)))
    return _route(site_id, rules, conversions, named=named)


def events_named(*, site_id: int, rules: Iterable[RoutingRule]) -> QuerySet[Event]:
    """Return a site's events that rules name."""
    names = _by_source(rules, Source.EVENT)
    return Event.objects.filter(site_id=site_id, kind=Kind.EVENT, name__in=list(names), set_aside="")


def choices_of(
    *,
    site_id: int,
    rules: Sequence[RoutingRule],
    conversions: Sequence[Conversion],
    named: Mapping[UUID, datetime] | None = None,
) -> dict[tuple[UUID, str], list[Choice]]:
    """Return by which rules events may go, the oldest first: those of their goals, and those that name the event.

    By event and, of page views, goal; what is gone is left out. `named`: further events with when they happened. At
    most twelve queries.
    """
    by_goal, by_name = _by_source(rules, Source.GOAL), _by_source(rules, Source.EVENT)
    moments = {one.event_id: one.occurred_at for one in conversions} | dict(named or {})
    wanted = [Wanted(one.event_id, one.occurred_at, one.goal_id, one.value, one.currency) for one in conversions]
    if by_name:
        wanted += [Wanted(event_id, at) for event_id, at in moments.items()]
    loaded = occurrences_load(site_id=site_id, wanted=wanted, match=match_keys_of(moments)) if wanted else {}
    found: list[Choice] = []
    for conversion in conversions:
        if one := loaded.get((conversion.event_id, conversion.goal_id)):
            found += [Choice(rule, one, conversion) for rule in by_goal[conversion.goal_id]]
    for event_id in moments if by_name else ():
        one = loaded.get((event_id, None))
        if one and one.occurrence.kind == Kind.EVENT and not one.session.set_aside:
            found += [Choice(rule, one, None) for rule in by_name.get(one.occurrence.event_name, ())]
    choices: defaultdict[tuple[UUID, str], list[Choice]] = defaultdict(list)
    for choice in sorted(found, key=lambda choice: choice.rule.id):
        choices[choice.one.occurrence.event_id, choice.occurrence].append(choice)
    return dict(choices)


def deliveries_of(
    choices: Sequence[Choice], *, is_replay: bool, had: AbstractSet[tuple[int, int | None, UUID]]
) -> list[Delivery]:
    """Return an event's delivery for each destination of whose rules one holds; of several the oldest.

    `had`: see `goals_had`.
    """
    by_destination: dict[int, Delivery] = {}
    for choice in choices:
        destination_id, conversion = choice.rule.destination_id, choice.conversion
        if destination_id in by_destination:
            continue
        if conversion and (destination_id, conversion.goal_id, conversion.session_id) in had:
            continue
        if delivery := _delivery(choice, is_replay=is_replay):
            by_destination[destination_id] = delivery
    return list(by_destination.values())


def deliveries_keep(made: Sequence[Delivery]) -> set[int]:
    """Insert deliveries but those that are there; return the destinations of those that are due."""
    # Always in one order: two that come to the same events would else wait for one another.
    in_order: list[Delivery] = sorted(made, key=lambda one: (one.event_id, one.destination_id, one.occurrence))
    rows_insert(in_order)
    return {delivery.destination_id for delivery in made if delivery.state == State.WAITING}


def goals_had(conversions: Sequence[Conversion]) -> set[tuple[int, int | None, UUID]]:
    """Return which destinations have had a goal of a visit that counts it once: an earlier one came late."""
    if not conversions:
        return set()
    once = set(
        Goal.objects.filter(id__in={one.goal_id for one in conversions}, counts_every=False).values_list(
            "id", flat=True
        )
    )
    found = Delivery.objects.filter(~CHECKED, goal_id__in=once, session_id__in={one.session_id for one in conversions})
    return set(found.values_list("destination_id", "goal_id", "session_id"))


def _route(
    site_id: int, rules: Sequence[RoutingRule], conversions: Sequence[Conversion], *, named: Mapping[UUID, datetime]
) -> set[int]:
    """Look at events by all rules; return the destinations that have something due.

    `conversions`: theirs, as far as nobody has looked at them. `named`: those that rules name.
    """
    counted, set_aside = _counted(conversions, site_id)
    had = goals_had(counted)
    now = clock.now()
    made: list[Delivery] = []
    events = set(named)
    waiting: set[UUID] = set()
    waiting_ids: set[int] = set()
    by_event = choices_of(site_id=site_id, rules=rules, conversions=counted, named=named)
    for (event_id, _), choices in by_event.items():
        # Which of a destination's rules holds isn't known yet; others needn't wait for it.
        undecided = {choice.rule.destination_id for choice in choices if _must_wait(choice, now)}
        of_event = deliveries_of(choices, is_replay=False, had=had)
        made += [delivery for delivery in of_event if delivery.destination_id not in undecided]
        if any(choice.conversion is None for choice in choices):
            events.add(event_id)
        if undecided:
            waiting.add(event_id)
            waiting_ids |= {choice.conversion.id for choice in choices if choice.conversion}
    done = {one.id for one in conversions} - waiting_ids - set_aside
    # Together: whoever sends these must not find their conversions yet to be routed.
    with transaction.atomic():
        due = deliveries_keep(made)
        RoutedConversion.objects.bulk_create(
            [RoutedConversion(conversion_id=id_, routed_at=now) for id_ in sorted(done)], ignore_conflicts=True
        )
        RoutedEvent.objects.bulk_create(
            [RoutedEvent(event_id=id_, routed_at=now) for id_ in sorted(events - waiting)], ignore_conflicts=True
        )
    return due


def _unrouted(site_id: int, rules: Sequence[RoutingRule]) -> QuerySet[Conversion]:
    """Return conversions of goals that rules name and that nobody has looked at; none that was found in the past."""
    return Conversion.objects.filter(
        ~Exists(RoutedConversion.objects.filter(conversion_id=OuterRef("id"))),
        site_id=site_id,
        goal_id__in={rule.goal_id for rule in rules if rule.source == Source.GOAL},
        is_backfill=False,
    )


def _first(rules: Sequence[RoutingRule], source: RoutingRule.Source) -> datetime | None:
    """Return since when any rule of a source holds; None where there is none."""
    return min((rule.since for rule in rules if rule.source == source), default=None)


def _counted(conversions: Sequence[Conversion], site_id: int) -> tuple[list[Conversion], set[int]]:
    """Return those that count, of a goal that counts once a visit the visit's first, and the ids of those that may yet.

    Those are of visits that are set aside, which may be undone. What else doesn't count is done with.
    """
    if not conversions:
        return [], set()
    goals = Goal.objects.filter(id__in={one.goal_id for one in conversions}, archived_at=None)
    visits = Session.objects.filter(site_id=site_id, id__in={one.session_id for one in conversions}, set_aside="")
    counting = set(visits.values_list("id", flat=True))
    of_visits = Conversion.objects.filter(site_id=site_id, session_id__in=counting)
    counted = set(conversions_counted(goals, of_visits).values_list("id", flat=True))
    set_aside = {one.id for one in conversions if one.session_id not in counting}
    return [one for one in conversions if one.id in counted], set_aside


def _delivery(choice: Choice, *, is_replay: bool) -> Delivery | None:
    """Return an event's delivery by a rule; None where the rule doesn't hold."""
    rule, occurrence, conversion = choice.rule, choice.one.occurrence, choice.conversion
    destination = rule.destination
    provider = provider_of(destination.provider)
    if provider is None or not (is_replay or _held_then(choice)):
        return None
    if not conditions_met(_conditions(rule), occurrence, choice.one.page):
        return None
    try:
        mapping = mapping_read(rule.mapping)
    except msgspec.ValidationError as error:
        logger.error("rule %s of a destination isn't understood: %s", rule.id, error)
        return None
    mapped = mapped_of(mapping, occurrence)
    name = mapping.name or provider.default_name(goal_name=occurrence.goal_name, event_name=occurrence.event_name)
    message = message_of(delivery_id=0, key="", name=name, mapped=mapped, occurrence=occurrence)
    consent = occurrence.consent
    now = clock.now()
    return Delivery(
        destination=destination,
        site_id=rule.site_id,
        rule_id=rule.id,
        event_id=occurrence.event_id,
        occurrence=choice.occurrence,
        goal_id=rule.goal_id,
        conversion_id=conversion.id if conversion else None,
        session_id=occurrence.session_id,
        company_id=choice.one.session.company_id,
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


def _held_then(choice: Choice) -> bool:
    """Return whether a rule held when something happened, and its destination was on.

    What was before is sent by a replay only: whether another destination has the same goal, and so has had it looked at
    meanwhile, makes no difference.
    """
    at = choice.one.occurrence.occurred_at
    return at >= choice.rule.since and not choice.rule.destination.was_off(at)


def _must_wait(choice: Choice, now: datetime) -> bool:
    conditions, one = _conditions(choice.rule), choice.one
    age = now - one.occurrence.occurred_at
    if not conditions.asks_company or age > COMPANY_WAIT or not _held_then(choice):
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
