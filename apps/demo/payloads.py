"""A simulated visit in the words of the wire contract, as the tag would send it."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from .journeys import Action, Step, Visit


def milliseconds(at: datetime) -> int:
    return round(at.timestamp() * 1000)


def context(visit: Visit) -> dict[str, Any]:
    """Return the contract's `context` of the visitor's browser."""
    person = visit.person
    width, height = person.screen
    base = person.language.partition("-")[0]
    return {
        "screen": [width, height],
        "viewport": [width, height - (80 if person.has_touch else 140)],
        "pixel_ratio": person.pixel_ratio,
        "languages": [person.language, base] if person.language else [],
        "time_zone": person.time_zone,
        "color_scheme": "dark" if person.address[-1] in "123" else "light",
        "touch": person.has_touch,
    }


def events(visit: Visit) -> Iterator[dict[str, Any]]:
    """Yield the visit's events in the order in which a tag would send them."""
    for step in visit.steps:
        yield pageview(step)
        for action in step.actions:
            yield event(step, action)
        if step.engaged_ms:
            yield engagement(step)


def pageview(step: Step) -> dict[str, Any]:
    return {
        "id": str(step.id),
        "kind": "pageview",
        "at": milliseconds(step.at),
        "page_id": str(step.id),
        "url": step.url,
        "referrer": step.referrer,
        "title": step.page.title,
    }


def event(step: Step, action: Action) -> dict[str, Any]:
    return {
        "id": str(action.id),
        "kind": "event",
        "name": action.name,
        "at": milliseconds(action.at),
        "page_id": str(step.id),
        "url": step.url,
        "props": action.props,
    }


def engagement_id(step: Step) -> UUID:
    """Return the id of a page view's engagement: made of the page view's, so that it is the same each time."""
    return uuid5(NAMESPACE_URL, f"engagement of {step.id}")


def engagement(step: Step) -> dict[str, Any]:
    return {
        "id": str(engagement_id(step)),
        "kind": "engagement",
        "at": milliseconds(step.at) + step.engaged_ms,
        "page_id": str(step.id),
        "url": step.url,
        "engaged_ms": step.engaged_ms,
        "scroll_percent": step.scroll_percent,
    }
