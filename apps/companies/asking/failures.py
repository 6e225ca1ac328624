"""How a service elsewhere fails."""

from enum import StrEnum

from apps.core.errors import BeaconError


class Failure(StrEnum):
    LIMITED = "limited"  # 429: too many at once, or the month's quota is used up
    REFUSED = "refused"  # 401, 403: the token isn't known, or not for this
    REJECTED = "rejected"  # other 3xx and 4xx: the address or the request is wrong
    UNREACHABLE = "unreachable"  # no connection, no answer in time, 5xx
    MALFORMED = "malformed"  # an answer that can't be read


class ProviderError(BeaconError):
    """A provider couldn't be asked. The text names no address and no token.

    `retry_after`: seconds that it wants to be left alone, None where it didn't say. `is_charged`: what was asked may
    count against the quota.
    """

    def __init__(self, failure: Failure, text: str, *, retry_after: float | None = None, is_charged: bool = False):
        super().__init__(text)
        self.failure = failure
        self.retry_after = retry_after
        self.is_charged = is_charged
