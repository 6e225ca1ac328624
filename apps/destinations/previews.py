"""A rule tried on what happened, before it holds: what would go, what wouldn't and why, and the exact request."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from apps.core import clock
from apps.core.crypto import SealBroken
from apps.sites.models import Goal, Site
from apps.tracking.models import Kind

from .ages import age_words
from .conditions import Conditions, conditions_unmet
from .mapping import Mapping, mapped_of, message_of
from .models import Delivery, Destination, RoutingRule
from .occurrences import Message
from .providers.base import Problem, Provider, Target
from .recording import delivery_key, request_shown
from .routing import NO_CONSENT
from .samples import Sample, event_samples, goal_samples, sample_make
from .targets import target_of

SEALED = "Its secrets can’t be opened with this server’s key: enter them again under “Edit”."


@dataclass(frozen=True, slots=True)
class Draft:
    """A rule as it is edited. Of `goal` and `event_name` one is there."""

    goal: Goal | None
    event_name: str
    conditions: Conditions
    mapping: Mapping

    @property
    def source(self) -> RoutingRule.Source:
        return RoutingRule.Source.GOAL if self.goal else RoutingRule.Source.EVENT


@dataclass(frozen=True, slots=True)
class Tried:
    """A rule on one event. `reason`: a short word for counting, empty where it would go; `why`: sentences.

    `problems`: what the provider would refuse of this event.
    """

    sample: Sample
    message: Message
    reason: str = ""
    why: Sequence[str] = ()
    problems: Sequence[Problem] = ()

    @property
    def would_go(self) -> bool:
        return not self.reason


@dataclass(frozen=True, slots=True)
class Preview:
    """`latest`: the rule on each of the latest events; `shown`: the one of them, or made up, whose `request` is shown.

    `request`: as it would leave, secrets and personal data masked; empty where the provider couldn't be told at all.
    `counts`: how many of the latest would go, and how many not, by reason.
    """

    latest: Sequence[Tried]
    shown: Tried
    request: str
    counts: Sequence[tuple[str, int]] = field(default_factory=tuple)


def rule_problems(*, destination: Destination, provider: Provider, site: Site, draft: Draft) -> list[Problem]:
    """Return what the provider would refuse whoever came: found with an event in which everything is known. No query
    but for the site's host.
    """
    sample = sample_make(site=site, goal=draft.goal, event_name=draft.event_name)
    target = Target(destination.id, destination.settings, {}, is_test_mode=destination.is_test_mode)
    return provider.problems(target, message_for(destination, provider, draft, sample))


def rule_preview(
    *, destination: Destination, provider: Provider, site: Site, draft: Draft, chosen: str = ""
) -> Preview | str:
    """Return what a rule would have made of the latest events; a sentence where that can't be said.

    `chosen`: the key of the sample to be shown; else the latest that would go, else the latest.
    """
    try:
        target = target_of(destination)
    except SealBroken:
        return SEALED
    samples = samples_of(site, draft)
    latest = [_tried(destination, provider, target, draft, sample) for sample in samples]
    shown = next((one for one in latest if chosen and one.sample.key == chosen), None)
    shown = shown or next((one for one in latest if one.would_go), None) or next(iter(latest), None)
    if shown is None:
        made_up = sample_make(site=site, goal=draft.goal, event_name=draft.event_name)
        shown = _tried(destination, provider, target, draft, made_up)
    request = (
        ""
        if shown.problems
        else request_shown(provider, target, provider.request(target, [shown.message]), shown.message)
    )
    return Preview(latest, shown, request, _counted(latest))


def samples_of(site: Site, draft: Draft) -> list[Sample]:
    """Return the latest events that a rule is about, conditions aside."""
    if draft.goal is not None:
        return goal_samples(site_id=site.id, goal_ids=[draft.goal.id])
    return event_samples(site_id=site.id, names=[draft.event_name])


def message_for(destination: Destination, provider: Provider, draft: Draft, sample: Sample) -> Message:
    """Return what a destination would be told of an event by a rule."""
    occurrence, mapping = sample.occurrence, draft.mapping
    name = mapping.name or provider.default_name(goal_name=occurrence.goal_name, event_name=occurrence.event_name)
    of_goal = f"goal:{draft.goal.id}" if draft.goal and occurrence.kind == Kind.PAGEVIEW else ""
    key = delivery_key(Delivery(destination_id=destination.id, event_id=occurrence.event_id, occurrence=of_goal))
    return message_of(delivery_id=0, key=key, name=name, mapped=mapped_of(mapping, occurrence), occurrence=occurrence)


def _tried(destination: Destination, provider: Provider, target: Target, draft: Draft, sample: Sample) -> Tried:
    message = message_for(destination, provider, draft, sample)
    occurrence = sample.occurrence
    why: list[str] = []
    reasons: list[str] = []
    # What is made up stands in for an event that meets the rule.
    unmet = [] if sample.is_made_up else conditions_unmet(draft.conditions, occurrence, sample.page)
    if sample.is_set_aside:
        reasons.append("set aside")
        why.append("Its visit is set aside: a bot, or left out by a rule of the site.")
    if unmet:
        reasons.append("condition not met")
        why += unmet
    if not occurrence.consent.is_given:
        reasons.append("no marketing consent")
        why.append(NO_CONSENT[occurrence.consent.state])
    if occurrence.occurred_at < clock.now() - provider.max_age:
        reasons.append("too old")
        why.append(f"{provider.label} takes nothing that is older than {age_words(provider.max_age)}.")
    if words := provider.unmatchable(message):
        reasons.append("nobody to recognise")
        why.append(words)
    problems = provider.problems(target, message)
    if problems:
        reasons.append(f"{provider.label} would refuse it")
    return Tried(sample, message, reasons[0] if reasons else "", why, problems)


def _counted(latest: Sequence[Tried]) -> list[tuple[str, int]]:
    """Return how many would go (reason empty) and how many not, by reason, the most first; of several the first."""
    counted = Counter(one.reason for one in latest)
    return sorted(counted.items(), key=lambda pair: (bool(pair[0]), -pair[1]))
