"""The stand-in itself: addresses, what was counted, and why the rest wasn't."""

import json
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from typing import Any

from apps.demo.standing_in.frame import Ask, Reply

from .requests import is_clamped, request_check
from .violations import Violation, invalid
from .world import Stream

PORT = 9101
AN_HOUR = 3600.0
MOST_AN_HOUR = 100_000_000
MOST_SEEN = 100
MOST_REASONS = 1_000


class GA4StandIn:
    """`taken` counts what Google Analytics would count: purchases by their order's number, of which it drops what comes
    again, all else by name, client and moment, of which it counts each. `dropped`: reasons with their numbers; of these
    the sender is told nothing. `seen`: the last events counted, with their request's fields. `now`: seconds since 1970.
    """

    name = "Google Analytics 4 (Measurement Protocol)"

    def __init__(
        self, stream: Stream | None = None, *, an_hour: int = MOST_AN_HOUR, now: Callable[[], float] = time.time
    ) -> None:
        self.taken: dict[str, int] = {}
        self.dropped: dict[str, int] = Counter()
        self.seen: deque[dict[str, Any]] = deque(maxlen=MOST_SEEN)
        self.stream = stream or Stream()
        self.an_hour = an_hour
        self._now = now
        self._hour = (0.0, 0)

    def answer(self, ask: Ask) -> Reply:
        """Contract, "Endpoints": two addresses, by POST."""
        if ask.path not in ("/mp/collect", "/debug/mp/collect"):
            return Reply(404, "not found")
        if ask.method != "POST":
            return Reply(405, "post it")
        return self._collect(ask) if ask.path == "/mp/collect" else self._validate(ask)

    def _validate(self, ask: Ask) -> Reply:
        """Contract, "Responses and validation": what is wrong with it; looks at no secret, keeps nothing."""
        _, found = self._read(ask)
        return Reply(200, {"validationMessages": [violation.told() for violation in found]})

    def _collect(self, ask: Ask) -> Reply:
        """Contract, "Responses and validation": 2xx whatever arrives, without a word."""
        body, found = self._read(ask)
        if reason := self._stranger(ask):
            self._drop(reason)
        elif of_request := [violation for violation in found if violation.event is None]:
            self._drop(*of_request)
        elif not self._is_within_quota():
            self._drop("quota: 100 million an hour")
        elif isinstance(body, dict):
            self._take(body, found)
        return Reply(204)

    def _stranger(self, ask: Ask) -> str:
        """Contract, "Endpoints": `measurement_id` and `api_secret` in the query, the secret of this very stream."""
        if ask.query.get("measurement_id") != self.stream.measurement_id:
            return "measurement_id: no such web stream"
        return "" if ask.query.get("api_secret") == self.stream.api_secret else "api_secret: not this stream's"

    def _read(self, ask: Ask) -> tuple[Any, list[Violation]]:
        """Contract, "Endpoints": JSON, and said to be. "Responses and validation": NAME_DUPLICATED."""
        if not ask.headers.get("content-type", "").startswith("application/json"):
            return None, [invalid("", "Not said to be JSON.")]
        doubled: list[Violation] = []

        def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
            names = Counter(name for name, _ in pairs)
            doubled.extend(
                Violation(name, "NAME_DUPLICATED", f"Name [{name}] is there twice.")
                for name, number in names.items()
                if number > 1
            )
            return dict(pairs)

        try:
            body = json.loads(ask.body, object_pairs_hook=once)
        except (ValueError, RecursionError):
            return None, [invalid("", "Not JSON.")]
        return body, doubled + request_check(body, self.stream, size=len(ask.body), now=self._now())

    def _take(self, body: Mapping[str, Any], found: list[Violation]) -> None:
        """Count a request's events but those that are wrong, each of which is dropped by itself."""
        now = self._now()
        is_old = is_clamped(body, now)
        shared = {name: value for name, value in body.items() if name != "events"}
        for index, event in enumerate(body["events"]):
            if wrong := [violation for violation in found if violation.event == index]:
                self._drop(*wrong)
            else:
                key = _key(event, body, now)
                self.taken[key] = self.taken.get(key, 0) + 1
                self.seen.append({**shared, "event": event, "is_clamped": is_old})

    def _is_within_quota(self) -> bool:
        """Contract, "Limits", rate: requests above it in an hour are dropped in silence; not of GA360."""
        now = self._now()
        since, number = self._hour
        self._hour = (now, 1) if now >= since + AN_HOUR else (since, number + 1)
        return self.stream.is_360 or self._hour[1] <= self.an_hour

    def _drop(self, *reasons: Violation | str) -> None:
        for reason in reasons:
            told = reason if isinstance(reason, str) else f"{reason.path or 'body'}: {reason.code}"
            if told in self.dropped or len(self.dropped) < MOST_REASONS:
                self.dropped[told] += 1


def _key(event: Mapping[str, Any], body: Mapping[str, Any], now: float) -> str:
    """Contract, "Events worth mapping": of purchases the order's number tells what comes again; of all else nothing."""
    if event["name"] == "purchase":
        return f"purchase:{event['params']['transaction_id']}"
    return f"{event['name']}:{body['client_id']}:{body.get('timestamp_micros', round(now * 1e6))}"
