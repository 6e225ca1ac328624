"""Simulated people: whose network they sit in, and with what browser."""

import random
from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address
from math import sqrt
from pathlib import Path

import msgspec
from django.conf import settings

from apps.networks import databases
from apps.networks.lookup import NetworkKind, lookup

from .world import BROWSERS, COUNTRIES

# How often somebody comes from what kind of network. Most people sit behind an access provider, which names nobody.
KINDS = {NetworkKind.CONSUMER: 88, NetworkKind.BUSINESS: 9, NetworkKind.EDUCATION: 2, NetworkKind.GOVERNMENT: 1}
# Of a country; of firms more, so that of several hundred most come once or twice.
POOL_EACH = {NetworkKind.BUSINESS: 160}
POOL_OTHERS = 24
# Towards 1 all come equally often; the higher, the more often the first of a pool.
SKEW = 1.2
# Industries of firms that measure torque, by the domain table's type of their network's domain.
INDUSTRIES = {
    "Manufacturing": "Manufacturing",
    "Industrial": "Industrial equipment",
    "Automotive": "Automotive",
    "Utilities": "Energy and utilities",
    "Construction": "Construction",
    "Conglomerate": "Conglomerate",
    "Technology": "Technology",
    "Logistics": "Logistics",
}
TRIES = 400_000


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a browser. The address is of a network in the local databases; nobody's in particular."""

    address: str
    country: str
    organisation: str  # domain, empty for a provider's customer
    language: str
    time_zone: str
    user_agent: str
    screen: tuple[int, int]
    pixel_ratio: float
    has_touch: bool


@dataclass(frozen=True, slots=True)
class Place:
    address: str
    country: str
    domain: str
    industry: str = ""  # of firms; empty where it isn't known or none that measures


Pools = dict[NetworkKind, dict[str, list[Place]]]


@lru_cache(maxsize=1)
def places() -> Pools:
    """Return addresses by network kind and country, drawn from the installed databases; one address an organisation.

    The draw is seeded: the same databases give the same demo. It takes some seconds and is kept in the data folder.
    Raises LookupError where the network databases aren't installed.
    """
    kept = Path(settings.BEACON_DATA_DIR) / "demo-places.json"
    try:
        return msgspec.json.decode(kept.read_bytes(), type=Pools)
    except (FileNotFoundError, msgspec.DecodeError):
        pools = _drawn()
        kept.write_bytes(msgspec.json.encode(pools))
        return pools


def _drawn() -> Pools:
    draw = random.Random(2026)
    found: dict[NetworkKind, defaultdict[str, list[Place]]] = {kind: defaultdict(list) for kind in KINDS}
    known: set[str] = set()
    # Networks that can add nothing more: nearly all that is drawn after the first few thousand.
    spent: set[tuple[object, ...]] = set()
    reader = databases.reader(databases.NETWORK)
    for _ in range(TRIES if reader else 0):
        address = str(IPv4Address(draw.randrange(0x01000000, 0xDF000000)))
        record = reader.get(address) if reader else None
        if not isinstance(record, dict):
            continue
        told = tuple(record.get(name) for name in ("asn", "as_domain", "country_code"))
        if told in spent:
            continue
        network = lookup(address)
        is_provider = network.kind is NetworkKind.CONSUMER
        if network.is_vpn or network.is_tor:
            continue
        if network.kind not in KINDS or network.country not in COUNTRIES or not network.domain:
            spent.add(told)
            continue
        pool = found[network.kind][network.country]
        if len(pool) >= POOL_EACH.get(network.kind, POOL_OTHERS) or (network.domain in known and not is_provider):
            spent.add(told)
            continue
        known.add(network.domain)
        domain = "" if is_provider else network.domain
        known_as = databases.domains().get(domain)
        industry = INDUSTRIES.get(known_as.type, "") if known_as and network.kind is NetworkKind.BUSINESS else ""
        pool.append(Place(address, network.country, domain, industry))
    if not known:
        raise LookupError("The network databases aren't installed: run `manage.py networks_refresh`.")
    return {kind: dict(pools) for kind, pools in found.items()}


def person(draw: random.Random) -> Person:
    """Return a new person. Raises LookupError where the network databases aren't installed."""
    return person_at(_place(draw.choices(list(KINDS), list(KINDS.values()))[0], draw), draw)


def customer(draw: random.Random) -> Person:
    """Return a new person at home, of whom no organisation is known. Raises LookupError as `person` does."""
    return person_at(_place(NetworkKind.CONSUMER, draw), draw)


def person_at(place: Place, draw: random.Random) -> Person:
    """Return a new person of a place."""
    _, language, time_zone = COUNTRIES[place.country]
    _, agent, screen, ratio, touch = draw.choices(BROWSERS, [browser[0] for browser in BROWSERS])[0]
    return Person(
        address=place.address,
        country=place.country,
        organisation=place.domain,
        language=language,
        time_zone=time_zone,
        user_agent=agent,
        screen=screen,
        pixel_ratio=ratio,
        has_touch=touch,
    )


def _place(kind: NetworkKind, draw: random.Random) -> Place:
    pools = places().get(kind, {})
    countries = [code for code in COUNTRIES if pools.get(code)]
    if not countries:
        raise LookupError("The network databases know no addresses to draw from: run `manage.py networks_refresh`.")
    if kind is NetworkKind.CONSUMER:
        country = draw.choices(countries, [COUNTRIES[code][0] for code in countries])[0]
        pool = pools[country]
        # Squared: a few providers have most of the customers. Another one of the same network.
        place = pool[int(len(pool) * draw.random() ** 2)]
        base = int(IPv4Address(place.address)) & 0xFFFFFF00
        return Place(str(IPv4Address(base + draw.randrange(1, 255))), place.country, "")
    # Between how often people of a country come and how many of its organisations are known: where those are few,
    # they would else come again and again.
    weights = [sqrt(COUNTRIES[code][0] * len(pools[code])) for code in countries]
    pool = pools[draw.choices(countries, weights)[0]]
    return pool[int(len(pool) * draw.random() ** SKEW)]
