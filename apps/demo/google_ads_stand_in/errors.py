"""Google's errors as JSON: google.rpc.Status with ErrorInfo, BadRequest and RequestInfo (contract: A, "Errors")."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from apps.demo.standing_in.frame import Reply

DOMAIN = "datamanager.googleapis.com"
TYPES = "type.googleapis.com/google.rpc."


@dataclass(frozen=True, slots=True)
class Violation:
    field: str
    reason: str
    description: str


class Refused(Exception):
    """The request fails as a whole."""

    def __init__(self, status: int, state: str, reason: str, violations: Sequence[Violation] = ()) -> None:
        super().__init__(reason)
        self.status = status
        self.state = state
        self.reason = reason
        self.violations = violations


def invalid(field: str, reason: str, description: str = "") -> Refused:
    return Refused(400, "INVALID_ARGUMENT", reason, [Violation(field, reason, description or reason)])


def error_reply(refused: Refused, *, says_which: bool = True, retry_delay: float | None = None) -> Reply:
    """`says_which`: whether the fields found wrong are told. `retry_delay`: seconds, as quotaErrorDetails has them."""
    details: list[dict[str, Any]] = [
        {"@type": f"{TYPES}ErrorInfo", "reason": refused.reason, "domain": DOMAIN, "metadata": {}}
    ]
    if refused.violations and says_which:
        fields = [
            {"field": one.field, "description": one.description, "reason": one.reason} for one in refused.violations
        ]
        details.append({"@type": f"{TYPES}BadRequest", "fieldViolations": fields})
    if retry_delay is not None:
        details.append({"quotaErrorDetails": {"retryDelay": f"{retry_delay:.0f}s"}})
    details.append({"@type": f"{TYPES}RequestInfo", "requestId": uuid4().hex})
    message = f"There was a problem with the request: {refused.reason}."
    body = {"error": {"code": refused.status, "status": refused.state, "message": message, "details": details}}
    return Reply(refused.status, body)
