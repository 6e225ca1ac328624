"""Webhooks by the book: signatures, bodies, rotation, what answers mean, what the form takes. Pure."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from apps.core import clock
from apps.demo.webhook_stand_in.receiver import is_signed
from apps.destinations.providers.base import Answer, Outcome, Target
from apps.destinations.providers.webhook.forms import WebhookForm
from apps.destinations.providers.webhook.payload import MOST_BYTES, body_make
from apps.destinations.providers.webhook.provider import Webhook
from apps.destinations.providers.webhook.rotation import in_force, retiring, rotated
from apps.destinations.providers.webhook.signing import secret_make, secret_read, signatures

from .occurring import message

NOW = datetime(2026, 5, 13, 10, tzinfo=UTC)
A, B, C = (f"whsec_{letter * 32}" for letter in "ABC")
WEBHOOK = Webhook()
# Of the standard's own libraries: libraries/python/tests/test_webhooks.py, test_sign_function.
THEIRS = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SIGNED: dict[str, Any] = {
    "message_id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "timestamp": 1614265330,
    "body": b'{"test": 2432232314}',
}
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_the_standards_own_example_is_signed_as_there() -> None:
    assert signatures([THEIRS], **SIGNED) == SIGNATURE
    assert signatures([A, THEIRS], **SIGNED) == f"{signatures([A], **SIGNED)} {SIGNATURE}"
    for other in ({"message_id": "msg_2"}, {"timestamp": 1614265331}, {"body": b'{"test":2432232314}'}):
        assert signatures([THEIRS], **{**SIGNED, **other}) != SIGNATURE


def test_secrets_have_the_standards_form() -> None:
    made = secret_make()
    assert made.startswith("whsec_") and len(secret_read(made)) == 32 and made != secret_make()
    for wrong in ("", "whsec_", "whsec_c2hvcnQ=", "whsk_" + "A" * 44, "whsec_" + "A" * 88, "whsec_" + "ä" * 32):
        with pytest.raises(ValueError, match="signing secret"):
            secret_read(wrong)


def test_both_secrets_sign_for_a_day_and_then_the_new_one_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = rotated({"secret": A}, {"secret": B}, NOW)
    target = Target(1, {"url": "https://crm.example/"}, secrets)
    for after, known in (
        (timedelta(), [True, True]),
        (timedelta(hours=23, minutes=59), [True, True]),
        (timedelta(days=1), [False, True]),
    ):
        monkeypatch.setattr(clock, "now", lambda after=after: NOW + after)
        request = WEBHOOK.request(target, [message()])
        assert [is_signed(request.headers, request.body or b"", [secret]) for secret in (A, B)] == known
        assert request.headers["webhook-id"] == "msg_7f3c"
        assert request.headers["webhook-timestamp"] == str(int((NOW + after).timestamp()))


def test_a_second_rotation_within_the_day_loses_neither_of_those_before() -> None:
    once = rotated({"secret": A}, {"secret": B}, NOW)
    later = NOW + timedelta(hours=6)
    twice = rotated(once, {**once, "secret": C}, later)
    assert in_force(twice, later) == [C, B, A]
    assert retiring(twice, later) == [(B, later + timedelta(days=1)), (A, NOW + timedelta(days=1))]
    assert in_force(twice, NOW + timedelta(hours=25)) == [C, B]
    # What has run out is kept no longer; what stays as it was isn't retired; who goes back has one of each.
    assert set(rotated(twice, twice, NOW + timedelta(hours=48)).values()) == {C}
    assert in_force(rotated(once, once, later), later) == [B, A]
    assert in_force(rotated(once, {**once, "secret": A}, later), later) == [A, B]
    many = {"secret": A}
    for number in range(30):
        many = rotated(many, {**many, "secret": f"whsec_{number}"}, NOW)
    assert len(in_force(many, NOW)) == 11


def test_a_body_says_what_happened_and_nothing_that_recognises_a_person() -> None:
    body = body_make(message(), is_test=False)
    payload = json.loads(body)
    assert (payload["type"], payload["version"], payload["timestamp"]) == (
        "conversion.created",
        1,
        "2026-05-13T09:59:00Z",
    )
    data = payload["data"]
    assert (data["value"], data["currency"], data["company"]["name"]) == (40.5, "EUR", "Kestrel Lifts")
    assert (data["consent"]["state"], data["left_out"], data["is_test"]) == ("granted", [], False)
    for kept_back in (b"fb.1.1.2", b"e" * 64, b"Mozilla", b"Cj0K", b"Berlin"):
        assert kept_back not in body


def test_what_is_no_goal_is_an_event_and_tests_say_so() -> None:
    assert json.loads(body_make(message(goal_name="", company=None), is_test=False))["type"] == "event.created"
    for one, is_test in ((message(is_test=True), False), (message(), True)):
        assert json.loads(body_make(one, is_test=is_test))["data"]["is_test"] is True


def test_a_body_stays_below_its_bound_and_says_what_it_lacks() -> None:
    items = [{"sku": str(number), "name": "lift" * 20} for number in range(500)]
    body = body_make(message(items=items), is_test=False)
    data = json.loads(body)["data"]
    assert len(body) <= MOST_BYTES
    assert (data["left_out"], data["items"], data["props"]) == (["items"], [], {"plan": "pro"})
    body = body_make(message(props={"note": "ä" * 30_000}, params={"a": "b" * 30_000}), is_test=False)
    assert json.loads(body)["data"]["left_out"] == ["props", "fields"]
    (problem,) = WEBHOOK.problems(Target(1, {}, {}), message(page_title="x" * 30_000))
    assert problem.field == "body" and "20000" in problem.rule


@pytest.mark.parametrize(
    ("statuses", "outcome"),
    [
        ((200, 201, 202, 204, 299), Outcome.RECEIVED),
        ((301, 302, 304, 307, 308), Outcome.REFUSED),
        ((401, 402, 403, 404, 405, 407, 421, 451), Outcome.REFUSED),
        ((410,), Outcome.GONE),
        ((408, 423, 425, 429, 500, 501, 502, 503, 504, 520), Outcome.RETRY),
        ((400, 406, 409, 411, 413, 415, 418, 422, 431), Outcome.REJECTED),
    ],
)
def test_answers_are_told_apart(statuses: tuple[int, ...], outcome: Outcome) -> None:
    target = Target(1, {"url": "https://crm.example/"}, {"secret": A})
    request = WEBHOOK.request(target, [message()])
    for status in statuses:
        (verdict,) = WEBHOOK.verdicts(request, Answer(status, {}, ""))
        assert (verdict.outcome, verdict.reason, verdict.retry_after) == (outcome, str(status), None)
        assert str(status) in verdict.words and verdict.words.endswith(".")


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("120", 120), ("Wed, 13 May 2026 10:02:00 GMT", 120), ("Wed, 13 May 2026 09:00:00 GMT", 0), ("soon", None)],
)
def test_the_receivers_pause_is_kept_to(header: str, seconds: float | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)
    request = WEBHOOK.request(Target(1, {"url": "https://crm.example/"}, {"secret": A}), [message()])
    for status in (429, 502, 503):
        (verdict,) = WEBHOOK.verdicts(request, Answer(status, {"retry-after": header}, ""))
        assert verdict.retry_after == seconds


def test_a_secret_is_made_where_none_is_entered() -> None:
    form = WebhookForm({"url": "https://crm.example"})
    assert form.is_valid(), form.errors
    assert secret_read(form.cleaned_data["secret"])
    kept = WebhookForm({"url": "https://crm.example/"}, has_secrets=True)
    assert kept.is_valid() and kept.cleaned_data["secret"] == ""
    theirs = WebhookForm({"url": "https://crm.example/", "secret": f" {A} "})
    assert theirs.is_valid() and theirs.cleaned_data["secret"] == A


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("crm.example", "https://crm.example/"),
        ("https://CRM.example.:8443/a?b=c#d", "https://crm.example:8443/a?b=c"),
        ("https://bücher.example/ä?q=ö", "https://xn--bcher-kva.example/%C3%A4?q=%C3%B6"),
        ("https://[2606:4700::1111]/", "https://[2606:4700::1111]/"),
    ],
)
def test_addresses_are_kept_as_requests_need_them(given: str, url: str) -> None:
    form = WebhookForm({"url": given})
    assert form.is_valid(), form.errors
    assert form.cleaned_data["url"] == url


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("http://crm.example/", "https://"),
        ("ftp://crm.example/", "https://"),
        ("https://ann:pw@crm.example/", "before the @"),
        ("https://127.0.0.1/", "private network"),
        ("https://127.1/", "valid URL"),
        ("https://[::1]/", "private network"),
        ("https://[::ffff:10.0.0.1]/", "private network"),
        ("https://169.254.169.254/latest/meta-data/", "private network"),
        ("https://localhost:9104/", "private network"),
        ("https://crm.internal/", "private network"),
        ("https://crm.example:99999/", "host"),
        ("javascript:alert(1)", "valid URL"),
    ],
)
def test_addresses_that_lead_nowhere_good_are_refused(given: str, words: str) -> None:
    form = WebhookForm({"url": given})
    assert not form.is_valid() and words in str(form.errors["url"])
