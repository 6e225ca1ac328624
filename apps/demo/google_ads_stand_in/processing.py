"""What becomes of a request after it was taken: processed later, counted by reason, never by event."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from .rules import moment_of

PREFIX = "PROCESSING_ERROR_REASON_"
# The contract, "Unconfirmed": often 90 days after the click at most.
OLDEST = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Taken:
    """`failed`: how many of the request's events for which reason."""

    at: float
    destination: Mapping[str, Any]
    events: int
    failed: Mapping[str, int]


def taken_make(body: Mapping[str, Any], keys: Sequence[str], counted: set[str], *, now: float) -> Taken:
    """`keys`: conversion action and transaction id of each event. Those that count are put into `counted`."""
    reasons = []
    for key, event in zip(keys, body["events"], strict=True):
        reason = "DUPLICATE_TRANSACTION_ID" if key in counted else _reason(event, now)
        if not reason:
            counted.add(key)
        reasons.append(reason)
    return Taken(now, body["destinations"][0], len(reasons), Counter(reason for reason in reasons if reason))


def status_of(taken: Taken, *, is_done: bool) -> dict[str, Any]:
    """Return an element of `requestStatusPerDestination` (contract: A, "Response"). Counts are texts, as int64 is."""
    failed = sum(taken.failed.values())
    found: dict[str, Any] = {"destination": taken.destination, "requestStatus": "PROCESSING"}
    if not is_done:
        return found
    found["requestStatus"] = "SUCCESS" if not failed else "FAILED" if failed == taken.events else "PARTIAL_SUCCESS"
    found["eventsIngestionStatus"] = {"recordCount": str(taken.events)}
    if failed:
        counts = [{"recordCount": str(number), "reason": PREFIX + reason} for reason, number in taken.failed.items()]
        found["errorInfo"] = {"errorCounts": counts}
    return found


def _reason(event: Mapping[str, Any], now: float) -> str:
    """Return why an event doesn't count, empty where it does.

    A click whose id begins with "unknown" is found nowhere, one with "recent" is too young for ever.
    """
    moment = moment_of(event["eventTimestamp"])
    if event.get("consent", {}).get("adUserData") == "CONSENT_DENIED":
        return "DENIED_CONSENT"
    if moment is not None and moment < datetime.fromtimestamp(now, UTC) - OLDEST:
        return "EVENT_TOO_OLD"
    gclid = event.get("adIdentifiers", {}).get("gclid", "")
    if gclid.startswith("unknown"):
        return "CLICK_NOT_FOUND"
    return "TOO_RECENT_CLICK" if gclid.startswith("recent") else ""
