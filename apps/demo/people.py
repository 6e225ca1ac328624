"""Simulated people: whose network they sit in, with what browser, and whether they come back."""

import random
from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address
from pathlib import Path

import msgspec
from django.conf import settings

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
    for _ in range(TRIES):
        address = IPv4Address(draw.randrange(0x01000000, 0xDF000000))
        network = lookup(str(address)) if address.is_global else None
        if network is None or network.kind not in KINDS or network.country not in COUNTRIES or not network.domain:
            continue
        pool = found[network.kind][network.country]
        is_provider = network.kind is NetworkKind.CONSUMER
        if network.is_vpn or len(pool) >= POOL_EACH or (network.domain in known and not is_provider):
            continue
        known.add(network.domain)
        pool.append(Place(str(address), network.country, "" if is_provider else network.domain))
    if not known:
        raise LookupError("The network databases aren't installed: run `manage.py networks_refresh`.")
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
    raise LookupError("The network databases know no addresses to draw from: run `manage.py networks_refresh`.")
