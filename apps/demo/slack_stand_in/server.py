"""Slack behind HTTP: addresses that are the whole credential, errors as words, a bound of a message a second.

Sections are those of docs.slack.dev/messaging/sending-messages-using-incoming-webhooks, and of
api.slack.com/docs/rate-limits.
"""

import hashlib
import time
from collections import Counter
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from ..standing_in.frame import Ask, Reply
from .rules import refusal_of

PORT = 9105
HOOK = "/services/T0STANDIN/B0STANDIN/localStandInOfSlack00000"
# What to enter: the form knows Slack's own host alone, and a stand-in is asked by the same path.
ADDRESS = f"https://hooks.slack.com{HOOK}"
# Section "Handling errors", and the changelog of 2016-05-17.
STATUSES: Mapping[str, int] = {
    "invalid_payload": 400,
    "invalid_blocks": 400,
    "no_text": 400,
    "user_not_found": 400,
    "action_prohibited": 403,
    "posting_to_general_channel_denied": 403,
    "invalid_token": 403,
    "channel_not_found": 404,
    "no_active_hooks": 404,
    "no_service": 404,
    "no_team": 404,
    "channel_is_archived": 410,
    "rollup_error": 500,
}
# "No more than one message per second", with "bursts over that limit for short periods": so many.
BURST = 3.0
MOST_SEEN = 100


class SlackStandIn:
    """Takes messages for one address. `state`: a word of STATUSES that it answers with whatever comes; empty: it posts.

    Nothing is dropped for having come before: Slack has no key to know it by. `taken` counts by the first block's
    `block_id`, or by the body where there is none.
    """

    name = "Slack"

    def __init__(self, hook: str = HOOK, *, state: str = "", now: Callable[[], float] = time.time) -> None:
        self._now = now
        self.hook = hook
        self.state = state
        self.taken: dict[str, int] = Counter()
        self.seen: list[dict[str, Any]] = []
        self._allowed = BURST
        self._counted_at = now()

    def answer(self, ask: Ask) -> Reply:
        if ask.method != "POST":
            return Reply(HTTPStatus.METHOD_NOT_ALLOWED, "method_not_allowed", {"Allow": "POST"})
        if ask.path != self.hook:
            return _refused(_unknown(ask.path))
        if not self._is_in_time():
            # Section "Message Posting": an object with the number of calls, and Retry-After.
            calls = sum(self.taken.values())
            return Reply(HTTPStatus.TOO_MANY_REQUESTS, {"error": "rate_limited", "calls": calls}, {"Retry-After": "1"})
        if self.state:
            return _refused(self.state)
        return self._post(ask)

    def _post(self, ask: Ask) -> Reply:
        """Section "Handling errors", invalid_payload: "verify your content body matches your content type"."""
        if ask.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
            return _refused("invalid_payload")
        try:
            payload = ask.json()
        except ValueError:
            return _refused("invalid_payload")
        if refusal := refusal_of(payload):
            return _refused(refusal)
        self.taken[_key(payload, ask.body)] += 1
        self.seen = [*self.seen[1 - MOST_SEEN :], payload]
        return Reply(HTTPStatus.OK, "ok")

    def _is_in_time(self) -> bool:
        now = self._now()
        self._allowed = min(BURST, self._allowed + max(0.0, now - self._counted_at))
        self._counted_at = now
        if self._allowed < 1:
            return False
        self._allowed -= 1
        return True


def _unknown(path: str) -> str:
    """Return what is wrong with an address that isn't known here."""
    parts = path.strip("/").split("/")
    team, service = HOOK.strip("/").split("/")[1:3]
    if len(parts) != 4 or parts[0] != "services" or parts[1] != team:
        return "no_team"
    return "no_service" if parts[2] != service else "invalid_token"


def _refused(word: str) -> Reply:
    return Reply(STATUSES[word], word)


def _key(payload: Mapping[str, Any], body: bytes) -> str:
    blocks = payload.get("blocks") or [{}]
    return str(blocks[0].get("block_id") or hashlib.sha256(body).hexdigest())
