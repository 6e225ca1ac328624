"""Rules on what was done: events by name, goals that were reached."""

from collections.abc import Iterator

from apps.sites.goals.conditions import asked_of, conditions_met

from ..ordered import Ordered
from ..rules import Match, Rule
from .base import GoalNames, Hit, Kind, on_pages_words


def _event_words(match: Match, _: GoalNames) -> str:
    asked = " and ".join(condition.words for condition in match.conditions)
    return f"event {match.event}{f' with {asked}' if asked else ''}{on_pages_words(match)}"


def _event_hits(rule: Rule, index: int, ordered: Ordered) -> Iterator[Hit]:
    match = rule.match
    for event in ordered.events:
        if event.name != match.event or (match.pages and not ordered.fits(index, event.page)):
            continue
        asked = asked_of(event.props, event.value, event.currency) if match.conditions else {}
        if conditions_met(match.conditions, asked):
            yield Hit(event.at, event.visit_id, event)


def _goal_words(match: Match, goal_names: GoalNames) -> str:
    if match.goal_id is None:
        return "any goal reached"
    return f"goal {goal_names.get(match.goal_id, 'that is gone')} reached"


def _goal_hits(rule: Rule, _: int, ordered: Ordered) -> Iterator[Hit]:
    wanted = rule.match.goal_id
    for one in ordered.reached:
        if wanted is None or one.goal_id == wanted:
            yield Hit(one.at, one.visit_id, one)


EVENT = Kind(
    "Event sent",
    "Each event of this name, by its name as it was sent, with conditions on its properties, its value and currency.",
    ("event", "conditions", "pages"),
    ("event",),
    _event_words,
    _event_hits,
)
GOAL = Kind(
    "Goal reached", "Each conversion that counts, of one goal or of any.", ("goal_id",), (), _goal_words, _goal_hits
)
