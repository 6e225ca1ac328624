"""A data folder with small local databases, and where the full ones are when they stand beside the checkout."""

from pathlib import Path

from apps.networks import databases

from .mmdb import Records, write_mmdb

ROOT = Path(__file__).resolve().parents[2]
# The full reference data, where it stands beside the checkout. Tests with figures use it and say so; else the excerpt
# shipped with them.
SHARED = ROOT.parent / "shared" / "data"
PAYLOADS = ROOT / "tests" / "payloads"

DOMAINS = """base_reverse_dns,name,type
bank.example,Example Bank,Finance
isp.example,Example Telecom,ISP
host.example,Example Hosting,Web Host
uni.example,Example University (and its library),Education
"""

# Addresses that anybody may look up are public ones by nature; what these records say of them is made up.
NETWORKS: Records = {
    "9.9.0.0/16": {"asn": "AS64500", "as_name": "EXAMPLE BANK PLC", "as_domain": "bank.example", "country_code": "GB"},
    "9.10.0.0/16": {"asn": "AS64501", "as_name": "Example Telecom", "as_domain": "isp.example", "country_code": "DE"},
    "9.11.0.0/16": {"asn": "AS64502", "as_name": "Example Hosting", "as_domain": "host.example", "country_code": "NL"},
    "9.12.0.0/16": {"asn": "AS64503", "as_name": "Uni", "as_domain": "Uni.example", "country_code": "AT"},
    "9.13.0.0/16": {"country": "France", "country_code": "FR", "continent_code": "EU"},
    "2a00::/16": {"asn": "AS64501", "as_name": "Example Telecom", "as_domain": "isp.example", "country_code": "DE"},
}
PLACES: Records = {
    "9.9.0.0/16": {
        "country_code": "GB",
        "state1": "England",
        "city": "London",
        "latitude": 51.51431,
        "longitude": -0.09122,
    },
    "9.10.0.0/16": {"country_code": "DE", "state1": "Berlin", "city": "Berlin", "latitude": 52.52, "longitude": 13.4},
}
PLACES_IPV6: Records = {
    "2a00::/16": {"country_code": "AT", "state1": "Vienna", "city": "Vienna", "latitude": 48.2, "longitude": 16.37}
}
REPUTATION = (
    "# of yesterday\n[vpn]\n9.10.7.0/24\n[tor]\n9.10.8.1\n2a00:0:0:1::5\n[vpn-asn]\n64999\n[hosting-asn]\n64502\n"
)


def make_databases(data_folder: Path) -> Path:
    """Write all small databases into `data_folder` and return it."""
    folder = data_folder / "databases"
    write_mmdb(folder / databases.NETWORK, NETWORKS, ip_version=6)
    write_mmdb(folder / databases.PLACE_IPV4, PLACES)
    write_mmdb(folder / databases.PLACE_IPV6, PLACES_IPV6, ip_version=6)
    (folder / databases.DOMAINS).write_text(DOMAINS)
    (folder / databases.REPUTATION).write_text(REPUTATION)
    databases.forget()
    return data_folder
