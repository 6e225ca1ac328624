"""What an operator's own databases add, where they put them beside the others: MaxMind's, under MaxMind's file names.

`GeoIP2-City.mmdb` then gives the place, with the postal area; `GeoIP2-Connection-Type.mmdb` tells carriers' networks;
`GeoIP2-Anonymous-IP.mmdb` knows proxies, and more VPNs and Tor exits than the shipped lists. Pure.
"""

from typing import cast

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


def is_cellular(record: Record) -> bool:
    return record.get("connection_type") == "Cellular"


def is_any(record: Record, *fields: str) -> bool:
    return any(record.get(field) is True for field in fields)


def _part(record: Record, name: str) -> Record:
    part = record.get(name)
    return cast("Record", part) if isinstance(part, dict) else {}


def _name(record: Record) -> object:
    return _part(record, "names").get("en")
