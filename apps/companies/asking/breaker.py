"""The circuit breaker: whether a service is asked at all, for all processes together, in "volatile".

Closed: asked. Open: left alone for a while, at once where it says so (429) or refuses the token, else after some
failures in a row; each time longer. After the while it is half open: one process asks for one thing, and what
becomes of that closes it or opens it again. Another token or another address of the service's is another breaker.
"""

import random
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import cast

from apps.core import clock
from apps.core.crypto import derived_key
from apps.core.hashing import keyed_hash
from apps.tracking import valkey

from .failures import Failure, ProviderError

FAILURES = 3  # in a row
PAUSE_MS = 30_000  # doubled each time it opens again
LONGEST_PAUSE_MS = 15 * 60_000
# Those two are as many times as long as it has opened without a success, a day at most.
LONGEST_REPEATED_MS = 24 * 3_600_000
# Without a Retry-After, for as long as a limit by the minute can last.
LIMITED_PAUSE_MS = 60_000
# A token gets better by somebody's doing only.
REFUSED_PAUSE_MS = 3_600_000
PROBE_MS = 25_000  # as long as a request may take
KEPT_MS = 2 * 24 * 3_600_000
JITTER_RATIO = 0.1

# Returns how it stands, and till when it is or was left alone, by which it is told which pause a request came after.
_ADMIT = """
local till = redis.call('HGET', KEYS[1], 'till') or '0'
if till == '0' then return {'closed', till} end
local now = tonumber(ARGV[1])
if now < tonumber(till) or now < tonumber(redis.call('HGET', KEYS[1], 'probe') or '0') then return {'open', till} end
redis.call('HSET', KEYS[1], 'probe', now + tonumber(ARGV[2]))
return {'half_open', till}
"""
# Returns the pause in ms where this failure has opened it. Failures of requests that were on their way when it opened
# don't make the pause longer, nor begin another one; but where they ask for one, which is no reason for a longer next.
_FAIL = """
local now, pause, most = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[4])
local till = tonumber(redis.call('HGET', KEYS[1], 'till') or '0')
local failures = redis.call('HINCRBY', KEYS[1], 'failures', 1)
redis.call('PEXPIRE', KEYS[1], ARGV[6])
if now < till and now + pause <= till then return 0 end
if till ~= 0 and pause == 0 and tonumber(ARGV[8]) ~= till then return 0 end
if pause == 0 and till == 0 and failures < tonumber(ARGV[5]) then return 0 end
local opened = tonumber(redis.call('HGET', KEYS[1], 'opened') or '0')
local is_late = till ~= 0 and tonumber(ARGV[8]) ~= till
if not is_late then opened = opened + 1 end
if pause == 0 then pause = math.min(tonumber(ARGV[3]) * 2 ^ math.min(opened - 1, 20), most)
elseif ARGV[9] ~= '0' then pause = math.min(pause * math.max(opened, 1), tonumber(ARGV[9])) end
if now < till and now + pause <= till then return 0 end
redis.call('HSET', KEYS[1], 'till', string.format('%.0f', now + pause), 'opened', opened, 'why', ARGV[7])
redis.call('HDEL', KEYS[1], 'probe')
return math.floor(pause)
"""
# A success that was on its way when it opened says nothing of the pause, however late it comes: that one ends by its
# probe alone.
_SUCCEED = """
if (redis.call('HGET', KEYS[1], 'till') or '0') == ARGV[1] then redis.call('DEL', KEYS[1]) end
"""


class State(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(frozen=True, slots=True)
class Seen:
    """The breaker as people see it. `till`: when it is tried again; None where it is closed."""

    state: State
    till: datetime | None = None
    why: str = ""


class Breaker:
    """One caller's, who asks for one thing after another. Raises RedisError where "volatile" is away."""

    def __init__(self, *, service: str, token: str, url: str) -> None:
        mark = keyed_hash(derived_key(f"{service} breaker"), url, token)[:4].hex()
        self._name = f"beacon:{service}:breaker:{mark}"
        self._admitted = "0"  # how it stood when it last let this caller in: the `till` of then

    def admit(self) -> State:
        """Return whether one may ask: CLOSED; HALF_OPEN: this caller alone, for one thing; OPEN: no."""
        answer = valkey.volatile().eval(_ADMIT, 1, self._name, str(clock.now_ms()), str(PROBE_MS))
        state, till = map(_word, cast("list[object]", answer))
        if state != State.OPEN:
            self._admitted = till
        return State(state)

    def succeed(self) -> None:
        """Note that what this caller was let in for succeeded: it closes, unless it has opened since."""
        valkey.volatile().eval(_SUCCEED, 1, self._name, self._admitted)

    def fail(self, error: ProviderError) -> float:
        """Note a failure; return for how many seconds it is left alone from now on, 0 where it isn't."""
        base = PAUSE_MS * random.uniform(1 - JITTER_RATIO, 1 + JITTER_RATIO)
        values = (clock.now_ms(), _pause_ms(error), round(base), LONGEST_PAUSE_MS, FAILURES, KEPT_MS)
        grows_to = 0 if error.retry_after else LONGEST_REPEATED_MS
        answer = valkey.volatile().eval(
            _FAIL, 1, self._name, *map(str, values), error.failure.value, self._admitted, str(grows_to)
        )
        return int(cast("int", answer)) / 1000

    def look(self) -> Seen:
        """Return how it stands, without asking to be let in."""
        held = cast("dict[bytes, bytes]", valkey.volatile().hgetall(self._name))
        till = int(_word(held.get(b"till", b"0")))
        if not till:
            return Seen(State.CLOSED)
        state = State.OPEN if clock.now_ms() < till else State.HALF_OPEN
        return Seen(state, clock.from_ms(till), _word(held.get(b"why", b"")))


def _pause_ms(error: ProviderError) -> int:
    """Return for how long one failure alone opens it; 0 where it takes several."""
    if error.retry_after:
        return round(1000 * error.retry_after)
    return {Failure.LIMITED: LIMITED_PAUSE_MS, Failure.REFUSED: REFUSED_PAUSE_MS}.get(error.failure, 0)


def _word(answer: object) -> str:
    return answer.decode() if isinstance(answer, bytes) else str(answer)
