"""Meta's answers, taken apart: JSON bodies, errors, pauses. Nothing of theirs is trusted or quoted unread.

Sources: developers.facebook.com/docs/graph-api/guides/error-handling and .../overview/rate-limiting.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from apps.companies.asking.exchange import LONGEST_PAUSE_SECONDS, pause_of
from apps.tracking.steps.scrub import scrub

from ...masking import telling_masked
from ...secrets import DOTS
from ..base import Answer

TRACE = re.compile(r"[\w-]{1,64}", re.ASCII)
WORD = re.compile(r"[A-Za-z]{1,64}")
TITLE = re.compile(r"[A-Za-z][A-Za-z '’,-]{2,79}")
# "$['data'][3]['event_time']": names alone are ours, or Meta's.
PATH = re.compile(r"\['([a-z_]{1,40})'\](?!\[\d)")
COOKIE = re.compile(r"\bfb\.\d\.\S+")
MOST_WARNINGS, LONGEST_WARNING = 5, 200
USE_CASE_USAGE = "x-business-use-case-usage"


@dataclass(frozen=True, slots=True)
class GraphError:
    """An error's body; zero and empty where it says nothing. `field`: what is wrong, as it names it."""

    code: int
    subcode: int
    kind: str
    is_transient: bool
    title: str
    field: str
    trace: str

    @property
    def reason(self) -> str:
        return f"{self.code}/{self.subcode}" if self.subcode else str(self.code) if self.code else ""


def body_of(answer: Answer) -> Mapping[str, Any] | None:
    """Return the body's object; None for anything else."""
    try:
        found = json.loads(answer.text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def error_of(answer: Answer) -> GraphError:
    found = (body_of(answer) or {}).get("error")
    error: Mapping[str, Any] = found if isinstance(found, dict) else {}
    title = error.get("error_user_title")
    path = PATH.findall(str(error.get("error_user_msg") or ""))
    return GraphError(
        code=number(error.get("code")) or 0,
        subcode=number(error.get("error_subcode")) or 0,
        kind=_fitting(WORD, error.get("type")),
        is_transient=error.get("is_transient") is True,
        title=_fitting(TITLE, title),
        field=".".join(name for name in path if name != "data"),
        trace=trace_of(error),
    )


def trace_of(body: Mapping[str, Any]) -> str:
    return _fitting(TRACE, body.get("fbtrace_id"))


def number(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def warnings_of(body: Mapping[str, Any]) -> list[str]:
    """Return what is said beside a success, without what recognises a person."""
    said = body.get("messages")
    texts = [one for one in said if isinstance(one, str)] if isinstance(said, list) else []
    return [_masked(text)[:LONGEST_WARNING] for text in texts[:MOST_WARNINGS]]


def pause_asked(answer: Answer) -> float | None:
    """Return the seconds to wait: Retry-After, or the minutes until access is regained, the longer; None: not said."""
    asked = [pause_of(answer.headers.get("retry-after", "")), *_regained(answer.headers.get(USE_CASE_USAGE, ""))]
    found = [pause for pause in asked if pause is not None]
    return min(max(found), LONGEST_PAUSE_SECONDS) if found else None


def _regained(header: str) -> Iterator[float]:
    """Yield the pauses in a header: {"<id>": [{"type": "…", "estimated_time_to_regain_access": 19}]}, in minutes."""
    try:
        found = json.loads(header) if header else {}
    except (ValueError, RecursionError):
        return
    for uses in found.values() if isinstance(found, dict) else ():
        for use in uses if isinstance(uses, list) else ():
            minutes = use.get("estimated_time_to_regain_access") if isinstance(use, dict) else None
            if (whole := number(minutes)) and whole > 0:
                yield whole * 60.0


def _masked(text: str) -> str:
    return COOKIE.sub(DOTS, telling_masked(scrub(text)))


def _fitting(pattern: re.Pattern[str], value: Any) -> str:
    return value if isinstance(value, str) and pattern.fullmatch(value) else ""
