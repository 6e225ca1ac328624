"""Destinations and their rules in words. Pure."""

from collections.abc import Mapping as ReadMapping
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from apps.core import countries, formats
from apps.sites.goals.words import money

from . import archived
from .conditions import Conditions, conditions_read
from .mapping import Mapping, ValueFrom, mapping_read
from .models import Destination, RoutingRule
from .providers.base import Provider

OFF = (
    "Nothing is sent. What was due when it was switched off waits, until it is too old for the provider; what happens "
    "meanwhile doesn’t go there, whatever other destinations get: a replay sends it once it is on."
)
NOT_UNDERSTOOD = "This version of Beacon doesn’t understand it: nothing goes by it."


@dataclass(frozen=True, slots=True)
class RuleWords:
    """A rule as two lines: of what and when, and what it becomes there."""

    when: str
    what: str


@dataclass(frozen=True, slots=True)
class Health:
    """How a destination is. `state`: of components/_state.html; `mend`: what to do about it, empty: nothing."""

    state: str
    label: str
    words: str
    mend: str = ""


def rule_words(rule: RoutingRule, goal_names: ReadMapping[int, str], provider: Provider) -> RuleWords:
    """Return a rule in words: "When the goal Demo request is reached on /demo*, in Germany", "It goes as …"."""
    try:
        conditions, mapping = conditions_read(rule.conditions), mapping_read(rule.mapping)
    except msgspec.ValidationError:
        return RuleWords(_source(rule, goal_names), NOT_UNDERSTOOD)
    asked = conditions_words(conditions)
    return RuleWords(", ".join([_source(rule, goal_names), *asked]), mapping_words(mapping, rule, goal_names, provider))


def conditions_words(conditions: Conditions) -> list[str]:
    """Return what is asked besides, each a part of a sentence."""
    asked: list[str] = []
    if conditions.pages:
        asked.append(f"on {_any(conditions.pages)}")
    if conditions.countries:
        asked.append(f"in {_any([countries.country_name(code) for code in conditions.countries])}")
    if conditions.least_value is not None:
        asked.append(f"worth {formats.number(conditions.least_value)} or more")
    if conditions.company_kinds:
        asked.append(f"by a company of the kind {_any(conditions.company_kinds)}")
    if conditions.temperatures:
        asked.append(f"by a company that is {_any(conditions.temperatures)}")
    if conditions.least_score is not None:
        asked.append(f"by a company with a score of {conditions.least_score} or more")
    return asked


def mapping_words(mapping: Mapping, rule: RoutingRule, goal_names: ReadMapping[int, str], provider: Provider) -> str:
    """Return what something becomes there: "As Lead, worth 50 EUR, with plan = {prop.plan}"."""
    goal_name = goal_names.get(rule.goal_id or 0, "")
    name = mapping.name or provider.default_name(goal_name=goal_name, event_name=rule.event_name)
    parts = [f"As {name}", _worth(mapping, rule.source)]
    if mapping.params:
        parts.append(f"with {', '.join(f'{field} = {text}' for field, text in mapping.params.items())}")
    return ", ".join(parts)


def health_of(
    destination: Destination, provider: Provider, *, now: datetime, has_rules: bool, is_site_archived: bool
) -> Health:
    """Return how a destination is, and how to mend what isn't well."""
    label = provider.label
    if is_site_archived:
        return Health("none", "Site archived", archived.WORDS, "It goes once the site is resumed in its settings.")
    if destination.problem:
        if not destination.is_on:
            mend = (
                "It was switched off by that: mend it under “Edit”, or switch it on once it is well. What is due waits."
            )
            return Health("bad", "Refused", destination.problem_words, mend)
        mend = "Mend it under “Edit” or at the provider, then send a test: what is due waits, and goes once that works."
        if not provider.test_proves_access:
            mend = "Mend it at the provider or under “Edit”, and save it there: what is due waits, and is tried then."
        return Health("bad", "Refused", destination.problem_words, mend)
    if not destination.is_on:
        return Health("none", "Off", OFF)
    if not has_rules:
        return Health("none", "No rules", "Nothing goes here before it has a rule.", "Add the first rule.")
    if destination.open_until is not None and destination.open_until > now:
        wait = formats.duration(destination.open_until - now)
        why = f"has failed {_times(destination.failures)}" if destination.failures else "has asked to wait"
        words = f"{label} {why}: left alone for {wait}. What is due waits."
        return Health("warn", "Paused", words)
    if destination.failures:
        return Health("warn", "Failing", f"{label} has failed {_times(destination.failures)}; Beacon goes on trying.")
    if destination.is_test_mode:
        return Health("warn", "Test mode", f"Everything goes as a test. {provider.test_words}")
    return Health("good", "Well", "Beacon knows of nothing that is wrong.")


def _source(rule: RoutingRule, goal_names: ReadMapping[int, str]) -> str:
    if rule.source == RoutingRule.Source.GOAL:
        name = goal_names.get(rule.goal_id or 0)
        return f"When the goal {name} is reached" if name else "When a goal is reached that isn’t there any more"
    return f"When the event {rule.event_name} happens"


def _worth(mapping: Mapping, source: str) -> str:
    fallback = f" ({mapping.currency} where it says none)" if mapping.currency else ""
    if mapping.value_from is ValueFrom.FIXED and mapping.value is not None:
        return f"worth {money(mapping.value, mapping.currency)}"
    if mapping.value_from in (ValueFrom.EVENT, ValueFrom.CONVERSION):
        is_goal = mapping.value_from is ValueFrom.CONVERSION and source == RoutingRule.Source.GOAL
        return f"worth what the {'goal' if is_goal else 'event'} says{fallback}"
    return "without a value"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times in a row"


def _any(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
