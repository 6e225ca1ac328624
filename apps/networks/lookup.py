"""What an address is: place, network, organisation and its kind, from the local databases alone.

Nothing here remembers an address: what is cached is cached by network. A database that isn't there leaves its fields
empty and says so in `ground`; no address, however wrong, raises.
"""

import re
import socket
from bisect import bisect_right
from functools import lru_cache
from typing import cast

import maxminddb
import msgspec

from . import databases, operator
from .countries import continent_of
from .kinds import Classified, NetworkKind, classify, known_name
from .reputation import reputation

__all__ = ["Network", "NetworkKind", "Owner", "display_name", "lookup", "owner_of"]

NO_ADDRESS = "not an address"
PRIVATE = "a private or reserved address"
NO_DATABASE = "the network database isn't installed"
NOT_ASSIGNED = "no network announces the address"

CACHED_NETWORKS = 16384

# Networks whose exits carry people as a rule (private relays, company gateways), whoever runs them.
CARRIERS_OF_PEOPLE = {"cloudflare.com", "fastly.com", "akamai.com", "apple.com"}
# Carriers in registered names; many sell lines at home over the same network, and only the operator's own database
# tells those apart. "Wireless" isn't among them: hundreds of small firms reach farms by it.
MOBILE_WORDS = re.compile(
    r"(?<!auto)mobil|cellular|cellco\b|celular|m[oó]vil|\bgsm\b|\blte\b|\b[345]g\b",
    re.I,
)

# (first, last) of IPv4 that belong to nobody on the internet; IANA's special-purpose registry, without what is globally
# reachable.
_RESERVED4 = [
    (0x00000000, 0x00FFFFFF), (0x0A000000, 0x0AFFFFFF), (0x64400000, 0x647FFFFF), (0x7F000000, 0x7FFFFFFF),
    (0xA9FE0000, 0xA9FEFFFF), (0xAC100000, 0xAC1FFFFF), (0xC0000000, 0xC00000FF), (0xC0000200, 0xC00002FF),
    (0xC0A80000, 0xC0A8FFFF), (0xC6120000, 0xC613FFFF), (0xC6336400, 0xC63364FF), (0xCB007100, 0xCB0071FF),
    (0xE0000000, 0xFFFFFFFF),
]  # fmt: skip
_RESERVED4_FIRST = [first for first, _ in _RESERVED4]
_MAPPED4 = b"\x00" * 10 + b"\xff\xff"
_GLOBAL6_FIRST, _GLOBAL6_LAST = 0x20, 0x3F  # 2000::/3, by the first byte
_DOCUMENTATION6 = b"\x20\x01\x0d\xb8"
_PARENTHESIS = re.compile(r"\s*\(.*?\)")


class Network(msgspec.Struct, frozen=True, kw_only=True):
    """What the local databases know of an address. Empty texts, None and `unknown` mean "not known"."""

    continent: str = ""  # code: EU, NA, ...
    country: str = ""  # ISO 3166-1 alpha-2
    region: str = ""
    city: str = ""
    postal: str = ""  # by the operator's own city database alone
    latitude: float | None = None
    longitude: float | None = None
    asn: int | None = None
    network_name: str = ""  # as registered
    organisation: str = ""  # for display
    domain: str = ""
    kind: NetworkKind = NetworkKind.UNKNOWN
    ground: str = ""  # what the kind was told by, or why it isn't known
    is_vpn: bool = False
    is_proxy: bool = False
    is_tor: bool = False
    is_hosting: bool = False
    is_mobile: bool = False  # a carrier's network for telephones
    carries_people: bool = False


def lookup(ip: str) -> Network:
    """Return what is known of an address. Some microseconds; no network, no queries, never raises."""
    parsed = _parsed(ip)
    if parsed is None:
        return Network(ground=NO_ADDRESS)
    address, packed = parsed
    is_ipv6 = len(packed) == 16
    if _is_reserved(packed):
        return Network(ground=PRIVATE)
    record = _record(databases.NETWORK, address)
    place = _place(address, is_ipv6=is_ipv6)
    country = _text(place, "country_code") or _text(record, "country_code")
    lists = reputation()
    number = int.from_bytes(packed, "big")
    line = operator.line_of(_record(databases.OPERATOR_ISP, address))
    owner = _owner(
        _text(record, "asn") or ("" if line.asn is None else f"AS{line.asn}"),
        _text(record, "as_name") or line.provider,
        _text(record, "as_domain").lower(),
        databases.generation(),
    )
    hidden = _record(databases.OPERATOR_ANONYMOUS, address)
    is_tor = lists.tor.has(number, is_ipv6=is_ipv6) or operator.is_any(hidden, "is_tor_exit_node")
    is_listed_vpn = owner.is_vpn or lists.vpn.has(number, is_ipv6=is_ipv6)
    is_vpn = not is_tor and (is_listed_vpn or operator.is_any(hidden, "is_anonymous_vpn"))
    is_proxy = owner.kind is NetworkKind.PROXY or operator.is_any(hidden, "is_public_proxy", "is_residential_proxy")
    kind, ground = owner.kind, owner.ground
    if is_tor:
        kind, ground = NetworkKind.TOR, "list of Tor exits"
    elif is_vpn:
        kind, ground = NetworkKind.VPN, "list of VPN networks"
    return Network(
        continent=continent_of(country) or _text(record, "continent_code"),
        country=country,
        region=_text(place, "state1"),
        city=_text(place, "city"),
        postal=_text(place, "postal"),
        latitude=_degrees(place, "latitude"),
        longitude=_degrees(place, "longitude"),
        asn=owner.asn,
        network_name=line.tenant or owner.network_name,
        organisation=owner.organisation,
        domain=owner.domain,
        kind=kind,
        ground=ground,
        is_vpn=is_vpn,
        is_proxy=is_proxy,
        is_tor=is_tor,
        is_hosting=owner.is_hosting or operator.is_any(hidden, "is_hosting_provider"),
        is_mobile=owner.is_mobile
        or line.is_mobile
        or operator.is_cellular(_record(databases.OPERATOR_CONNECTION, address)),
        carries_people=is_vpn or is_tor or is_proxy or owner.carries_people,
    )


class Owner(msgspec.Struct, frozen=True, kw_only=True):
    """What is the same for all addresses of a network."""

    asn: int | None
    network_name: str
    organisation: str
    domain: str
    kind: NetworkKind
    ground: str
    is_hosting: bool
    is_mobile: bool
    is_vpn: bool
    carries_people: bool


def owner_of(asn: int | None, name: str, domain: str) -> Owner:
    """Return what the local tables say of an organisation that somebody else has named as a network's owner."""
    return _owner("" if asn is None else f"AS{asn}", name, domain.lower(), databases.generation())


@lru_cache(maxsize=CACHED_NETWORKS)
def _owner(asn: str, name: str, domain: str, generation: str) -> Owner:
    """Describe a network; the databases' generation is part of the key, so that a refreshed one isn't answered from the
    old one."""
    lists = reputation()
    known = databases.domains().get(domain)
    number = _asn(asn)
    told = _told(name, domain, known.type if known else "", is_listed_hosting=number in lists.hosting_asns)
    return Owner(
        asn=number,
        network_name=name,
        organisation=known_name(domain) or display_name(known.name if known else "", name),
        domain=domain,
        kind=told.kind,
        ground=told.ground,
        is_hosting=told.is_hosting,
        is_mobile=told.kind is NetworkKind.CONSUMER and MOBILE_WORDS.search(name) is not None,
        is_vpn=number in lists.vpn_asns,
        carries_people=told.kind is NetworkKind.PROXY or domain in CARRIERS_OF_PEOPLE,
    )


def _told(name: str, domain: str, type_: str, *, is_listed_hosting: bool) -> Classified:
    if not name:
        lacks = databases.reader(databases.NETWORK) is None
        return Classified(NetworkKind.UNKNOWN, NO_DATABASE if lacks else NOT_ASSIGNED)
    return classify(name, domain, type_, is_listed_hosting=is_listed_hosting)


def _parsed(ip: str) -> tuple[str, bytes] | None:
    """Return an address as text and bytes; an IPv4 one written as IPv6 (`::ffff:192.0.2.1`) as IPv4."""
    text = ip.strip()
    try:
        if ":" not in text:
            return text, socket.inet_pton(socket.AF_INET, text)
        text = text.partition("%")[0]
        packed = socket.inet_pton(socket.AF_INET6, text)
    except (OSError, ValueError):
        return None
    if packed.startswith(_MAPPED4):
        return socket.inet_ntop(socket.AF_INET, packed[12:]), packed[12:]
    return text, packed


def _is_reserved(packed: bytes) -> bool:
    if len(packed) == 16:
        return not _GLOBAL6_FIRST <= packed[0] <= _GLOBAL6_LAST or packed.startswith(_DOCUMENTATION6)
    number = int.from_bytes(packed, "big")
    at = bisect_right(_RESERVED4_FIRST, number) - 1
    return number <= _RESERVED4[at][1]


def _record(name: str, address: str) -> dict[str, object]:
    reader = databases.reader(name)
    if reader is None:
        return {}
    try:
        found = reader.get(address)
    except maxminddb.InvalidDatabaseError:
        # A damaged file is like a missing one: the visit counts, and nothing is known of its address.
        return {}
    return cast("dict[str, object]", found) if isinstance(found, dict) else {}


def _place(address: str, *, is_ipv6: bool) -> dict[str, object]:
    """Return the place by the operator's own database, else the city database, else the one that knows countries."""
    if own := operator.place_of(_record(databases.OPERATOR_PLACE, address)):
        return own
    city = _record(databases.PLACE_IPV6 if is_ipv6 else databases.PLACE_IPV4, address)
    return city or _record(databases.COUNTRY, address)


def _text(record: dict[str, object], field: str) -> str:
    value = record.get(field)
    return value if isinstance(value, str) else ""


def _degrees(record: dict[str, object], field: str) -> float | None:
    value = record.get(field)
    return round(value, 4) if isinstance(value, float) else None


def _asn(text: str) -> int | None:
    digits = text.removeprefix("AS")
    return int(digits) if digits.isdecimal() else None


def display_name(known: str, registered: str) -> str:
    """Return an organisation's name for people: the table's without its remarks, else the registered one without its
    quotes."""
    return _PARENTHESIS.sub("", known).strip() or registered.replace('"', "").strip()
