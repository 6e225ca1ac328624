"""What a site doesn't count by what is never stored: addresses and ranges, and parts of raw user agents.

Addresses are the agency's own and sealed wherever they lie: in a site's row as bytes, in its public route the same as
base64 text. The door opens and compares them.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_network

from apps.core.crypto import seal, unseal

PURPOSE = "ignored-addresses"
MOST = 100
# Shorter than this a part is in nearly every user agent.
SHORTEST_PART, LONGEST_PART = 4, 200

Network = IPv4Network | IPv6Network


def networks_parse(text: str) -> list[Network]:
    """Return the addresses and ranges in `text`, one a line or after commas, sorted, none twice. Raises ValueError."""
    words = text.replace(",", " ").split()
    if len(words) > MOST:
        raise ValueError(f"{MOST} addresses and ranges at most")
    found: set[Network] = set()
    for word in words:
        try:
            found.add(ip_network(word, strict=False))
        except ValueError:
            raise ValueError(f"{word} is neither an address nor a range such as 192.0.2.0/24") from None
    return sorted(found, key=lambda network: (network.version, network))


def agents_parse(text: str) -> list[str]:
    """Return the parts of user agents in `text`, one a line, in lower case, none twice. Raises ValueError."""
    parts = list(dict.fromkeys(part for line in text.splitlines() if (part := " ".join(line.lower().split()))))
    if len(parts) > MOST:
        raise ValueError(f"{MOST} parts of user agents at most")
    for part in parts:
        if not SHORTEST_PART <= len(part) <= LONGEST_PART:
            raise ValueError(f"“{part[:LONGEST_PART]}” must have {SHORTEST_PART} to {LONGEST_PART} letters")
    return parts


def networks_seal(networks: Iterable[Network]) -> bytes | None:
    """Return the sealed form for a site's row; None for no networks."""
    texts = [str(network) for network in networks]
    return seal(PURPOSE, json.dumps(texts).encode(), PURPOSE.encode()) if texts else None


def networks_open(sealed: bytes | memoryview | None) -> list[Network]:
    """Return what `networks_seal` sealed. Raises SealBroken where the key has changed."""
    if not sealed:
        return []
    texts = json.loads(unseal(PURPOSE, sealed, PURPOSE.encode()))
    return [ip_network(text) for text in texts]


def to_text(sealed: bytes | memoryview | None) -> str:
    """Return sealed bytes as a route's JSON holds them; empty for none."""
    return b64encode(bytes(sealed)).decode() if sealed else ""


def from_text(text: str) -> bytes | None:
    return b64decode(text) if text else None
