"""What an operator's own databases add, where they put them beside the others: MaxMind's, under MaxMind's file names.

`GeoIP2-City.mmdb` then gives the place, with the postal area; `GeoIP2-Connection-Type.mmdb` tells carriers' networks;
`GeoIP2-Anonymous-IP.mmdb` knows proxies, machines of hosts, and more VPNs and Tor exits than the shipped lists;
`GeoIP2-ISP.mmdb` the numbers and names of networks that the default database doesn't, carriers, and whom a provider has
leased a range to. Pure.
"""

from typing import NamedTuple, cast

Record = dict[str, object]


def place_of(record: Record) -> Record:
    """Return a City record in the flat fields of the default database, and `postal`; empty where nothing is known."""
    country = _part(record, "country").get("iso_code")
    if not isinstance(country, str):
        return {}
    subdivisions = record.get("subdivisions")
    region = cast("Record", subdivisions[0]) if isinstance(subdivisions, list) and subdivisions else {}
    location = _part(record, "location")
    return {
        "country_code": country,
        "state1": _name(region),
        "city": _name(_part(record, "city")),
        "postal": _part(record, "postal").get("code"),
        "latitude": location.get("latitude"),
        "longitude": location.get("longitude"),
    }


class Line(NamedTuple):
    """What an ISP record says: the network's number, its provider, and whom it was leased to (empty: the provider)."""

    asn: int | None
    provider: str
    tenant: str
    is_mobile: bool


def line_of(record: Record) -> Line:
    """Return an ISP record's words. A tenant has no domain here: he is named as a network, and never a company."""
    asn = record.get("autonomous_system_number")
    provider = _text(record, "isp") or _text(record, "autonomous_system_organization")
    tenant = _text(record, "organization")
    return Line(
        asn=asn if isinstance(asn, int) else None,
        provider=provider or tenant,
        tenant="" if tenant == provider else tenant,
        is_mobile="mobile_country_code" in record,
    )


def is_cellular(record: Record) -> bool:
    return record.get("connection_type") == "Cellular"


def is_any(record: Record, *fields: str) -> bool:
    return any(record.get(field) is True for field in fields)


def _text(record: Record, name: str) -> str:
    value = record.get(name)
    return value if isinstance(value, str) else ""


def _part(record: Record, name: str) -> Record:
    part = record.get(name)
    return cast("Record", part) if isinstance(part, dict) else {}


def _name(record: Record) -> object:
    return _part(record, "names").get("en")
