"""What an answer of `events:ingest` means for each of its events: the one table of Google's errors.

The request fails as a whole where one event is wrong (fail-fast): the answer may say which by `events[3]`, and may not.
Source: developers.google.com/data-manager/api/devguides/concepts/understand-errors; for what is tried again:
developers.google.com/google-ads/api/docs/best-practices/understand-api-errors.
"""

from collections.abc import Sequence

from ..base import Answer, Outcome, Verdict
from .answers import Refusal, Violation, body_of, path, pause_asked, plain, refusal_of, word

TERMS = "In Google Ads, open Goals, Settings and accept the customer data terms"
# What is wrong with the destination, not with an event; each with how to mend it.
SETTINGS = {
    "INVALID_CONVERSION_ACTION_ID": (
        "Google doesn’t know the conversion action. In Google Ads, open it under Goals, Conversions: its id is the "
        "number behind “ctId=” in the page’s address."
    ),
    "INVALID_CONVERSION_ACTION_TYPE": (
        "The conversion action isn’t one that takes uploads. In Google Ads, make one with the source “Import” "
        "and enter its id."
    ),
    "INVALID_DESTINATION": (
        "Google doesn’t accept this account as the destination. Enter the account that owns the conversions (the "
        "conversion customer) as the operating account."
    ),
    "PERMISSION_DENIED": (
        "The Google user who gave the refresh token has no access to this account. Give them access in Google Ads, or "
        "enter the manager account through which they have it as the login account."
    ),
    "NOT_FOUND": "Google doesn’t find the account or conversion action. Compare both numbers with those in Google Ads.",
    "TERMS_AND_CONDITIONS_NOT_SIGNED": f"{TERMS}; until then Google takes nothing.",
    "DESTINATION_ACCOUNT_NOT_ENABLED_ENHANCED_CONVERSIONS_FOR_LEADS": (
        "Contact data is taken only where enhanced conversions for leads are on: in Google Ads, under Goals, Settings."
    ),
    "DESTINATION_ACCOUNT_ENHANCED_CONVERSIONS_TERMS_NOT_SIGNED": f"{TERMS} for enhanced conversions.",
    "DESTINATION_ACCOUNT_DATA_POLICY_PROHIBITS_ENHANCED_CONVERSIONS": (
        "Google’s customer data policies bar this account from enhanced conversions: ask your contact at Google."
    ),
    "SERVICE_DISABLED": (
        "The Data Manager API is off in the Google Cloud project of the client ID: switch it on under APIs and "
        "services."
    ),
    "ACCESS_TOKEN_SCOPE_INSUFFICIENT": (
        "The refresh token was made without the scope https://www.googleapis.com/auth/datamanager: make a new one."
    ),
    "CLOUD_PROJECT_NOT_APPROVED_FOR_PRODUCTION": (
        "The Google Cloud project may use test accounts only: apply for access to real ones in Google Cloud."
    ),
    "ACTION_NOT_PERMITTED": (
        "The Google Cloud project may not do this for this account: look at its access level in Google Cloud."
    ),
}
PASSING = frozenset({409, 429, 500, 502, 503, 504})
UNAUTHENTICATED = (
    "Google refuses an access token that it gave a moment ago. Look whether the client ID, its secret and the refresh "
    "token belong together, and make a new refresh token."
)


def verdicts_of(answer: Answer, *, events: int, is_check_only: bool, is_token_fresh: bool) -> list[Verdict]:
    """Return a verdict for each of a request's `events`.

    `is_check_only`: nothing was to be kept. `is_token_fresh`: the token was a new one, so another would do no better.
    """
    status = answer.status
    if 200 <= status < 300:
        return [_taken(answer, is_check_only=is_check_only)] * events
    refusal = refusal_of(answer)
    if status == 401:
        return [_unauthenticated(is_token_fresh=is_token_fresh)] * events
    if status in PASSING:
        return [_passing(answer, refusal)] * events
    if (reason := _settings_reason(status, refusal)) is not None:
        return [_refused(status, reason)] * events
    return _bad_event(refusal, events)


def _taken(answer: Answer, *, is_check_only: bool) -> Verdict:
    body = body_of(answer)
    warned = body.get("fieldWarnings")
    warnings = [
        text
        for one in (warned if isinstance(warned, list) else [])
        if isinstance(one, dict) and (text := " ".join(filter(None, [path(one.get("field")), word(one.get("reason"))])))
    ]
    if is_check_only:
        words = "Checked by Google’s validation, which would take it: nothing was counted."
        return Verdict(Outcome.CHECKED, "validated", words, warnings=warnings)
    words = "Google has it; its verdict follows within 24 hours."
    return Verdict(Outcome.RECEIVED, "accepted", words, receipt=plain(body.get("requestId")), warnings=warnings)


def _unauthenticated(*, is_token_fresh: bool) -> Verdict:
    if is_token_fresh:
        return Verdict(Outcome.REFUSED, "UNAUTHENTICATED", UNAUTHENTICATED)
    words = "Google no longer accepts the access token; a new one is asked for."
    return Verdict(Outcome.RETRY, "token_expired", words, retry_after=0.0)


def _passing(answer: Answer, refusal: Refusal) -> Verdict:
    reason = refusal.state or f"http_{answer.status}"
    if answer.status == 429:
        words = (
            "Too many requests for the Google Cloud project’s quota (300 a minute, 100,000 a day); sent again later."
        )
    else:
        words = f"Google answered {answer.status}; sent again later."
    return Verdict(Outcome.RETRY, reason, words, retry_after=pause_asked(answer))


def _settings_reason(status: int, refusal: Refusal) -> str | None:
    """Return the code of what is wrong with the destination, None where it is an event."""
    named = [refusal.reason, *(one.reason for one in refusal.violations), refusal.state]
    if known := next((reason for reason in named if reason in SETTINGS), None):
        return known
    if status not in (400, 413) or refusal.state == "FAILED_PRECONDITION":
        return refusal.reason or refusal.state or f"http_{status}"
    of_destination = next((one for one in refusal.violations if one.field.startswith("destinations")), None)
    return (of_destination.reason or "INVALID_DESTINATION") if of_destination else None


def _refused(status: int, reason: str) -> Verdict:
    words = SETTINGS.get(reason) or (
        f"Google answered {status} ({reason}), which sending again wouldn’t change. Look at the accounts and the "
        "conversion action in the destination’s settings."
    )
    return Verdict(Outcome.REFUSED, reason, words)


def _bad_event(refusal: Refusal, events: int) -> list[Verdict]:
    """Reject those that Google names, have the others sent anew at once; where it names none, have all split."""
    named = {one.index: one for one in refusal.violations if one.index is not None and one.index < events}
    if not named and events == 1:
        return [_rejected(refusal, refusal.violations[:1])]
    words = "Google refused the whole request for one of its events; this one is sent again without it."
    others = Verdict(Outcome.SPLIT, "INVALID_ARGUMENT", words)
    return [_rejected(refusal, [named[index]]) if index in named else others for index in range(events)]


def _rejected(refusal: Refusal, violations: Sequence[Violation]) -> Verdict:
    found = violations[0] if violations else None
    reason = (found.reason if found else "") or refusal.reason or refusal.state or "INVALID_ARGUMENT"
    # Without the event's place in a request that has long been forgotten.
    field = found.field.rpartition("].")[2] if found and found.index is not None else (found.field if found else "")
    where = f" in {field}" if field else ""
    return Verdict(Outcome.REJECTED, reason, f"Google refused the event: {reason}{where}. Mend it and send it again.")
