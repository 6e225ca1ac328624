"""The one place that decides which address a request came from. What it returns is clear text and stays in `tracking`.

The socket's peer, unless that is one of BEACON_TRUSTED_PROXIES: then `X-Forwarded-For` (or, without it, `Forwarded`)
is read from the right, past our own proxies, to the first address that none of ours wrote. Whoever reaches us directly
can write what they like into those headers. A proxy that speaks `Forwarded` must drop a client's `X-Forwarded-For`.
"""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

CACHED = 8192
FORWARDED_FOR = re.compile(r'(?:^|[;,])\s*for\s*=\s*("[^"]*"|[^;,\s]*)', re.I)
V4_WITH_PORT = re.compile(r"^([\d.]+):\d+$")
BRACKETED = re.compile(r"^\[([^\]]*)\](?::\d+)?$")


def parse_address(text: str) -> Address | None:
    """Return the address in `text` without port and brackets and mapping; None where there is none."""
    text = text.strip().strip('"')
    wrapped = BRACKETED.match(text) or V4_WITH_PORT.match(text)
    try:
        address = ip_address((wrapped[1] if wrapped else text).partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        return address.ipv4_mapped
    return address


def clean_address(text: str) -> str:
    """Return `text`'s address in its one form; empty where it isn't one."""
    address = parse_address(text)
    return "" if address is None else str(address)


@lru_cache(maxsize=CACHED)
def client_address(peer: str, x_forwarded_for: str, forwarded: str, trusted: Sequence[Network]) -> str:
    """Return the client's address in its one form; empty where even the peer has none (a socket file).

    `x_forwarded_for` and `forwarded` are all headers of that name, joined by commas. `trusted` must be hashable.
    """
    nearest = parse_address(peer)
    if nearest is None:
        return ""
    if not lies_in(nearest, trusted):
        return str(nearest)
    for hop in reversed(_hops(x_forwarded_for, forwarded)):
        address = parse_address(hop)
        if address is None:  # "unknown", "_hidden", rubbish: nothing left of it can be believed
            break
        nearest = address
        if not lies_in(address, trusted):
            break
    return str(nearest)


def lies_in(address: Address, networks: Iterable[Network]) -> bool:
    return any(address.version == network.version and address in network for network in networks)


def _hops(x_forwarded_for: str, forwarded: str) -> list[str]:
    if x_forwarded_for.strip():
        return x_forwarded_for.split(",")
    return [found[1] for found in FORWARDED_FOR.finditer(forwarded)]
