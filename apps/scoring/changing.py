"""Rules made from rules: one more, one fewer, another order. Pure; whoever stores them is `saving`."""

import re
from dataclasses import dataclass

from msgspec.structs import replace

from apps.core.errors import Refused

from .rules import Rule, Scoring

# Each is held against all that a company did.
MOST_RULES = 50
_KEY_LETTERS = 40


@dataclass(frozen=True, slots=True)
class NotThere(Exception):
    """A rule that is to be changed isn't there any more."""

    key: str


def rule_by_key(scoring: Scoring, key: str) -> Rule:
    """Return a rule. Raises NotThere."""
    for rule in scoring.rules:
        if rule.key == key:
            return rule
    raise NotThere(key)


def key_for(scoring: Scoring, name: str) -> str:
    """Return a key for a new rule that no other has."""
    word = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")[:_KEY_LETTERS] or "rule"
    taken = {rule.key for rule in scoring.rules}
    number, key = 1, word
    while key in taken:
        number += 1
        key = f"{word}_{number}"
    return key


def rule_put(scoring: Scoring, rule: Rule) -> Scoring:
    """Put a rule in the place of the one with its key, or at the end. Raises Refused for a name that is taken."""
    if any(one.name.casefold() == rule.name.casefold() and one.key != rule.key for one in scoring.rules):
        raise Refused("There is a rule of this name already.")
    if any(one.key == rule.key for one in scoring.rules):
        rules = tuple(rule if one.key == rule.key else one for one in scoring.rules)
    elif len(scoring.rules) >= MOST_RULES:
        raise Refused(f"There can be {MOST_RULES} rules at most: remove one that isn’t needed any more.")
    else:
        rules = (*scoring.rules, rule)
    return replace(scoring, rules=rules)


def rule_remove(scoring: Scoring, key: str) -> Scoring:
    """Take a rule out. Raises NotThere."""
    gone = rule_by_key(scoring, key)
    return replace(scoring, rules=tuple(rule for rule in scoring.rules if rule is not gone))


def rule_switch(scoring: Scoring, key: str, *, is_on: bool) -> Scoring:
    """Switch a rule on or off. Raises NotThere."""
    return rule_put(scoring, replace(rule_by_key(scoring, key), is_on=is_on))


def rule_move(scoring: Scoring, key: str, *, by: int) -> Scoring:
    """Move a rule up (below zero) or down; at an end it stays. Raises NotThere."""
    rules = list(scoring.rules)
    place = rules.index(rule_by_key(scoring, key))
    rule = rules.pop(place)
    rules.insert(max(0, place + by), rule)
    return replace(scoring, rules=tuple(rules))
