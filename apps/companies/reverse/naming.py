"""Which organisation a host's name tells. Pure, but for the local tables.

`mail.kestrel.example` is Kestrel's. Names that a provider makes for its customers (`dyn-203-0-113-9.isp.example`) are
nobody's, and so is any name under the domain of somebody who sells access or machines.
"""

import ipaddress
import re
from itertools import pairwise

from apps.networks.domains import a_labels, is_anybodys, owner_of_domain, registrable_domain
from apps.networks.kinds import OWN_NETWORKS, NetworkKind

# Who sells access names lines, not people; what is behind hiding networks is anybody's.
ASKED_KINDS = OWN_NETWORKS | {NetworkKind.UNKNOWN.value}

# Words by which providers name their customers' lines, parted by anything but letters.
LINE_WORDS = re.compile(
    r"(?<![a-z])(?:dyn(?:amic)?(?:ip)?|dip|pool|pools|dhcp|[avsx]?dsl|ppp(?:oe)?|dial(?:up|in)?|cable|catv|modem|hfc|ftth|fttx"
    r"|fib(?:er|re)|gpon|broadband|bb|cust(?:omers?)?|client|clients|subscribers?|user|users|home|resid(?:ential)?|static(?:ip)?"
    r"|stat|fixed|ip|ipv[46]|rev(?:erse)?|rdns|host|hosted|unassigned|unused|unknown|lte|umts|gprs|[345]g|mobile|wireless"
    r"|wi-?fi|wlan|nat|cgn(?:at)?|vps|vm|cloud|server|dedi(?:cated)?|colo|tor|exit|proxy|vpn|relay|node|crawl(?:er)?|bot"
    r"|spider|scan(?:ner)?)(?![a-z])",
    re.I,
)
NUMBERS = re.compile(r"\d+")
HEX = re.compile(r"[0-9a-f]{6,}", re.I)
# So many of an address' four numbers in a name say that a machine made it.
OCTETS_TOLD = 2


def domain_told(host: str, ip: str) -> str:
    """Return the registrable domain of the organisation that a host's name tells; empty where it tells none."""
    name = a_labels(host)
    domain = registrable_domain(name)
    if not domain or is_anybodys(domain):
        return ""
    own_part = name.removesuffix(domain).rstrip(".")
    if LINE_WORDS.search(own_part) or _holds_address(own_part, ip):
        return ""
    owner = owner_of_domain(domain)
    return domain if owner.kind in OWN_NETWORKS and not owner.is_doubtful else ""


def may_tell(domain: str, *, kind: str, network_domain: str, is_hidden: bool) -> bool:
    """Return whether a host's name tells whose a visit is, by what is known of its network now.

    It was asked for by what was known then. Under an unknown network's own domain it only says whose that is, where
    nobody knows whether he sells it to others.
    """
    return kind in ASKED_KINDS and not is_hidden and (kind != NetworkKind.UNKNOWN or domain != network_domain)


def _holds_address(own_part: str, ip: str) -> bool:
    """Return whether a name is made of the address: its numbers, in either order, or its digits."""
    address = ipaddress.ip_address(ip)
    if isinstance(address, ipaddress.IPv6Address):
        digits = address.exploded.replace(":", "")
        return any(run.lower() in digits or run.lower() in digits[::-1] for run in HEX.findall(own_part))
    octets = [str(octet) for octet in address.packed]
    # Filled up with zeros too: 203-000-113-009.
    told = [number.lstrip("0") or "0" for number in NUMBERS.findall(own_part)]
    pairs = {*pairwise(octets), *pairwise(octets[::-1])}
    if any(pair in pairs for pair in pairwise(told)):
        return True
    packed = {address.packed.hex(), "".join(f"{octet:03d}" for octet in address.packed)}
    return any(run in own_part.lower() for run in packed) or sum(number in octets for number in told) > OCTETS_TOLD
