"""The day's budget of what a service is asked for, shared by all processes, in "volatile". Days are UTC's.

Where that server loses its memory the day's count begins anew: at most a second budget is spent that day.
"""

from typing import cast

from apps.core import clock
from apps.tracking import valkey

KEPT_SECONDS = 3 * 24 * 3600

# Never below nothing, and no day's count that is gone comes back without an end.
_GIVE_BACK = """
local spent = tonumber(redis.call('GET', KEYS[1]) or '0')
local count = math.min(tonumber(ARGV[1]), spent)
if count > 0 then redis.call('DECRBY', KEYS[1], count) end
"""
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
    """`budget`: addresses or companies a day; 0 is none, so that nothing is asked. Raises RedisError."""

    def __init__(self, budget: int, *, service: str) -> None:
        self.budget = budget
        self._service = service
        self._taken_of = ""  # the day's count that was last taken of: it may end before something is given back

    def take(self, wanted: int) -> int:
        """Take of the day's budget; return how many of `wanted` it still holds."""
        self._taken_of = self._name()
        answer = valkey.volatile().eval(_TAKE, 1, self._taken_of, str(wanted), str(self.budget), str(KEPT_SECONDS))
        return int(cast("int", answer))

    def give_back(self, count: int) -> None:
        """Give back what was taken last and certainly not asked for, to the day of which it was taken."""
        if count:
            valkey.volatile().eval(_GIVE_BACK, 1, self._taken_of or self._name(), str(count))

    def spent(self) -> int:
        return int(valkey.get_bytes(self._name()) or 0)

    def _name(self) -> str:
        return f"beacon:{self._service}:spent:{clock.today():%Y-%m-%d}"
