"""What an answer of the Conversions API means for each of its events: the one table of Meta's errors.

All or nothing: one wrong event has the whole request refused, and nobody says which. Sources: developers.facebook.com/
docs/graph-api/guides/error-handling and .../overview/rate-limiting; of the events' own subcodes Meta has no list.
"""

from collections.abc import Sequence
from dataclasses import replace

from ..base import FAILED_UNREAD, TAKEN_IN_PART, TAKEN_UNREAD, Answer, Outcome, Verdict
from .answers import GraphError, body_of, error_of, number, pause_asked, trace_of, warnings_of

UNKNOWN_OR_DOWN = frozenset({1, 2})
# Of the app, the user, and each use case (80000 and on); 613 is the calls' own.
THROTTLED = frozenset({4, 17, 32, 341, 613, *range(80000, 80015)})
THROTTLED_SECONDS = 300.0  # where Meta doesn't say how long
TOKEN = frozenset({102, 190})
PERMISSION = frozenset({3, 10, *range(200, 300)})
INVALID, BLOCKED, DUPLICATE = 100, 368, 506
# Of 100: the object in the address, not an event, is what Meta can't find or won't show to this token.
NO_SUCH_OBJECT = 33
OF_THE_CALL = "GraphMethodException"

NEW_TOKEN = "Make a new one in Events Manager, under the dataset’s settings, Conversions API, and enter it here."
TOKEN_WORDS = {
    458: "The app that the access token belongs to was removed.",
    459: "Meta wants the user of the access token to sign in and pass a check.",
    460: "The access token ended when its user’s password was changed.",
    463: "The access token has expired.",
    464: "The user of the access token isn’t confirmed at Meta.",
    467: "The access token was revoked or is none.",
}
EVENT_WORDS = {
    2804003: "it is older than 7 days",
    2804050: "there is too little in it to recognise somebody by",
}


def verdicts_of(answer: Answer, *, repeatable: Sequence[bool]) -> list[Verdict]:
    """Return a verdict for each of a request's events: the same for all, since Meta doesn't tell them apart.

    `repeatable`: of each event, whether Meta still drops a second one. Where it may have taken them, as where it fails
    without an error that says that it hasn't, others aren't sent again.
    """
    events = len(repeatable)
    if 200 <= answer.status < 300:
        verdict = _taken(answer, events)
        is_again = verdict.outcome in (Outcome.RETRY, Outcome.SPLIT)
        what = "Meta accepted the request, but it isn’t sure that this event was received"
        return [_unsure(verdict, what) if is_again and not one else verdict for one in repeatable]
    error = error_of(answer)
    verdict = _passing(answer, error) or _refused(answer, error) or _wrong(error, events, answer.status)
    is_open = verdict.reason == FAILED_UNREAD
    what = f"Meta answered {answer.status}, which leaves open whether it received this event"
    return [_unsure(verdict, what) if is_open and not one else verdict for one in repeatable]


def _taken(answer: Answer, events: int) -> Verdict:
    body = body_of(answer)
    if body is None:
        return Verdict(Outcome.RETRY, TAKEN_UNREAD, f"Meta answered {answer.status}, but nothing that can be read.")
    trace, warnings = trace_of(body), warnings_of(body)
    received = number(body.get("events_received"))
    if received is not None and received < events:
        return _fewer(received, events, trace)
    if received is None:
        warnings = ["Meta didn’t say how many events it received.", *warnings]
    return Verdict(Outcome.RECEIVED, "accepted", "Meta has received it.", receipt=trace, warnings=warnings)


def _fewer(received: int, events: int, trace: str) -> Verdict:
    """Find out which ones are missing: sent in halves, those that Meta has are dropped there as seen before."""
    if events > 1:
        words = f"Meta received {received} of a request’s {events} events and doesn’t say which: sent again in halves."
        return Verdict(Outcome.SPLIT, TAKEN_IN_PART, words)
    words = "Meta accepted the request, but says that it received no event. Look at the dataset’s diagnostics there."
    return Verdict(Outcome.REJECTED, "fewer_received", words, receipt=trace)


def _unsure(verdict: Verdict, what: str) -> Verdict:
    words = (
        f"{what}, and after 48 hours a second one would count as well: look in Events Manager, then send it again or "
        "leave it."
    )
    return replace(verdict, outcome=Outcome.UNSURE, words=words)


def _passing(answer: Answer, error: GraphError) -> Verdict | None:
    pause = pause_asked(answer)
    if error.code in THROTTLED or (answer.status == 429 and not error.code):
        words = "Meta takes no more calls for now, of this app or account; sent again later."
        seconds = THROTTLED_SECONDS if pause is None else pause
        return Verdict(Outcome.RETRY, error.reason or "429", words, retry_after=seconds)
    if error.is_transient or error.code in UNKNOWN_OR_DOWN or answer.status >= 500 or answer.status == 429:
        said = f"{answer.status} ({error.reason})" if error.reason else str(answer.status)
        is_open = error.code in UNKNOWN_OR_DOWN or (answer.status >= 500 and not error.code)
        reason = FAILED_UNREAD if is_open else error.reason or f"http_{answer.status}"
        return Verdict(Outcome.RETRY, reason, f"Meta answered {said}; sent again later.", retry_after=pause)
    return None


def _refused(answer: Answer, error: GraphError) -> Verdict | None:
    """Return what is wrong with the destination, None where it is an event."""
    words = _settings_words(error)
    if not words and answer.status not in (400, 413) and error.code not in (INVALID, DUPLICATE):
        words = (
            f"Meta answered {answer.status}, which sending again wouldn’t change. Look at the dataset’s id and the "
            "access token in the destination’s settings."
        )
    return Verdict(Outcome.REFUSED, error.reason or f"http_{answer.status}", words) if words else None


def _settings_words(error: GraphError) -> str:
    if error.code in TOKEN:
        return f"{TOKEN_WORDS.get(error.subcode, 'Meta doesn’t accept the access token.')} {NEW_TOKEN}"
    if error.code in PERMISSION:
        return (
            "The access token may not send events to this dataset. In Meta’s business settings, give its system user "
            "access to the dataset, or make a token under the dataset itself."
        )
    if error.code == BLOCKED:
        return (
            "Meta has blocked this for now for breaking a policy. Look at the account’s quality in Meta’s business "
            "support; it is tried again once an hour."
        )
    if error.code == INVALID and error.subcode == NO_SUCH_OBJECT:
        return (
            "Meta doesn’t find the dataset, or this token may not see it. Compare the id with that in Events Manager, "
            "and make the access token there."
        )
    if error.code == INVALID and error.kind == OF_THE_CALL:
        return (
            "Meta refuses the call, not an event of it: the app secret isn’t that of the access token’s app, or is "
            "missing where that app demands it, or the dataset’s id is none."
        )
    return ""


def _wrong(error: GraphError, events: int, status: int) -> Verdict:
    reason = error.reason or f"http_{status}"
    if error.code == DUPLICATE:
        return Verdict(Outcome.RECEIVED, reason, "Meta has it already.", receipt=error.trace)
    if events > 1:
        words = "Meta refused the whole request for one of its events, and doesn’t say for which: sent again in halves."
        return Verdict(Outcome.SPLIT, reason, words)
    why = EVENT_WORDS.get(error.subcode) or ", ".join(filter(None, [error.title, error.field])) or "it doesn’t say why"
    words = f"Meta refused the event ({reason}): {why}. Mend it and send it again."
    return Verdict(Outcome.REJECTED, reason, words, receipt=error.trace)
