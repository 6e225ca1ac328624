"""A goal as those judge by it who store events, and whether something seen meets it. Pure."""

import logging
from collections.abc import Iterable, Mapping
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache

import msgspec

from .conditions import PropCondition, Property, asked_of, conditions_met
from .patterns import Page, page_matches

logger = logging.getLogger(__name__)


class GoalKind(StrEnum):
    PAGE = "page"
    EVENT = "event"
    SCROLL = "scroll"
    ENGAGED = "engaged"


class ValueFrom(StrEnum):
    NONE = "none"
    FIXED = "fixed"
    EVENT = "event"


# The kinds that are totals of a page view, and reached when these have grown enough.
TOTAL_KINDS = (GoalKind.SCROLL, GoalKind.ENGAGED)


class GoalRule(msgspec.Struct, frozen=True):
    """What a goal asks. `page` (a pattern): which page, of a page goal; else on which pages, empty for all.

    `threshold`: percent scrolled, seconds engaged. `counts_every`: each time, else once a visit; for those who read.
    """

    id: int
    kind: GoalKind
    page: str = ""
    event_name: str = ""
    conditions: tuple[PropCondition, ...] = ()
    threshold: int = 0
    value_from: ValueFrom = ValueFrom.NONE
    value: Decimal | None = None
    currency: str = ""
    counts_every: bool = False

    @property
    def is_total(self) -> bool:
        return self.kind in TOTAL_KINDS


class Seen(msgspec.Struct):
    """What goals may ask of an event. `kind` as events have it: pageview, event, ..."""

    kind: str
    page: Page
    name: str = ""
    engaged_ms: int = 0
    scroll_percent: int = 0
    value: Decimal | None = None
    currency: str = ""
    props: Mapping[str, Property] | None = None


def goal_met(rule: GoalRule, seen: Seen) -> bool:
    """Return whether an event meets a goal, by what is known of it so far."""
    if rule.kind is GoalKind.EVENT:
        if seen.kind != "event" or seen.name != rule.event_name:
            return False
        return page_matches(rule.page, seen.page) and conditions_met(
            rule.conditions, asked_of(seen.props, seen.value, seen.currency)
        )
    if seen.kind != "pageview":
        return False
    if rule.is_total and not reached(rule, seen.engaged_ms, seen.scroll_percent):
        return False
    return page_matches(rule.page, seen.page)


def reached(rule: GoalRule, engaged_ms: int, scroll_percent: int) -> bool:
    """Return whether a page view's totals are enough for a goal of such."""
    if rule.kind is GoalKind.SCROLL:
        return scroll_percent >= rule.threshold
    return rule.kind is GoalKind.ENGAGED and engaged_ms >= rule.threshold * 1000


def worth(rule: GoalRule, value: Decimal | None, currency: str) -> tuple[Decimal | None, str]:
    """Return what a conversion is worth, given the event's own value; None where nothing says."""
    if rule.value_from is ValueFrom.FIXED and rule.value is not None:
        return rule.value, rule.currency
    if rule.value_from is ValueFrom.EVENT and value is not None:
        return value, currency or rule.currency
    return None, ""


@lru_cache(maxsize=4096)
def rules_read(text: str) -> tuple[GoalRule, ...]:
    """Return the goals of a JSON list, as the database gives it. One that this code doesn't know is left out and told.

    A newer version may have made it; nothing meets it until that reads it.
    """
    rules = []
    for raw in msgspec.json.decode(text, type=list[msgspec.Raw]):
        try:
            rules.append(msgspec.json.decode(raw, type=GoalRule))
        except msgspec.ValidationError as error:
            logger.error("a goal isn't understood and nothing meets it: %s", error)
    return tuple(rules)


def rules_of_totals(rules: Iterable[GoalRule]) -> list[GoalRule]:
    return [rule for rule in rules if rule.is_total]
