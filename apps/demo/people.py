"""Simulated people: whose network they sit in, with what browser, and whether they come back."""

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address

from apps.networks.lookup import NetworkKind, lookup

from .world import BROWSERS, COUNTRIES

# How often somebody comes from what kind of network. Most people sit behind an access provider, which names nobody.
KINDS = {NetworkKind.CONSUMER: 76, NetworkKind.BUSINESS: 17, NetworkKind.EDUCATION: 4, NetworkKind.GOVERNMENT: 3}
POOL_EACH = 24
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
    is_buyer: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    address: str
    country: str
    domain: str


@lru_cache(maxsize=1)
def places() -> dict[NetworkKind, dict[str, Sequence[Place]]]:
    """Return addresses by network kind and country, drawn from the installed databases; one address an organisation.

    The draw is seeded: the same databases give the same demo. Takes a second or two.
    """
    draw = random.Random(2026)
    found: dict[NetworkKind, dict[str, list[Place]]] = {kind: defaultdict(list) for kind in KINDS}
    known: set[str] = set()
    for _ in range(TRIES):
        address = IPv4Address(draw.randrange(0x01000000, 0xDF000000))
        if not address.is_global:
            continue
        network = lookup(str(address))
        country = network.country or ""
        domain = network.domain or ""
        if network.kind not in KINDS or country not in COUNTRIES or not domain or network.is_vpn or network.is_hosting:
            continue
        pool = found[network.kind][country]
        is_provider = network.kind is NetworkKind.CONSUMER
        if len(pool) >= POOL_EACH or (domain in known and not is_provider):
            continue
        known.add(domain)
        pool.append(Place(str(address), country, "" if is_provider else domain))
    return {kind: dict(pools) for kind, pools in found.items()}


def person(draw: random.Random) -> Person:
    """Return a new person. Raises LookupError where the network databases aren't installed."""
    place = _place(draw)
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
        is_buyer=bool(place.domain) and draw.random() < 0.35,
    )


def _place(draw: random.Random) -> Place:
    pools = places()
    countries = list(COUNTRIES)
    for _ in range(50):
        kind = draw.choices(list(KINDS), list(KINDS.values()))[0]
        country = draw.choices(countries, [COUNTRIES[code][0] for code in countries])[0]
        pool = pools.get(kind, {}).get(country)
        if pool:
            # Squared: a few organisations come again and again, as in life.
            place = pool[int(len(pool) * draw.random() ** 2)]
            if kind is not NetworkKind.CONSUMER:
                return place
            # Providers have many customers: another one of the same network.
            base = int(IPv4Address(place.address)) & 0xFFFFFF00
            return Place(str(IPv4Address(base + draw.randrange(1, 255))), place.country, "")
    raise LookupError("The network databases aren't installed: run `make databases` (manage.py networks_refresh).")
