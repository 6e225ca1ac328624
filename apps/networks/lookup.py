"""What an address is: place, network, organisation and its kind, from the local databases alone."""

import msgspec

from apps.networks.kinds import NetworkKind


class Network(msgspec.Struct, frozen=True, kw_only=True):
    """What the local databases know of an address. Empty texts, None and `unknown` mean "not known"."""

    continent: str = ""
    country: str = ""
    region: str = ""
    city: str = ""
    latitude: float | None = None
    longitude: float | None = None
    asn: int | None = None
    network_name: str = ""
    organisation: str = ""
    domain: str = ""
    kind: NetworkKind = NetworkKind.UNKNOWN
    ground: str = ""
    is_vpn: bool = False
    is_proxy: bool = False
    is_tor: bool = False
    is_hosting: bool = False
    carries_people: bool = False
