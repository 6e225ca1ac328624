"""The stand-in itself: addresses, quota, and what was taken."""

import time
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from apps.demo.standing_in.frame import Ask, Reply

from .errors import Refused, error_reply, invalid
from .processing import Taken, status_of, taken_make
from .rules import request_check
from .tokens import Tokens
from .world import Account, Client

PORT = 9103
A_MINUTE, A_DAY = 60.0, 86_400.0
# Of the contract's A, "Quota per Cloud project".
MOST_A_MINUTE, MOST_A_DAY = 300, 100_000
MOST_REQUESTS_KEPT = 20_000


class GoogleAdsStandIn:
    """`taken` counts by conversion action and transaction id: what comes again is counted, and has no other effect.

    `status_after`: seconds until a request is processed. `says_which`: whether an error names the event. `now`: seconds
    since 1970.
    """

    name = "Google Ads (Data Manager API)"

    def __init__(
        self,
        client: Client | None = None,
        account: Account | None = None,
        *,
        status_after: float = 0.0,
        token_seconds: int = 3600,
        a_minute: int = MOST_A_MINUTE,
        says_which: bool = True,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.taken: dict[str, int] = {}
        self.account = account or Account()
        self.client = client or Client()
        self.tokens = Tokens(self.client, seconds=token_seconds, now=now)
        self.status_after = status_after
        self.says_which = says_which
        self.a_minute = a_minute
        self._now = now
        self._minute: deque[float] = deque()
        self._day: deque[float] = deque()
        self._counted: set[str] = set()
        self._requests: OrderedDict[str, Taken] = OrderedDict()

    def answer(self, ask: Ask) -> Reply:
        if (ask.method, ask.path) == ("POST", "/token"):
            return self.tokens.refresh(ask)
        if (ask.method, ask.path) == ("POST", "/revoke"):
            return self.tokens.revoke(ask)
        try:
            self.tokens.admit(ask)
            if (ask.method, ask.path) == ("POST", "/v1/events:ingest"):
                return self._ingest(ask)
            if (ask.method, ask.path) == ("GET", "/v1/requestStatus:retrieve"):
                return self._retrieve(ask)
        except Refused as refused:
            delay = self._until_free() if refused.status == 429 else None
            return error_reply(refused, says_which=self.says_which, retry_delay=delay)
        return error_reply(Refused(404, "NOT_FOUND", "NOT_FOUND"))

    def _ingest(self, ask: Ask) -> Reply:
        self._count()
        if not ask.headers.get("content-type", "").startswith("application/json"):
            raise invalid("", "INVALID_ARGUMENT", "Not JSON.")
        try:
            body = ask.json()
        except ValueError:
            raise invalid("", "INVALID_ARGUMENT", "Not JSON.") from None
        request_check(body, self.account)
        request_id = uuid4().hex
        if not body.get("validateOnly", False):
            self._take(request_id, body)
        return Reply(200, {"requestId": request_id})

    def _take(self, request_id: str, body: dict[str, Any]) -> None:
        action = body["destinations"][0]["productDestinationId"]
        # Without an id nothing can be told apart: each counts.
        keys = [f"{action}:{event.get('transactionId') or uuid4().hex}" for event in body["events"]]
        for key in keys:
            self.taken[key] = self.taken.get(key, 0) + 1
        self._requests[request_id] = taken_make(body, keys, self._counted, now=self._now())
        while len(self._requests) > MOST_REQUESTS_KEPT:
            self._requests.popitem(last=False)

    def _retrieve(self, ask: Ask) -> Reply:
        """Contract: A, "Response". None for requests that weren't taken or only validated (INVALID_REQUEST_ID)."""
        taken = self._requests.get(ask.query.get("requestId", ""))
        if taken is None:
            raise invalid("request_id", "INVALID_REQUEST_ID")
        is_done = self._now() >= taken.at + self.status_after
        return Reply(200, {"requestStatusPerDestination": [status_of(taken, is_done=is_done)]})

    def _count(self) -> None:
        """Contract: A, "Quota per Cloud project". Raises Refused."""
        now = self._now()
        for times, seconds in ((self._minute, A_MINUTE), (self._day, A_DAY)):
            while times and times[0] <= now - seconds:
                times.popleft()
        if len(self._minute) >= self.a_minute or len(self._day) >= MOST_A_DAY:
            raise Refused(429, "RESOURCE_EXHAUSTED", "RESOURCE_EXHAUSTED")
        self._minute.append(now)
        self._day.append(now)

    def _until_free(self) -> float:
        day_ends = self._day[0] + A_DAY if len(self._day) >= MOST_A_DAY else 0.0
        minute_ends = self._minute[0] + A_MINUTE if self._minute else 0.0
        return max(1.0, max(day_ends, minute_ends) - self._now())
