"""What every provider gives and how it fails."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from apps.core.errors import BeaconError
from apps.networks.lookup import Network


class Source(StrEnum):
    LOCAL = "local"
    IPINFO = "IPinfo"


class NetworkAnswer(Network, frozen=True, kw_only=True):
    """What a provider knows of an address; as a Network, and who says so. Holds no address."""

    source: Source
    resolved_at: datetime
    carrier: str = ""  # whose telephones' network it is
    # The organisation is said of the address' own range, not of the network (AS) that carries it.
    is_of_range: bool = False


class Provider(Protocol):
    source: Source

    def ask(self, ips: Sequence[str]) -> Mapping[str, NetworkAnswer]:
        """Return what is known by address; those of which nothing is known are left out. Raises ProviderError."""
        ...


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
