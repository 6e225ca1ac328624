"""What the door answers: the contract's bodies, statuses and headers. Pure."""

import math
from http import HTTPStatus
from typing import Any

import msgspec

from .intake import Intake, Turned
from .loading import Unavailable
from .payload import Fault
from .tracker_file import extras_of

# No cookies are ever used, so any page may read the answer.
HEADERS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Beacon-Reason, RateLimit, RateLimit-Policy, Retry-After",
    "Cache-Control": "no-store",
}


class Answer(msgspec.Struct):
    """Status, body as JSON data, and headers beside those of every answer."""

    status: int
    data: dict[str, Any]
    headers: dict[str, str] = {}


def answer_taken(intake: Intake) -> Answer:
    """Answer for a request that went through all steps: 202 where at least one event was accepted."""
    accepted = len(intake.events)
    data: dict[str, Any] = {"accepted": accepted, "rejected": [rejected(fault) for fault in intake.faults]}
    # What the page may load beside the tracker, relative to the endpoint. A server has no page.
    if accepted and not intake.is_server and (extras := extras_of(intake.route.extras)):
        data["extras"] = extras
    if intake.payload.cut:
        data["cut"] = intake.payload.cut
    if intake.payload.ignored:
        data["ignored"] = intake.payload.ignored
    status = HTTPStatus.ACCEPTED if accepted else HTTPStatus.BAD_REQUEST
    return Answer(status, data, _reasons(intake.reasons))


def answer_turned(turned: Turned, *, events: int) -> Answer:
    headers = _reasons({turned.reason: events}) if turned.reason else {}
    if turned.retry_after:
        headers["Retry-After"] = str(max(1, math.ceil(turned.retry_after)))
    if turned.limit:
        whose, rate = turned.limit
        headers["RateLimit-Policy"] = f'"{whose}";q={rate};w=1'
        headers["RateLimit"] = f'"{whose}";r=0;t={headers["Retry-After"]}'
    if turned.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    return Answer(turned.status, {"accepted": 0, "rejected": [rejected(turned.fault)]}, headers)


def answer_unavailable(error: Unavailable) -> Answer:
    fault = Fault("", f"{error.what}: send it again in {error.retry_after} s")
    headers = {"Retry-After": str(error.retry_after)}
    return Answer(HTTPStatus.SERVICE_UNAVAILABLE, {"accepted": 0, "rejected": [rejected(fault)]}, headers)


def rejected(fault: Fault) -> dict[str, Any]:
    said: dict[str, Any] = {} if fault.index is None else {"index": fault.index}
    return said | {"field": fault.field, "why": fault.why}


def _reasons(reasons: dict[str, int]) -> dict[str, str]:
    """Return the Beacon-Reason header: each reason, with its number of events where that is more than one."""
    if not reasons:
        return {}
    said = [reason if count == 1 else f"{reason};{count}" for reason, count in reasons.items() if count]
    return {"Beacon-Reason": ", ".join(said)}
