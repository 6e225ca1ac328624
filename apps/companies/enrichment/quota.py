"""The day's budget of addresses that somebody else is asked for, shared by all processes, in "volatile".

Days are UTC's. Where that server loses its memory the day's count begins anew: at most a second budget is spent that
day.
"""

from typing import cast

from apps.core import clock
from apps.tracking import valkey

KEPT_SECONDS = 3 * 24 * 3600

_TAKE = """
local spent = tonumber(redis.call('GET', KEYS[1]) or '0')
local granted = math.max(0, math.min(tonumber(ARGV[1]), tonumber(ARGV[2]) - spent))
if granted > 0 then
  redis.call('INCRBY', KEYS[1], granted)
  redis.call('EXPIRE', KEYS[1], ARGV[3])
end
return granted
"""


class Quota:
    """`budget`: addresses a day; 0 is none, so that nothing is asked. `of`: each has a count of its own.

    Raises RedisError.
    """

    def __init__(self, budget: int, *, of: str = "spent") -> None:
        self.budget = budget
        self._of = of

    def take(self, wanted: int) -> int:
        """Take of the day's budget; return how many of `wanted` it still holds."""
        answer = valkey.volatile().eval(_TAKE, 1, self._name(), str(wanted), str(self.budget), str(KEPT_SECONDS))
        return int(cast("int", answer))

    def give_back(self, count: int) -> None:
        """Give back what was taken and certainly not asked for."""
        if count:
            valkey.volatile().decrby(self._name(), count)

    def spent(self) -> int:
        return int(valkey.get_bytes(self._name()) or 0)

    def _name(self) -> str:
        return f"beacon:enrichment:{self._of}:{clock.today():%Y-%m-%d}"
