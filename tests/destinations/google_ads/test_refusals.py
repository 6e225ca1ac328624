"""What is made of Google's errors: from the running stand-in where it gives them, by table where none does."""

import json
from dataclasses import replace
from typing import Any

import pytest

from apps.destinations.occurrences import Message
from apps.destinations.providers.base import Answer, Outcome, Verdict
from apps.destinations.providers.google_ads.refusals import verdicts_of
from apps.destinations.providers.google_ads.statuses import verdict_of
from tests.destinations.google_ads.conftest import There
from tests.destinations.google_ads.messages import GOOGLE, ask, message


def _error(status: int, state: str, *details: dict[str, Any]) -> Answer:
    return Answer(status, {}, json.dumps({"error": {"code": status, "status": state, "details": details}}))


def _verdict(answer: Answer, events: int = 1) -> Verdict:
    return verdicts_of(answer, events=events, is_check_only=False, is_token_fresh=False)[0]


@pytest.mark.parametrize(
    ("status", "state", "outcome"),
    [
        (409, "ABORTED", Outcome.RETRY),
        (429, "RESOURCE_EXHAUSTED", Outcome.RETRY),
        (500, "INTERNAL", Outcome.RETRY),
        (503, "UNAVAILABLE", Outcome.RETRY),
        (504, "DEADLINE_EXCEEDED", Outcome.RETRY),
        (400, "INVALID_ARGUMENT", Outcome.REJECTED),
        (400, "FAILED_PRECONDITION", Outcome.REFUSED),
        (403, "PERMISSION_DENIED", Outcome.REFUSED),
        (404, "NOT_FOUND", Outcome.REFUSED),
        (501, "UNIMPLEMENTED", Outcome.REFUSED),
        (302, "", Outcome.REFUSED),
    ],
)
def test_the_table_of_errors(status: int, state: str, outcome: Outcome) -> None:
    verdict = _verdict(_error(status, state))
    assert verdict.outcome is outcome
    assert verdict.reason and verdict.words


def test_a_pause_is_honoured_wherever_it_is_asked_for() -> None:
    quota = {"errors": [{"details": {"quotaErrorDetails": {"retryDelay": "42.5s"}}}]}
    assert _verdict(_error(429, "RESOURCE_EXHAUSTED", quota)).retry_after == 42.5
    asked = replace(_error(503, "UNAVAILABLE", quota), headers={"retry-after": "90"})
    assert _verdict(asked).retry_after == 90.0
    # An answer that makes no sense is none that breaks anything.
    for text in ("", "[]", '{"error": 7}', '{"error": {"details": [null, {"fieldViolations": 3}]}}', "<html>"):
        assert _verdict(Answer(429, {}, text)).retry_after is None
        assert _verdict(Answer(400, {}, text)).outcome is Outcome.REJECTED
        assert _verdict(Answer(400, {}, text), events=2).outcome is Outcome.SPLIT


def test_what_is_wrong_with_the_account_is_for_a_person_to_mend(there: There) -> None:
    def refusal(**settings: str) -> str:
        target = there.prepared()
        request = GOOGLE.request(replace(target, settings={**target.settings, **settings}), [message(1), message(2)])
        verdicts = GOOGLE.verdicts(request, ask(request))
        assert {verdict.outcome for verdict in verdicts} == {Outcome.REFUSED}
        return verdicts[0].reason

    assert refusal(conversion_action_id="404") == "INVALID_CONVERSION_ACTION_ID"
    assert refusal(conversion_action_id="111222333") == "INVALID_CONVERSION_ACTION_TYPE"
    assert refusal(conversion_action_id="AW-1") == "INVALID_NUMBER_FORMAT"
    assert refusal(login_account="") == "PERMISSION_DENIED"
    there.stand_in.account.has_signed_terms = False
    assert refusal() == "TERMS_AND_CONDITIONS_NOT_SIGNED"


def test_the_quota_is_an_answer_with_its_pause(there: There) -> None:
    there.stand_in.a_minute = 1
    outcomes = []
    for number in (1, 2):
        request = GOOGLE.request(there.prepared(), [message(number)])
        outcomes.append(GOOGLE.verdicts(request, ask(request))[0])
    assert [verdict.outcome for verdict in outcomes] == [Outcome.RECEIVED, Outcome.RETRY]
    assert 50 <= (outcomes[1].retry_after or 0) <= 60


def _sent(there: There, batch: list[Message], rounds: list[int]) -> dict[int, Verdict]:
    """Send as delivering does: what is split goes again in halves. `rounds`: how many each request held."""
    rounds.append(len(batch))
    request = GOOGLE.request(there.prepared(), batch)
    verdicts = list(zip(batch, GOOGLE.verdicts(request, ask(request)), strict=True))
    apart = [one for one, verdict in verdicts if verdict.outcome is Outcome.SPLIT]
    told = {one.delivery_id: verdict for one, verdict in verdicts if verdict.outcome is not Outcome.SPLIT}
    middle = (len(apart) + 1) // 2
    for half in (apart[:middle], apart[middle:]):
        if half:
            told |= _sent(there, half, rounds)
    return told


@pytest.mark.parametrize(("says_which", "most_requests"), [(True, 3), (False, 16)])
def test_one_bad_event_is_rejected_and_the_others_are_taken_at_once(
    there: There, says_which: bool, most_requests: int
) -> None:
    there.stand_in.says_which = says_which
    batch = [message(number, currency="XXL" if number == 23 else "EUR") for number in range(1, 51)]
    rounds: list[int] = []
    told = _sent(there, batch, rounds)
    rejected = [number for number, verdict in told.items() if verdict.outcome is Outcome.REJECTED]
    assert rejected == [23]
    assert told[23].reason == "INVALID_CURRENCY_CODE"
    assert len(there.stand_in.taken) == 49 and set(there.stand_in.taken.values()) == {1}
    assert len(rounds) <= most_requests


def _status(state: str, total: int, **reasons: int) -> Verdict:
    counts = [{"reason": f"PROCESSING_ERROR_REASON_{name}", "recordCount": str(n)} for name, n in reasons.items()]
    status = {
        "requestStatus": state,
        "eventsIngestionStatus": {"recordCount": str(total)},
        "errorInfo": {"errorCounts": counts},
    }
    return verdict_of(Answer(200, {}, json.dumps({"requestStatusPerDestination": [status]})))


@pytest.mark.parametrize(
    ("verdict", "outcome", "reason"),
    [
        (_status("SUCCESS", 3), Outcome.CONFIRMED, "processed"),
        (_status("PROCESSING", 3), Outcome.PENDING, "processing"),
        (_status("REQUEST_STATUS_UNKNOWN", 3), Outcome.PENDING, "processing"),
        (verdict_of(Answer(200, {}, "{}")), Outcome.PENDING, "processing"),
        (verdict_of(Answer(500, {}, "")), Outcome.PENDING, "processing"),
        (_status("FAILURE", 2), Outcome.REJECTED, "failed"),
        (_status("FAILED", 2, EVENT_TOO_OLD=2), Outcome.REJECTED, "EVENT_TOO_OLD"),
        (_status("FAILED", 2, EVENT_TOO_OLD=1, INVALID_GCLID=1), Outcome.REJECTED, "several_reasons"),
        (_status("FAILED", 2, CLICK_NOT_FOUND=2), Outcome.RECEIVED, "unmatched"),
        (_status("FAILED", 2, CLICK_NOT_FOUND=1, EVENT_NOT_FOUND=1), Outcome.RECEIVED, "unmatched"),
        (_status("FAILED", 2, CLICK_NOT_FOUND=1, INVALID_GCLID=1), Outcome.REJECTED, "several_reasons"),
        (_status("FAILED", 1, TOO_RECENT_CLICK=1), Outcome.RETRY, "TOO_RECENT_CLICK"),
        (_status("FAILED", 2, DUPLICATE_TRANSACTION_ID=2), Outcome.CONFIRMED, "duplicate"),
        (_status("PARTIAL_SUCCESS", 3, DUPLICATE_TRANSACTION_ID=1), Outcome.CONFIRMED, "processed"),
        (_status("FAILED", 2, DUPLICATE_TRANSACTION_ID=1, INVALID_GCLID=1), Outcome.RECEIVED, "partly_counted"),
        (_status("PARTIAL_SUCCESS", 5), Outcome.RECEIVED, "partly_counted"),
    ],
)
def test_what_is_said_later_of_a_request_is_told_no_better_than_it_is_known(
    verdict: Verdict, outcome: Outcome, reason: str
) -> None:
    assert (verdict.outcome, verdict.reason) == (outcome, reason)
