"""What Google's answers mean for each event of a request."""

import json

import pytest

from apps.destinations.providers.base import Answer, Outcome, Target
from tests.destinations.ga4_messages import ANALYTICS, order, told

LIVE, TEST = (Target(7, {}, {}, is_test_mode=is_test) for is_test in (False, True))
TWO = [told(1), order(2)]


@pytest.mark.parametrize(
    ("status", "outcomes"),
    [
        (204, ["received", "received"]),
        (200, ["received", "received"]),
        # A second lead would count; of the order, Google drops a second one.
        (500, ["unsure", "retry"]),
        (502, ["unsure", "retry"]),
        (504, ["unsure", "retry"]),
        # Nothing was taken.
        (503, ["retry", "retry"]),
        (429, ["retry", "retry"]),
        (408, ["retry", "retry"]),
        # Of the request as it is: not to be repeated.
        (400, ["split", "split"]),
        (413, ["split", "split"]),
        (401, ["refused", "refused"]),
        (403, ["refused", "refused"]),
        (404, ["refused", "refused"]),
        (302, ["refused", "refused"]),
    ],
)
def test_permanent_and_passing_failures_are_told_apart(status: int, outcomes: list[str]) -> None:
    request = ANALYTICS.request(LIVE, TWO)
    verdicts = ANALYTICS.verdicts(request, Answer(status, {"retry-after": "120"}, ""))
    assert [verdict.outcome.value for verdict in verdicts] == outcomes
    assert all(verdict.retry_after == 120 for verdict in verdicts if status in (408, 429, 503))


def test_an_event_that_is_refused_alone_ends() -> None:
    request = ANALYTICS.request(LIVE, [told()])
    (verdict,) = ANALYTICS.verdicts(request, Answer(400, {}, ""))
    assert (verdict.outcome, verdict.reason) == (Outcome.REJECTED, "http_400")


def _validated(*found: tuple[str, str, str]) -> Answer:
    names = ("fieldPath", "description", "validationCode")
    return Answer(200, {}, json.dumps({"validationMessages": [dict(zip(names, one, strict=True)) for one in found]}))


def test_what_the_validation_says_is_read_by_a_person_without_what_was_sent() -> None:
    answer = _validated(
        ("events", "Event at index: [0] has invalid name [_bad]. Names must start with a letter.", "NAME_INVALID"),
        ("events[0].params.plan", "Value [Ada Lovelace, ada@example.org] of ada@example.org is long.", "VALUE_INVALID"),
    )
    (verdict,) = ANALYTICS.verdicts(ANALYTICS.test_request(LIVE, told()), answer)
    assert (verdict.outcome, verdict.reason) == (Outcome.REJECTED, "NAME_INVALID")
    assert "Event at index: [0] has invalid name [_bad]" in verdict.words
    assert "events[0].params.plan: Value" in verdict.words
    assert "Ada" not in verdict.words and "ada@" not in verdict.words


def test_in_test_mode_the_wrong_one_is_named_and_the_others_are_looked_at_again() -> None:
    request = ANALYTICS.request(TEST, TWO)
    verdicts = ANALYTICS.verdicts(request, _validated(("events[1].params.items", "Required.", "VALUE_REQUIRED")))
    assert [verdict.outcome.value for verdict in verdicts] == ["split", "rejected"]
    of_all = ANALYTICS.verdicts(request, _validated(("client_id", "Required.", "VALUE_REQUIRED")))
    assert [verdict.outcome.value for verdict in of_all] == ["split", "split"]
    assert {verdict.outcome for verdict in ANALYTICS.verdicts(request, _validated())} == {Outcome.CHECKED}


@pytest.mark.parametrize("text", ["", "<html>", "[]", "{}", '{"validationMessages": 3}', "[" * 100_000])
def test_a_validation_that_cannot_be_read_is_no_yes(text: str) -> None:
    (verdict,) = ANALYTICS.verdicts(ANALYTICS.test_request(LIVE, told()), Answer(200, {}, text))
    assert (verdict.outcome, verdict.reason) == (Outcome.RETRY, "unreadable")
