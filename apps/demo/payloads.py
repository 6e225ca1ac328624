"""A simulated visit in the words of the wire contract, as the tag would send it."""

from collections.abc import Iterator
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from .journeys import Action, Step, Visit

# Of ten.
AGREE, REFUSE = 6, 2
# Of ten events whose page tells a pixel of them too, so many give both the same id.
SHARED_ID = 7


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


def consent(visit: Visit) -> dict[str, Any]:
    """Return the contract's `consent`: of ten visitors six agree, two refuse marketing, and two haven't answered.

    Of who refuses analytics as well there would be no visit.
    """
    said = _draw(visit, "consent") % 10
    if said >= AGREE + REFUSE:
        return {}
    answer = "granted" if said < AGREE else "denied"
    at = milliseconds(visit.steps[0].at)
    return {"analytics": "granted", "marketing": answer, "source": "api", "at": at, "text_version": "2026-03"}


def match(visit: Visit) -> dict[str, Any]:
    """Return the contract's `match`: what the tag would find in the cookies of somebody who agrees to marketing."""
    number, since = _draw(visit, "match"), milliseconds(visit.steps[0].at)
    return {
        "ga_client_id": f"{number % 10**9 + 10**9}.{since // 1000 - number % 10**6}",
        "ga_session_id": str(since // 1000),
        "fbp": f"fb.1.{since - number % 10**9}.{number % 10**9}",
    }


def has_agreed(visit: Visit) -> bool:
    """Return whether a visitor agrees to marketing."""
    return bool(consent(visit).get("marketing") == "granted")


def _match(visit: Visit) -> dict[str, Any]:
    return {"match": match(visit)} if has_agreed(visit) else {}


def _draw(visit: Visit, what: str) -> int:
    """Return a number that is the same for a person each time."""
    person = visit.person
    return int.from_bytes(sha256(f"{what} of {person.address} {person.user_agent}".encode()).digest()[:8])


def events(visit: Visit) -> Iterator[dict[str, Any]]:
    """Yield the visit's events in the order in which a tag would send them."""
    for step in visit.steps:
        yield pageview(visit, step)
        for action in step.actions:
            yield event(visit, step, action)
        if step.engaged_ms:
            yield engagement(step)


def pageview(visit: Visit, step: Step) -> dict[str, Any]:
    return {
        **_match(visit),
        "id": str(step.id),
        "kind": "pageview",
        "at": milliseconds(step.at),
        "page_id": str(step.id),
        "url": step.url,
        "referrer": step.referrer,
        "title": step.page.title,
    }


def event(visit: Visit, step: Step, action: Action) -> dict[str, Any]:
    is_shared = has_agreed(visit) and _draw(visit, "shared id") % 10 < SHARED_ID
    return {
        **_match(visit),
        **({"event_id": f"{action.name}-{action.id.hex[-12:]}"} if is_shared else {}),
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
