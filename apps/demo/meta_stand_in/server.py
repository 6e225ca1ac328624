"""The stand-in itself: addresses, who may call and how often, and what was taken."""

import hashlib
import hmac
import json
import re
import time
from collections import deque
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from apps.demo.standing_in.frame import Ask, Reply

from .errors import INVALID, OF_THE_CALL, Refused, error_reply, trace_make
from .rules import request_check
from .world import Dataset, Token

PORT = 9102
# An expired version is answered as the next one that isn't ("Endpoint, version, auth").
EVENTS = re.compile(r"/v(?P<version>\d{1,3})\.0/(?P<dataset>[^/]+)/events")
NEWEST_VERSION = 26
AN_HOUR = 3_600.0
DEDUPLICATED_SECONDS = 48 * 3_600.0
THROTTLED, NO_SUCH_OBJECT, NO_TOKEN, NO_PERMISSION, BLOCKED = 80004, 33, 190, 200, 368


class MetaStandIn:
    """`taken` counts by event name and id, however often one comes; `counted`: how often it would count at Meta.

    `an_hour`: most calls, None: no limit. `failing`: errors that the next calls get, in their order. `now`: seconds
    since 1970.
    """

    name = "Meta (Conversions API)"

    def __init__(
        self,
        dataset: Dataset | None = None,
        token: Token | None = None,
        *,
        an_hour: int | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.taken: dict[str, int] = {}
        self.counted: dict[str, int] = {}
        self.tests = 0
        self.dataset = dataset or Dataset()
        self.token = token or Token()
        self.an_hour = an_hour
        self.failing: deque[Refused] = deque()
        self._now = now
        self._calls: deque[float] = deque()
        self._seen_at: dict[str, float] = {}

    def answer(self, ask: Ask) -> Reply:
        if (ask.method, ask.path) == ("GET", "/tr"):
            return self._pixel(ask)
        if (ask.method, ask.path) == ("POST", "/revoke"):
            self.token.ended = 460
            return Reply(200, {"success": True})
        try:
            found = EVENTS.fullmatch(ask.path)
            if found is None or ask.method != "POST" or int(found["version"]) > NEWEST_VERSION:
                raise Refused(2500, status=404, words="Unknown path components.")
            body = _body(ask)
            self._admit(body, found["dataset"])
            self._count_call()
            if self.failing:
                raise self.failing.popleft()
            events = request_check(body, self.dataset, self._now())
        except Refused as refused:
            return error_reply(refused)
        self.tests += len(events) if body.get("test_event_code") else 0
        for event in events:
            self._take(event["event_name"], event.get("event_id") or "")
        return Reply(200, {"events_received": len(events), "messages": [], "fbtrace_id": trace_make()})

    def _admit(self, body: dict[str, Any], dataset_id: str) -> None:
        """Endpoint, version, auth; Responses: 190, 200, 368, and 100 for what the call names. Raises Refused.

        `appsecret_proof` is the HMAC-SHA256 of the token by the app's secret, in hex.
        """
        given = body.get("access_token")
        if given != self.token.text or self.token.ended:
            ended = self.token.ended if given == self.token.text else 0
            raise Refused(NO_TOKEN, ended, status=401, words=f"Invalid access token: {given}")
        if self.dataset.app_secret:
            secret = self.dataset.app_secret.encode()
            proof = hmac.new(secret, self.token.text.encode(), hashlib.sha256).hexdigest()
            if body.get("appsecret_proof") != proof:
                raise Refused(INVALID, kind=OF_THE_CALL, words="Invalid appsecret_proof provided in the API argument.")
        if dataset_id != self.dataset.dataset_id:
            words = f"Unsupported post request. Object with ID '{dataset_id}' does not exist."
            raise Refused(INVALID, NO_SUCH_OBJECT, kind=OF_THE_CALL, words=words)
        if not self.token.may_send:
            raise Refused(NO_PERMISSION, status=403, words="Permissions error.")
        if self.dataset.is_blocked:
            raise Refused(BLOCKED, status=403, words="The action is blocked by policy.")

    def _count_call(self) -> None:
        """Responses, "Rate": calls are counted, and the header says when the next one is possible. Raises Refused."""
        now = self._now()
        while self._calls and self._calls[0] <= now - AN_HOUR:
            self._calls.popleft()
        if self.an_hour is not None and len(self._calls) >= self.an_hour:
            minutes = max(1, round((self._calls[0] + AN_HOUR - now) / 60)) if self._calls else 60
            use = {"type": "ads_management", "call_count": 100, "estimated_time_to_regain_access": minutes}
            headers = {"X-Business-Use-Case-Usage": json.dumps({self.dataset.dataset_id: [use]})}
            raise Refused(THROTTLED, status=400, words="Too many calls to this account.", headers=headers)
        self._calls.append(now)

    def _take(self, name: str, event_id: str) -> None:
        """Deduplication: of the same name and id within 48 hours the first one counts; without an id each does."""
        key = f"{name}:{event_id or uuid4().hex}"
        self.taken[key] = self.taken.get(key, 0) + 1
        self._count_event(key)

    def _count_event(self, key: str) -> None:
        now = self._now()
        if key in self._seen_at and now < self._seen_at[key] + DEDUPLICATED_SECONDS:
            return
        self._seen_at[key] = now
        self.counted[key] = self.counted.get(key, 0) + 1

    def _pixel(self, ask: Ask) -> Reply:
        """Deduplication: a browser's event, `ev` with `eid`, counts together with the server's of that name and id."""
        if ask.query.get("id") == self.dataset.dataset_id and ask.query.get("ev"):
            self._count_event(f"{ask.query['ev']}:{ask.query.get('eid') or uuid4().hex}")
        return Reply(200, "")


def _body(ask: Ask) -> dict[str, Any]:
    """Endpoint, version, auth: JSON, or form fields; the token may be in the query. Raises Refused."""
    try:
        if ask.headers.get("content-type", "").startswith("application/json"):
            body = ask.json()
        else:
            body = dict(ask.form())
            body["data"] = json.loads(body.get("data", "null"))
    except ValueError:
        raise Refused(INVALID, words="The body can't be read.") from None
    if not isinstance(body, dict):
        raise Refused(INVALID, words="The body is an object.")
    return {**ask.query, **body}
