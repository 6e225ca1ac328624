"""The local receiver of webhooks says no where the standard has a consumer say it."""

import json
from collections.abc import Mapping

import pytest

from apps.demo.standing_in.frame import Ask
from apps.demo.webhook_stand_in.receiver import SECRET, Receiver, key_of
from apps.destinations.providers.webhook.signing import signatures

NOW = 1_778_666_400
BODY = json.dumps({"type": "conversion.created", "timestamp": "2026-05-13T09:59:00Z", "data": {}}).encode()
OTHER = "whsec_" + "B" * 32


def answer(
    receiver: Receiver | None = None,
    *,
    body: bytes = BODY,
    at: int = NOW,
    secrets: tuple[str, ...] = (SECRET,),
    method: str = "POST",
    headers: Mapping[str, str] | None = None,
) -> int:
    given = {
        "content-type": "application/json",
        "webhook-id": "msg_1",
        "webhook-timestamp": str(at),
        "webhook-signature": signatures(secrets, message_id="msg_1", timestamp=at, body=body),
    } | dict(headers or {})
    return (receiver or Receiver(now=lambda: NOW)).answer(Ask(method, "/", {}, given, body)).status


def test_it_takes_what_is_signed_with_a_secret_it_knows() -> None:
    assert answer() == answer(secrets=(OTHER, SECRET)) == 204
    assert answer(Receiver(SECRET, OTHER, now=lambda: NOW), secrets=(OTHER,)) == 204
    assert answer(secrets=(OTHER,)) == 401
    signed = signatures([SECRET], message_id="msg_1", timestamp=NOW, body=BODY)
    assert answer(headers={"webhook-signature": f"v1a,{signed[3:]} v2,{signed[3:]} nonsense v1,???"}) == 401
    assert answer(headers={"webhook-signature": ""}) == answer(headers={"webhook-id": "msg_2"}) == 401


def test_it_takes_nothing_that_is_five_minutes_off() -> None:
    assert answer(at=NOW - 300) == answer(at=NOW + 300) == 204
    assert answer(at=NOW - 301) == answer(at=NOW + 301) == 400
    assert answer(headers={"webhook-timestamp": "13 May"}) == answer(headers={"webhook-timestamp": ""}) == 400


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"[]", 400),
        (b'{"type": "conversion.created", "timestamp": "2026-05-13T09:59:00Z"}', 400),
        (b'{"type": "a conversion", "timestamp": "2026-05-13T09:59:00Z", "data": {}}', 400),
        (b'{"type": "conversion.created", "timestamp": "2026-05-13T09:59:00", "data": {}}', 400),
        (b'{"type": "conversion.created", "timestamp": 1, "data": {}}', 400),
        (BODY + b" " * 20_000, 413),
    ],
)
def test_it_takes_no_other_bodies(body: bytes, status: int) -> None:
    assert answer(body=body) == status


def test_it_wants_posts_of_json_with_an_id_without_dots() -> None:
    assert answer(method="GET") == 405
    assert answer(headers={"content-type": "text/plain"}) == 415
    assert answer(headers={"webhook-id": "msg.1"}) == answer(headers={"webhook-id": ""}) == 400


def test_an_id_that_comes_again_is_counted_and_not_handled_again() -> None:
    receiver = Receiver(now=lambda: NOW)
    assert [answer(receiver), answer(receiver)] == [204, 204]
    assert receiver.taken == {"msg_1": 2} and len(receiver.seen) == 1


def test_a_secret_has_the_standards_form() -> None:
    assert len(key_of(SECRET)) == 32
    for wrong in (SECRET.removeprefix("whsec_"), "whsec_c2hvcnQ=", "whsec_?"):
        with pytest.raises(ValueError):
            key_of(wrong)
