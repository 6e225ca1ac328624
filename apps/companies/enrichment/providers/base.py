"""What every provider gives."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Protocol

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
