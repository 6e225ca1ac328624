"""What is made of Meta's errors: from the running stand-in where it gives them, by table where none does."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from apps.core import clock
from apps.demo.meta_stand_in.errors import Refused
from apps.destinations.providers.base import FAILED_UNREAD, Answer, Outcome, Verdict
from apps.destinations.providers.meta.refusals import verdicts_of
from tests.destinations.meta.conftest import There
from tests.destinations.meta.messages import META, ask, message

RETRY, REFUSED, REJECTED, SPLIT, RECEIVED = (
    Outcome.RETRY, Outcome.REFUSED, Outcome.REJECTED, Outcome.SPLIT, Outcome.RECEIVED,
)  # fmt: skip


def error(status: int, code: int, subcode: int = 0, **beside: Any) -> Answer:
    told = {"message": "ada@example.org", "type": "OAuthException", "code": code, "fbtrace_id": "A1b2", **beside}
    if subcode:
        told["error_subcode"] = subcode
    return Answer(status, {}, json.dumps({"error": told}))


def verdict_of(answer: Answer, events: int = 1) -> Verdict:
    return verdicts_of(answer, repeatable=[True] * events)[0]


@pytest.mark.parametrize(
    ("answer", "alone", "together"),
    [
        (error(500, 1), RETRY, RETRY),
        (error(503, 2), RETRY, RETRY),
        (error(400, 1), RETRY, RETRY),
        (error(400, 4), RETRY, RETRY),
        (error(400, 17), RETRY, RETRY),
        (error(400, 341), RETRY, RETRY),
        (error(400, 613), RETRY, RETRY),
        (error(400, 80004, 2446079), RETRY, RETRY),
        (error(400, 100, is_transient=True), RETRY, RETRY),
        (error(502, 0), RETRY, RETRY),
        (error(429, 0), RETRY, RETRY),
        (error(403, 368), REFUSED, REFUSED),
        (error(401, 102), REFUSED, REFUSED),
        (error(401, 190, 463), REFUSED, REFUSED),
        (error(400, 190), REFUSED, REFUSED),
        (error(403, 3), REFUSED, REFUSED),
        (error(400, 10), REFUSED, REFUSED),
        (error(400, 200), REFUSED, REFUSED),
        (error(400, 299), REFUSED, REFUSED),
        (error(400, 100, 33), REFUSED, REFUSED),
        (error(400, 100, type="GraphMethodException"), REFUSED, REFUSED),
        (error(404, 2500), REFUSED, REFUSED),
        (Answer(302, {}, ""), REFUSED, REFUSED),
        (Answer(401, {}, "<html>"), REFUSED, REFUSED),
        (error(400, 100), REJECTED, SPLIT),
        (error(400, 100, 2804003), REJECTED, SPLIT),
        (error(400, 0), REJECTED, SPLIT),
        (Answer(413, {}, ""), REJECTED, SPLIT),
        (error(400, 506), RECEIVED, RECEIVED),
    ],
)
def test_the_table_of_errors(answer: Answer, alone: Outcome, together: Outcome) -> None:
    found = verdict_of(answer)
    assert (found.outcome, verdict_of(answer, 2).outcome) == (alone, together)
    assert found.reason and found.words and "ada@example.org" not in found.words


@pytest.mark.parametrize(
    ("subcode", "words"),
    [
        (458, "app"),
        (459, "sign in"),
        (460, "password"),
        (463, "expired"),
        (464, "confirmed"),
        (467, "revoked"),
        (999, "doesn’t accept"),
    ],
)
def test_a_token_that_ended_says_why(subcode: int, words: str) -> None:
    verdict = verdict_of(error(401, 190, subcode))
    assert verdict.reason == f"190/{subcode}"
    assert words in verdict.words and "Make a new one" in verdict.words


def test_a_pause_is_as_long_as_the_longest_that_is_asked_for() -> None:
    usage = json.dumps(
        {
            "1": [{"type": "ads_management", "estimated_time_to_regain_access": 19}],
            "2": [{"type": "ads_insights", "estimated_time_to_regain_access": 0}],
        }
    )
    throttled = error(400, 80004)
    assert verdict_of(replace(throttled, headers={"x-business-use-case-usage": usage})).retry_after == 19 * 60
    both = {"x-business-use-case-usage": usage, "retry-after": "3600"}
    assert verdict_of(replace(throttled, headers=both)).retry_after == 3600
    # A throttle that says nothing is waited out; a service that is down is tried by the usual steps.
    assert verdict_of(throttled).retry_after == 300
    assert verdict_of(error(500, 2)).retry_after is None
    for nonsense in ("[]", "{", '{"1": 7}', '{"1": [null, {"estimated_time_to_regain_access": "x"}]}'):
        assert verdict_of(replace(throttled, headers={"x-business-use-case-usage": nonsense})).retry_after == 300


def test_answers_that_make_no_sense_break_nothing() -> None:
    for text in ("", "[]", '{"error": 7}', '{"error": {"code": "x", "error_user_msg": 3, "type": null}}', "<html>"):
        assert verdict_of(Answer(400, {}, text)).outcome is REJECTED
        assert verdict_of(Answer(500, {}, text)).outcome is RETRY
    assert verdict_of(Answer(200, {}, "<html>")).reason == "taken_unread"


def test_a_success_is_compared_with_what_was_sent_and_its_warnings_are_kept_without_personal_data() -> None:
    told = ["em ada@example.org isn't hashed", f"fbc fb.1.1795199000000.AbC of {'a' * 64}", 7]
    body = {"events_received": 2, "messages": told, "fbtrace_id": "A1b2"}
    verdict = verdict_of(Answer(200, {}, json.dumps(body)), 2)
    assert (verdict.outcome, verdict.receipt) == (RECEIVED, "A1b2")
    assert verdict.warnings == ["em [email] isn't hashed", "fbc •••• of ••••"]

    fewer = Answer(200, {}, json.dumps({**body, "events_received": 1}))
    assert verdict_of(fewer, 2).outcome is SPLIT
    # One that Meta may have taken and would count again isn't sent again.
    assert [one.outcome for one in verdicts_of(fewer, repeatable=[True, False])] == [SPLIT, Outcome.UNSURE]
    assert verdict_of(Answer(200, {}, json.dumps({"events_received": 0}))).outcome is REJECTED
    silent = verdict_of(Answer(200, {}, json.dumps({"fbtrace_id": "A1b2"})))
    assert silent.outcome is RECEIVED and "didn’t say" in silent.warnings[0]


@pytest.mark.parametrize(
    ("answer", "is_open"),
    [
        (Answer(502, {}, "<html>"), True),
        (error(500, 0, is_transient=True), True),
        (error(500, 1), True),
        (error(503, 2, is_transient=True), True),
        (error(400, 2), True),
        # Meta says that it hasn't taken it, and why.
        (error(500, 80004), False),
        (error(500, 100, is_transient=True), False),
        (error(429, 0), False),
    ],
)
def test_where_it_fails_without_saying_so_what_it_would_count_twice_isnt_sent_again(
    answer: Answer, is_open: bool
) -> None:
    again, late = verdicts_of(answer, repeatable=[True, False])
    assert (again.outcome, again.reason == FAILED_UNREAD) == (RETRY, is_open)
    assert late.outcome is (Outcome.UNSURE if is_open else RETRY)
    assert ("leaves open" in late.words) == is_open


def test_a_thousand_share_a_request(there: There) -> None:
    told = [message(number) for number in range(1, 1002)]
    assert [len(batch) for batch in META.batches(told)] == [1000, 1]
    verdicts = there.send(*told[:1000])
    assert {one.outcome for one in verdicts} == {RECEIVED} and len({one.receipt for one in verdicts}) == 1
    assert len(verdicts) == len(there.stand_in.counted) == 1000


def test_what_is_wrong_with_the_destination_is_for_a_person_to_mend(there: There) -> None:
    def refusal() -> tuple[Outcome, str]:
        (verdict,) = there.send(message())
        return verdict.outcome, verdict.reason

    dataset, token = there.stand_in.dataset, there.stand_in.token
    dataset.is_blocked = True
    assert refusal() == (REFUSED, "368")
    token.may_send = False
    assert refusal() == (REFUSED, "200")
    dataset.dataset_id = "999"
    assert refusal() == (REFUSED, "100/33")
    dataset.app_secret = "0f" * 16
    assert refusal() == (REFUSED, "100")
    token.ended = 463
    assert refusal() == (REFUSED, "190/463")
    token.text = "EAAanother"
    assert refusal() == (REFUSED, "190")
    assert there.stand_in.taken == {}


def test_a_rate_limit_says_when_to_come_back_and_what_fails_for_now_is_sent_again(
    there: There, monkeypatch: pytest.MonkeyPatch
) -> None:
    there.stand_in.an_hour = 1
    assert there.send(message(1))[0].outcome is RECEIVED
    (verdict,) = there.send(message(2))
    assert (verdict.outcome, verdict.reason, verdict.retry_after) == (RETRY, "80004", 3600.0)
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(hours=1))
    there.stand_in.failing.append(Refused(2, status=500, is_transient=True))
    assert there.send(message(2))[0].outcome is RETRY
    there.stand_in.an_hour = None
    assert there.send(message(2))[0].outcome is RECEIVED


def test_the_field_that_was_wrong_is_named_without_what_was_in_it(there: There) -> None:
    wrong = message(match=replace(message().occurrence.match, email_sha256="ada@example.org"))
    request = META.request(there.target, [wrong])
    (verdict,) = META.verdicts(request, ask(request))
    said = "Meta refused the event (100/2804019): Server-side API parameter error, user_data.em."
    assert verdict.words == f"{said} Mend it and send it again."
