"""What Google says later of a request: counts and reasons per request, never which event.

Honest for each event only where all fared alike. Where some counted and some didn't, nobody knows which, and each
stays received with these counts. Source: developers.google.com/data-manager/api/devguides/diagnostics.
"""

from collections.abc import Mapping
from typing import Any

from ..base import Answer, Outcome, Verdict
from .answers import body_of, count, word

# The guide says FAILURE, the reference FAILED.
FAILED = frozenset({"FAILED", "FAILURE"})
DECIDED = FAILED | {"SUCCESS", "PARTIAL_SUCCESS"}
PREFIX = "PROCESSING_ERROR_REASON_"
# It is there already, which is what was wanted.
COUNTED_BEFORE = frozenset({"DUPLICATE_TRANSACTION_ID", "DUPLICATE_GCLID"})
PASSING = frozenset({"INTERNAL_ERROR", "TOO_RECENT_CLICK", "DESTINATION_TOO_RECENTLY_CREATED"})
# A click or destination that is too young is known to Google after some hours.
AGAIN_SECONDS = 6 * 3600.0
# Ordinary of visitors who came from elsewhere: whoever clicked on no ad has no click.
UNMATCHED = frozenset({"CLICK_NOT_FOUND", "EVENT_NOT_FOUND"})
WORDS = {
    "CLICK_NOT_FOUND": "no click on an ad of this account was found for it, as is usual for visits from elsewhere",
    "EVENT_NOT_FOUND": "no conversion of the Google tag was found that it belongs to",
    "INVALID_CLICK": "its click id isn’t of a Google Ads campaign",
    "INVALID_GCLID": "its gclid can’t be read",
    "INVALID_GBRAID": "its gbraid can’t be read",
    "INVALID_WBRAID": "its wbraid can’t be read",
    "INVALID_OPERATING_ACCOUNT_FOR_CLICK": "the click belongs to another Google Ads account",
    "OPERATING_ACCOUNT_MISMATCH_FOR_AD_IDENTIFIER": "the click belongs to another Google Ads account",
    "CONVERSION_PRECEDES_CLICK": "it happened before the click",
    "EVENT_TOO_OLD": "it is older than the conversion action’s window",
    "DENIED_CONSENT": "consent to the use of ad data is denied, here or in the account’s settings",
    "NO_CONSENT": "the account has given no consent for Google’s ad services",
    "UNKNOWN_CONSENT": "Google can’t tell whether consent was given",
    "ONE_PER_CLICK_CONVERSION_ACTION_NOT_PERMITTED_WITH_BRAID": (
        "the conversion action counts one per click, which doesn’t go with gbraid and wbraid"
    ),
    "DESTINATION_ACCOUNT_ENHANCED_CONVERSIONS_TERMS_NOT_SIGNED": (
        "the terms for enhanced conversions aren’t accepted in Google Ads (Goals, Settings)"
    ),
    "INTERNAL_ERROR": "something failed at Google",
    "TOO_RECENT_CLICK": "the click was too recent",
}


def verdict_of(answer: Answer) -> Verdict:
    """Return what is known of each event of the request; PENDING where nothing is."""
    found = body_of(answer).get("requestStatusPerDestination")
    status = found[0] if answer.status == 200 and isinstance(found, list) and found else None
    state = word(status.get("requestStatus")) if isinstance(status, dict) else ""
    if not isinstance(status, dict) or state not in DECIDED:
        return Verdict(Outcome.PENDING, "processing", "Google is still at it.")
    return _decided(state, status)


def _decided(state: str, status: Mapping[str, Any]) -> Verdict:
    reasons = _reasons(status)
    lost = {reason: number for reason, number in reasons.items() if reason not in COUNTED_BEFORE}
    total = _total(status)
    if not lost and (state == "SUCCESS" or reasons):
        return _counted(is_duplicate=bool(reasons) and sum(reasons.values()) >= max(total, 1))
    if (state in FAILED and lost == reasons) or 0 < total <= sum(lost.values()):
        return _lost(lost)
    return _partly(lost, total)


def _counted(*, is_duplicate: bool) -> Verdict:
    if is_duplicate:
        words = "Google had this conversion already, by its transaction id, and counts it once."
        return Verdict(Outcome.CONFIRMED, "duplicate", words)
    return Verdict(Outcome.CONFIRMED, "processed", "Google has processed it and counts it.")


def _lost(lost: Mapping[str, int]) -> Verdict:
    """No event of the request counted."""
    if PASSING & lost.keys():
        words = f"Google couldn’t process it: {_said(lost)}. It is sent again later."
        return Verdict(Outcome.RETRY, min(PASSING & lost.keys()), words, retry_after=AGAIN_SECONDS)
    if lost and lost.keys() <= UNMATCHED:
        words = "Google has it, and found no click on an ad of this account that it belongs to: it isn’t counted."
        return Verdict(Outcome.RECEIVED, "unmatched", words)
    if not lost:
        return Verdict(Outcome.REJECTED, "failed", "Google couldn’t process it and gives no reason.")
    if len(lost) == 1:
        return Verdict(Outcome.REJECTED, next(iter(lost)), f"Google doesn’t count it: {_said(lost)}.")
    words = (
        f"Google counts no event of the request it came in. Its reasons, without saying which is whose: {_said(lost)}."
    )
    return Verdict(Outcome.REJECTED, "several_reasons", words)


def _partly(lost: Mapping[str, int], total: int) -> Verdict:
    number = sum(lost.values())
    if not lost:
        counts = f"some of the {total} events" if total else "some of the events"
        words = f"Google doesn’t count {counts} it came with, and says neither which nor why."
    else:
        of_all = f"{number} of the {total} events" if total else f"{number} of the events"
        words = (
            f"Google doesn’t count {of_all} it was sent with, and doesn’t say which: {_said(lost)}. Whether this one "
            "counts isn’t known."
        )
    return Verdict(Outcome.RECEIVED, "partly_counted", words)


def _said(lost: Mapping[str, int]) -> str:
    parts = [f"{WORDS.get(reason, reason)} ({number})" for reason, number in sorted(lost.items())]
    return parts[0].rpartition(" (")[0] if len(parts) == 1 else "; ".join(parts)


def _reasons(status: Mapping[str, Any]) -> dict[str, int]:
    """Return how many events failed for which reason. "May not be populated in all cases"."""
    info = status.get("errorInfo")
    counts = info.get("errorCounts") if isinstance(info, dict) else None
    found: dict[str, int] = {}
    for one in counts if isinstance(counts, list) else []:
        reason = word(one.get("reason")) if isinstance(one, dict) else ""
        if reason and (number := count(one.get("recordCount"))):
            short = reason.removeprefix(PREFIX).removeprefix("PROCESSING_ERROR_")
            found[short] = found.get(short, 0) + number
    return found


def _total(status: Mapping[str, Any]) -> int:
    ingested = status.get("eventsIngestionStatus")
    return count(ingested.get("recordCount")) if isinstance(ingested, dict) else 0
