"""The one place that decides which address a request came from. What it returns is clear text and stays in `tracking`.

The socket's peer, unless that is one of BEACON_TRUSTED_PROXIES: then `X-Forwarded-For` (or, without it, `Forwarded`)
is read from the right, past our own proxies, to the first address that none of ours wrote. Whoever reaches us directly
can write what they like into those headers. BEACON_CLIENT_ADDRESS_HEADER names the one header to read instead; no
other is looked at then.
"""

import re
from collections.abc import Iterable
from functools import cache, lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from django.conf import settings

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

CACHED = 8192
X_FORWARDED_FOR, FORWARDED = "X-Forwarded-For", "Forwarded"
FORWARDED_FOR = re.compile(r'(?:^|[;,])\s*for\s*=\s*("[^"]*"|[^;,\s]*)', re.I)
V4_WITH_PORT = re.compile(r"^([\d.]+):\d+$")
BRACKETED = re.compile(r"^\[([^\]]*)\](?::\d+)?$")
# Nobody has more proxies in a row; what stands further left is a sender's own.
MOST_HOPS = 16
MOST_TEXT = 1024
# Whoever has one IPv6 address has the 2^64 beside it.
LIMITED_PREFIX = 64


class Trust:
    """Whose word on a client's address counts. `header`: the only one to read; empty: X-Forwarded-For or Forwarded.

    Compared by identity, so that it is cheap as part of a cache's key.
    """

    def __init__(self, networks: Iterable[Network] = (), *, header: str = "", has_sockets: bool = False) -> None:
        self.networks = tuple(networks)
        self.header = header
        self.has_sockets = has_sockets


@cache
def trust() -> Trust:
    """Return the installation's settings."""
    return Trust(
        settings.BEACON_TRUSTED_PROXIES,
        header=settings.BEACON_CLIENT_ADDRESS_HEADER,
        has_sockets=settings.BEACON_TRUSTS_SOCKETS,
    )


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
def limited_as(address: str) -> str:
    """Return under which name an address' requests are limited: an IPv6 one by its /64."""
    if ":" not in address:
        return address
    return str(ip_network((address, LIMITED_PREFIX), strict=False))


def client_address(peer: str, x_forwarded_for: str, forwarded: str, given: str, trust: Trust) -> str:
    """Return the client's address in its one form; empty where even the peer has none (a socket file).

    `x_forwarded_for` and `forwarded` are all headers of that name, joined by commas; `given` is `trust`'s own header.
    """
    if not is_trusted(peer, trust):
        return _clean_peer(peer)
    return _told(peer, _last(x_forwarded_for), _last(forwarded), given[:MOST_TEXT], trust)


@lru_cache(maxsize=CACHED)
def is_trusted(peer: str, trust: Trust) -> bool:
    """Return whether a peer is one of our proxies. Cached by itself: what others write into headers is no key."""
    address = parse_address(peer)
    if address is None:
        return trust.has_sockets and not peer
    return lies_in(address, trust.networks)


_clean_peer = lru_cache(maxsize=CACHED)(clean_address)


@lru_cache(maxsize=CACHED)
def _told(peer: str, x_forwarded_for: str, forwarded: str, given: str, trust: Trust) -> str:
    nearest = parse_address(peer)
    for hop in reversed(_hops(x_forwarded_for, forwarded, given, trust.header)[-MOST_HOPS:]):
        address = parse_address(hop)
        if address is None:  # "unknown", "_hidden", rubbish: nothing left of it can be believed
            break
        nearest = address
        if not lies_in(address, trust.networks):
            break
    return "" if nearest is None else str(nearest)


def forget() -> None:
    """Drop what is kept of addresses: they are clear text, and what is kept for speed needs no long memory."""
    for kept in (limited_as, is_trusted, _clean_peer, _told):
        kept.cache_clear()


def lies_in(address: Address, networks: Iterable[Network]) -> bool:
    return any(address.version == network.version and address in network for network in networks)


def _hops(x_forwarded_for: str, forwarded: str, given: str, header: str) -> list[str]:
    if header not in ("", X_FORWARDED_FOR, FORWARDED):
        return [given]  # sent twice it is joined by a comma, and no address
    if header != FORWARDED and (header or x_forwarded_for.strip()):
        return x_forwarded_for.split(",")
    return [found[1] for found in FORWARDED_FOR.finditer(forwarded)]


def _last(text: str) -> str:
    """Return the end of a list that is longer than any of ours, from a comma on."""
    return text if len(text) <= MOST_TEXT else text[-MOST_TEXT:].partition(",")[2]
