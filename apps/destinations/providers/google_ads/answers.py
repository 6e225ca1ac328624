"""Google's answers, taken apart: JSON bodies, error details, pauses. Nothing of theirs is trusted or quoted unread."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from apps.companies.asking.exchange import LONGEST_PAUSE_SECONDS, pause_of

from ..base import Answer

# Codes and paths are theirs, but a text that isn't one could hold what was sent.
WORD = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,99}")
PATH = re.compile(r"[A-Za-z0-9_.\[\]]{1,200}")
# "events[3].currency"; the API itself writes "events.events[3].currency".
EVENT_PATH = re.compile(r"(?:^|\.)events\[(\d{1,5})\]")
SECONDS = re.compile(r"(\d{1,7}(?:\.\d{1,9})?)s?")


@dataclass(frozen=True, slots=True)
class Violation:
    """A field of the request that was found wrong. `index`: the event's, None where it is of none."""

    field: str
    reason: str
    index: int | None


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error's body. `state`: google.rpc's code, INVALID_ARGUMENT; `reason`: ErrorInfo's; both may be empty."""

    state: str
    reason: str
    violations: Sequence[Violation]
    request_id: str


def body_of(answer: Answer) -> Mapping[str, Any]:
    """Return the body's object; an empty one for anything else."""
    try:
        found = json.loads(answer.text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def refusal_of(answer: Answer) -> Refusal:
    error = _object(body_of(answer).get("error"))
    details = [_object(one) for one in _list(error.get("details"))]
    violations = [_violation(_object(one)) for detail in details for one in _list(detail.get("fieldViolations"))]
    # Those with a `domain` are ErrorInfo; a violation has a reason of its own.
    reason = next((word(detail["reason"]) for detail in details if word(detail.get("reason"))), "")
    request_id = next((plain(detail["requestId"]) for detail in details if detail.get("requestId")), "")
    return Refusal(word(error.get("status")), reason, violations, request_id)


def pause_asked(answer: Answer) -> float | None:
    """Return the seconds to wait: of Retry-After or any `retryDelay` ("12s"), the longer; None: nothing is said."""
    asked = [pause_of(answer.headers.get("retry-after", "")), *map(_seconds, _delays(body_of(answer)))]
    found = [pause for pause in asked if pause is not None]
    return min(max(found), LONGEST_PAUSE_SECONDS) if found else None


def word(value: Any) -> str:
    """Return a code as it is, an empty text for what isn't one."""
    return value if isinstance(value, str) and WORD.fullmatch(value) else ""


def plain(value: Any) -> str:
    """Return an id as it is, an empty text for what isn't one."""
    return value if isinstance(value, str) and value.isascii() and value.isprintable() and len(value) <= 200 else ""


def path(value: Any) -> str:
    return value if isinstance(value, str) and PATH.fullmatch(value) else ""


def count(value: Any) -> int:
    """Return a count, which JSON has as a text (int64); 0 for what isn't one."""
    text = str(value) if not isinstance(value, bool) else ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else 0


def _violation(one: Mapping[str, Any]) -> Violation:
    field = path(one.get("field"))
    found = EVENT_PATH.search(field)
    return Violation(field, word(one.get("reason")), int(found[1]) if found else None)


def _delays(value: Any, depth: int = 0) -> Iterator[str]:
    """Yield each `retryDelay`: RetryInfo has it at its top, quotaErrorDetails further down."""
    if depth > 8:
        return
    if isinstance(value, dict):
        if isinstance(value.get("retryDelay"), str):
            yield value["retryDelay"]
        for one in value.values():
            yield from _delays(one, depth + 1)
    elif isinstance(value, list):
        for one in value:
            yield from _delays(one, depth + 1)


def _seconds(text: str) -> float | None:
    found = SECONDS.fullmatch(text)
    return float(found[1]) if found else None


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
