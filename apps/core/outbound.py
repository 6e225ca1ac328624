"""Where requests of ours may go: never to a private address, unless the operator allows it.

A name is looked up once, every address it has is judged, and the connection goes to one of those judged: a name that
answers differently the second time (DNS rebinding) is never asked a second time. Without Django, so that the program
that drives a browser can use it too.
"""

import ipaddress
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Lookup = Callable[[str], Sequence[str]]

# Addresses that carry another one inside: NAT64 (RFC 6052).
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
LOCAL_NAT64 = ipaddress.IPv6Network("64:ff9b:1::/48")  # RFC 8215: leads into one's own network
# Public by the registry, but answered by the machine's own cloud.
CLOUD = frozenset({"168.63.129.16", "100.100.100.200"})  # Azure's and Alibaba's hosts
# Not public, whatever Python's table says: 3.11's lacks both (RFC 3879; RFC 7600 and 7723 in 192.0.0.0/24).
NOT_PUBLIC = (ipaddress.IPv6Network("fec0::/10"), ipaddress.IPv4Network("192.0.0.0/24"))
LOCAL_NAMES = (".localhost", ".local", ".internal", ".home.arpa")


class PrivateAddress(OSError):
    """A name leads to an address that nobody on the internet has."""

    def __init__(self, host: str, address: str) -> None:
        super().__init__(f"{host} leads to the private address {address}")
        self.host = host
        self.address = address


class UnknownName(OSError):
    """A name has no address."""

    def __init__(self, host: str) -> None:
        super().__init__(f"{host} has no address")
        self.host = host


def system_lookup(host: str) -> list[str]:
    """Return the addresses of a name, as the system knows them. Blocks. Raises OSError."""
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def is_public(address: str) -> bool:
    """Return whether everybody on the internet means the same machine by this address.

    Not so: loopback, private (RFC 1918), link-local (with the clouds' metadata service), shared (CGNAT, RFC 6598),
    unique local, multicast, reserved and documentation ranges, and whatever carries one of these inside.
    """
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    inner = _carried(found)
    if inner is not None:
        return is_public(str(inner))
    if str(found) in CLOUD or any(found in network for network in NOT_PUBLIC):
        return False
    return found.is_global and not found.is_multicast and not found.is_reserved


def _carried(address: Address) -> ipaddress.IPv4Address | None:
    """Return the IPv4 address that an IPv6 one stands for; None where it stands for itself."""
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address.ipv4_mapped or address.sixtofour:
        return address.ipv4_mapped or address.sixtofour
    if address.teredo:
        return address.teredo[1]
    if address in LOCAL_NAT64:
        return ipaddress.IPv4Address("127.0.0.1")
    if address in NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return None


@dataclass(frozen=True)
class Guard:
    """Judges where a connection may go.

    `allows_private`: the operator's permission. `allowed`: host and port that may always be reached, because the
    operator's own settings name them (the tag's door). `pins`: names whose addresses are known already.
    """

    allows_private: bool = False
    allowed: frozenset[tuple[str, int]] = frozenset()
    pins: dict[str, str] = field(default_factory=dict)
    lookup: Lookup = system_lookup

    def addresses(self, host: str, port: int) -> list[str]:
        """Return the addresses to connect to, and no others, in order. Blocks while the name is looked up.

        One private address among several is enough to be refused: which one is meant is the other side's choice.
        Raises PrivateAddress, UnknownName.
        """
        name = host.strip("[]").rstrip(".").lower()
        found = self._found(name)
        if self.allows_private or (name, port) in self.allowed:
            return found
        for address in found:
            if not is_public(address) or name.endswith(LOCAL_NAMES):
                raise PrivateAddress(name, address)
        return found

    def _found(self, name: str) -> list[str]:
        if name in self.pins:
            return [self.pins[name]]
        if (address := literal(name)) is not None:
            return [address]
        try:
            found = list(self.lookup(name))
        except (OSError, UnicodeError):
            raise UnknownName(name) from None
        if not found:
            raise UnknownName(name)
        return found


def literal(name: str) -> str | None:
    """Return a name that is an address, also in the forms that systems understand besides: `127.1`, `0x7f000001`."""
    try:
        return str(ipaddress.ip_address(name.partition("%")[0]))
    except ValueError:
        pass
    last = name.rpartition(".")[2]
    if not last.isdigit() and not last.startswith("0x"):
        return None
    try:
        return socket.inet_ntoa(socket.inet_aton(name))
    except OSError:
        return None
