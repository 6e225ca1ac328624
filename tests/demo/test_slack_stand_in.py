"""The stand-in for Slack refuses what Slack's documents say that it does."""

import json
from typing import Any

import pytest

from apps.demo.slack_stand_in.rules import is_escaped, refusal_of
from apps.demo.slack_stand_in.server import HOOK, SlackStandIn
from apps.demo.standing_in.frame import Ask, Reply

JSON = "application/json; charset=utf-8"


def post(there: SlackStandIn, body: bytes = b'{"text": "hello"}', *, path: str = HOOK, kind: str = JSON) -> Reply:
    return there.answer(Ask("POST", path, {}, {"content-type": kind}, body))


def plain(text: str = "x", **more: Any) -> dict[str, Any]:
    return {"type": "plain_text", "text": text} | more


def mrkdwn(text: str = "x", **more: Any) -> dict[str, Any]:
    return {"type": "mrkdwn", "text": text} | more


def section(**fields: Any) -> dict[str, Any]:
    return {"type": "section", **fields}


def test_it_posts_each_that_comes_and_counts_them() -> None:
    there = SlackStandIn(now=lambda: 0.0)
    body = json.dumps({"blocks": [section(text=mrkdwn(), block_id="msg_1")]}).encode()
    assert [post(there, body).body for _ in range(2)] == ["ok", "ok"]
    assert there.taken == {"msg_1": 2}


@pytest.mark.parametrize(
    ("path", "status", "word"),
    [
        ("/", 404, "no_team"),
        ("/services/T1/B0STANDIN/x", 404, "no_team"),
        ("/services/T0STANDIN/B1/x", 404, "no_service"),
        (f"{HOOK}x", 403, "invalid_token"),
    ],
)
def test_an_address_that_is_not_its_own_is_refused(path: str, status: int, word: str) -> None:
    answer = post(SlackStandIn(), path=path)
    assert (answer.status, answer.body) == (status, word)


def test_more_than_a_message_a_second_has_to_wait() -> None:
    now = [0.0]
    there = SlackStandIn(now=lambda: now[0])
    assert [post(there).status for _ in range(4)] == [200, 200, 200, 429]
    assert post(there).headers["Retry-After"] == "1"
    now[0] = 1.0
    assert [post(there).status for _ in range(2)] == [200, 429]


def test_what_is_no_json_cannot_be_read() -> None:
    for answer in (
        post(SlackStandIn(), b"{"),
        post(SlackStandIn(), kind="text/plain"),
        post(SlackStandIn(), b'"text"'),
    ):
        assert (answer.status, answer.body) == (400, "invalid_payload")
    assert SlackStandIn().answer(Ask("GET", HOOK, {}, {}, b"")).status == 405
    assert post(SlackStandIn(state="channel_is_archived")).status == 410


@pytest.mark.parametrize(
    ("payload", "word"),
    [
        ({"text": "a &lt; b &amp; c", "blocks": []}, "invalid_blocks"),
        ({"text": ""}, "no_text"),
        ({}, "no_text"),
        ({"text": "a < b"}, "invalid_payload"),
        ({"text": "AT&T"}, "invalid_payload"),
        ({"blocks": [section(text=mrkdwn("a > b"))]}, "invalid_payload"),
        ({"blocks": [section(text=mrkdwn())] * 51}, "invalid_blocks"),
        ({"blocks": [section()]}, "invalid_blocks"),
        ({"blocks": [section(text=mrkdwn(""))]}, "invalid_blocks"),
        ({"blocks": [section(text=mrkdwn("x" * 3_001))]}, "invalid_blocks"),
        ({"blocks": [section(fields=[mrkdwn()] * 11)]}, "invalid_blocks"),
        ({"blocks": [section(fields=[mrkdwn("x" * 2_001)])]}, "invalid_blocks"),
        ({"blocks": [section(text=mrkdwn(emoji=True))]}, "invalid_blocks"),
        ({"blocks": [section(text=plain(verbatim=True))]}, "invalid_blocks"),
        ({"blocks": [{"type": "header", "text": mrkdwn()}]}, "invalid_blocks"),
        ({"blocks": [{"type": "header", "text": plain("x" * 151)}]}, "invalid_blocks"),
        ({"blocks": [{"type": "context", "elements": []}]}, "invalid_blocks"),
        ({"blocks": [{"type": "heading"}]}, "invalid_blocks"),
        ({"blocks": [section(text=mrkdwn(), block_id="x" * 256)]}, "invalid_blocks"),
        ({"blocks": [section(text=mrkdwn(), block_id="a")] * 2}, "invalid_blocks"),
        ({"blocks": [{"type": "header", "text": plain("x" * 150, emoji=False)}, section(fields=[mrkdwn()] * 10)]}, ""),
        ({"text": "see <https://a.example/?b=1&amp;c=2|this>, <!date^1^{date}|then>"}, ""),
    ],
)
def test_messages_are_held_against_block_kit(payload: dict[str, Any], word: str) -> None:
    assert refusal_of(payload) == word


def test_what_is_inside_a_link_is_escaped_too() -> None:
    assert not is_escaped("<https://a.example/?b=1&c=2|this>")
    assert not is_escaped("<script>") and not is_escaped("<https://a.example")
