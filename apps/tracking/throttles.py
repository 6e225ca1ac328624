"""Token buckets a client address and a site (IN4), without asking another server for an ordinary request.

Each process has its own bucket of every key, refilled at the full rate. Keys that take more than a fair bit of it are
settled with a shared bucket in "volatile" some times a second, all in one round trip; one that takes a lot between two
rounds is settled before it may take more. What is being settled counts as unsettled until the answer is there, and
nothing is charged twice: a process settles one round after the other. So several processes together keep to the rate,
and what can slip through is bounded: `processes x rate x MOST_UNSETTLED_RATIO` requests, however fast they come. A
shared name holds no address but a hash under the hour's sealing key. With "volatile" away the own buckets go on alone,
or, with BEACON_LIMITS_CLOSED, the door closes.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from functools import partial
from time import monotonic
from typing import Any

from redis.exceptions import RedisError

from apps.core import clock
from apps.core.hashing import keyed_hash

from . import sealing, valkey
from .loading import NotLoaded

logger = logging.getLogger(__name__)

SYNC_SECONDS = 0.25
# A key that took less than this share of its second isn't worth a shared bucket.
UNSETTLED_RATIO = 0.1
# So much of its second a key may take at most that the other processes don't know of.
MOST_UNSETTLED_RATIO = 0.25
BURST_SECONDS = 2.0
MOST = 100_000
ROUNDING = 1e-9

# Take what was used from the shared bucket and return what is left (below zero: debt), by the server's own clock.
SETTLE = """
local rate, burst, used = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local kept = redis.call('HMGET', KEYS[1], 'left', 'at')
local left = math.min(burst, (tonumber(kept[1]) or burst) + (now - (tonumber(kept[2]) or now)) * rate) - used
left = math.max(left, -burst)
redis.call('HSET', KEYS[1], 'left', left, 'at', now)
redis.call('EXPIRE', KEYS[1], math.ceil(2 * burst / rate) + 1)
return tostring(left)
"""


class Bucket:
    """`taken` is counted by who takes alone, `settled` (how much of it is charged) by who settles: neither waits."""

    __slots__ = ("at", "burst", "left", "rate", "settled", "taken")

    def __init__(self, rate: int, at: float) -> None:
        self.rate = rate
        self.burst = self.left = rate * BURST_SECONDS
        self.at = at
        self.taken = self.settled = 0

    @property
    def unsettled(self) -> int:
        return self.taken - self.settled

    def change(self, rate: int) -> None:
        """Go on at another rate, as full as before by share."""
        self.left *= rate / self.rate
        self.rate, self.burst = rate, rate * BURST_SECONDS


class Throttle:
    """Buckets of one kind: `rate` requests a second unless a key has its own, `BURST_SECONDS` of them at once.

    `settle_now`: settles one key with the other processes; without it, and while not `is_shared`, it is alone.
    """

    def __init__(self, kind: str, rate: int, settle_now: Callable[[str], None] | None = None) -> None:
        self.kind = kind
        self.rate = rate
        self.is_shared = settle_now is not None
        self._settle_now = settle_now
        self._buckets: dict[str, Bucket] = {}
        self._heavy: set[str] = set()
        self._lock = threading.Lock()
        # Held by who settles, through the round trip; who takes never needs it.
        self._settling = threading.Lock()

    def take(self, key: str, *, rate: int = 0, now: float | None = None) -> float:
        """Take one request out of the key's bucket; return 0, or in how many seconds there will be one.

        Raises NotLoaded where the others must be asked first.
        """
        now = monotonic() if now is None else now
        rate = rate or self.rate
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._add(key, rate, now)
        else:
            if bucket.rate != rate:
                bucket.change(rate)
            bucket.left = min(bucket.burst, bucket.left + (now - bucket.at) * rate)
            bucket.at = now
        if bucket.left < 1 - ROUNDING:
            return (1 - bucket.left) / rate
        unsettled = bucket.taken - bucket.settled
        if unsettled >= rate * MOST_UNSETTLED_RATIO and unsettled and self.is_shared:
            raise NotLoaded(partial(self.ask, key), f"limit {self.kind} {key}")
        bucket.left -= 1
        bucket.taken += 1
        if unsettled + 1 > rate * UNSETTLED_RATIO:
            self._heavy.add(key)
        return 0.0

    def has_heavy(self) -> bool:
        return bool(self._heavy)

    def ask(self, key: str) -> None:
        """Settle one key now, unless that was done meanwhile."""
        bucket = self._buckets.get(key)
        if self._settle_now is not None and bucket is not None and bucket.unsettled:
            self._settle_now(key)

    def sync(self) -> None:
        """Settle the heavy keys with the shared buckets. Raises RedisError and NotLoaded."""
        self.settle(list(self._heavy))

    def settle(self, keys: Sequence[str]) -> None:
        """Settle keys with the shared buckets, in one round trip. Raises RedisError and NotLoaded."""
        with self._settling:
            claims = self._claims(keys)
            if not claims:
                return
            pipeline = valkey.volatile().pipeline(transaction=False)
            for key, bucket, count in claims:
                pipeline.eval(SETTLE, 1, self._name(key), bucket.rate, bucket.burst, count)
            answers: list[Any] = pipeline.execute()
            for (key, bucket, count), left in zip(claims, answers, strict=True):
                bucket.settled += count
                bucket.left = min(bucket.left, float(left) - bucket.unsettled)
                self._calm(key, bucket)

    def tidy(self, *, now: float | None = None) -> None:
        """Forget the buckets that are full again and start the counting of the others anew."""
        now = monotonic() if now is None else now
        for key, bucket in list(self._buckets.items()):
            if bucket.left + (now - bucket.at) * bucket.rate >= bucket.burst:
                self._buckets.pop(key, None)
            elif key not in self._heavy:
                bucket.settled = bucket.taken

    def _claims(self, keys: Sequence[str]) -> list[tuple[str, Bucket, int]]:
        """Return each key that has something to settle, with its bucket and how much it is now."""
        claims: list[tuple[str, Bucket, int]] = []
        for key in keys:
            bucket = self._buckets.get(key)
            if bucket is None:  # full again while the server was away, or pushed out by others
                self._heavy.discard(key)
            elif count := bucket.unsettled:
                claims.append((key, bucket, count))
            else:  # somebody else settled it meanwhile
                self._heavy.discard(key)
        return claims

    def _calm(self, key: str, bucket: Bucket) -> None:
        """Call a key that was settled heavy no longer, unless it took as much again during the round trip."""
        if bucket.unsettled <= bucket.rate * UNSETTLED_RATIO:
            self._heavy.discard(key)

    def _add(self, key: str, rate: int, now: float) -> Bucket:
        with self._lock:
            if len(self._buckets) >= MOST:
                # Thousands of addresses at once: the oldest entries are the likeliest to be full again.
                for old in list(self._buckets)[: MOST // 10]:
                    self._buckets.pop(old, None)
                    self._heavy.discard(old)
            return self._buckets.setdefault(key, Bucket(rate, now))

    def _name(self, key: str) -> str:
        digest = keyed_hash(sealing.passing_key("limits", sealing.hour_of(clock.now_ms())), self.kind, key)
        return f"beacon:limit:{{{self.kind}{digest[:12].hex()}}}"


class Limits:
    """The two throttles of a process and whether they may be trusted now."""

    def __init__(self, *, rate_per_ip: int, rate_per_site: int, is_open_alone: bool) -> None:
        self.per_ip = Throttle("ip", rate_per_ip, lambda key: self._settle(self.per_ip, key))
        self.per_site = Throttle("site", rate_per_site, lambda key: self._settle(self.per_site, key))
        self._is_open_alone = is_open_alone

    @property
    def is_closed(self) -> bool:
        return not self.per_ip.is_shared and not self._is_open_alone

    def sync(self) -> None:
        """Settle with "volatile" what needs it. Never raises for a server that is away."""
        try:
            if not self.per_ip.is_shared or not self._is_open_alone:
                valkey.volatile().ping()
                self._go(is_shared=True)
            for throttle in (self.per_ip, self.per_site):
                if throttle.has_heavy():
                    throttle.sync()
        except NotLoaded as missing:
            missing.load()  # the hour's key, under which names are hashed; the next round settles
        except RedisError as error:
            self._lost(error)

    def _settle(self, throttle: Throttle, key: str) -> None:
        try:
            try:
                throttle.settle([key])
            except NotLoaded as missing:
                missing.load()
                throttle.settle([key])
        except RedisError as error:
            self._lost(error)

    def _lost(self, error: RedisError) -> None:
        if self.per_ip.is_shared:
            logger.warning("The shared limits can't be reached: %s", type(error).__name__)
        self._go(is_shared=False)

    def _go(self, *, is_shared: bool) -> None:
        self.per_ip.is_shared = self.per_site.is_shared = is_shared

    def tidy(self) -> None:
        self.per_ip.tidy()
        self.per_site.tidy()
