"""Put an address' place and network on a session. Pure: the writer has looked the address up already."""

from typing import TypedDict

from apps.networks.kinds import NetworkKind
from apps.networks.lookup import Network


class PlaceFields(TypedDict):
    """The session's columns that come from its address, under the columns' names."""

    continent: str
    country: str
    region: str
    city: str
    postal: str
    latitude: float | None
    longitude: float | None
    asn: int | None
    network_name: str
    organisation: str
    network_domain: str
    network_kind: str
    is_vpn: bool
    is_proxy: bool
    is_tor: bool
    is_hosting: bool
    is_mobile_network: bool


def place_fields(network: Network, *, is_bot: bool = False) -> PlaceFields:
    """Return the session's place and network columns.

    `is_bot`: a declared bot sent the event, so its network's kind is `bot`, whoever rents out the machine. Behind VPN,
    proxy and Tor the place is the exit's, not the visitor's: the country stays (it is what other products show), city,
    postal area and coordinates go.
    """
    is_exit = network.is_vpn or network.is_proxy or network.is_tor
    return PlaceFields(
        continent=network.continent,
        country=network.country,
        region="" if is_exit else network.region,
        city="" if is_exit else network.city,
        postal="" if is_exit else network.postal,
        latitude=None if is_exit else network.latitude,
        longitude=None if is_exit else network.longitude,
        asn=network.asn,
        network_name=network.network_name,
        organisation=network.organisation,
        network_domain=network.domain,
        network_kind=(NetworkKind.BOT if is_bot else network.kind).value,
        is_vpn=network.is_vpn,
        is_proxy=network.is_proxy,
        is_tor=network.is_tor,
        is_hosting=network.is_hosting,
        is_mobile_network=network.is_mobile,
    )
