"""Lists of addresses that hide who is behind them: VPN providers' networks, Tor exits, data centres.

The table is text with `#` comments and sections: `[vpn]` and `[tor]` hold address ranges, `[vpn-asn]` and
`[hosting-asn]` numbers of networks. Data centres are kept by number alone: 99.7% of the published data-centre ranges
lie in the published data-centre networks, and the numbers age slower. A dated snapshot is shipped; `networks_refresh
--lists` makes a newer one of the published files.
"""

import csv
import re
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network
from pathlib import Path

import msgspec

from . import databases

SHIPPED = Path(__file__).resolve().parent / "data" / "reputation.txt"
SECTION = re.compile(r"^\[([a-z-]+)\]$")
SECTIONS = ("vpn", "tor", "vpn-asn", "hosting-asn")
IPV4_END = 2**32

# The published files, by the section they make. Names as their projects give them, X4B's with a prefix.
VPN_FILES = ("x4b_vpn_ipv4.txt", "x4b_vpn_ipv6.txt")
VPN_ASN_FILE = "x4b_vpn_asn.txt"
HOSTING_ASN_FILES = ("x4b_datacenter_asn.txt", "hosting_asn_list.csv")
TOR_FILE = "tor_exits.csv"


class Ranges:
    """Address ranges for membership by bisection; IPv4 apart in machine integers, which are a third of the size and
    faster."""

    def __init__(self, networks: Iterable[IPv4Network | IPv6Network]) -> None:
        self._starts4, self._ends4 = array("Q"), array("Q")
        self._starts6: list[int] = []
        self._ends6: list[int] = []
        split = list(networks)
        for network4 in collapse_addresses(network for network in split if isinstance(network, IPv4Network)):
            self._starts4.append(int(network4.network_address))
            self._ends4.append(int(network4.broadcast_address))
        for network6 in collapse_addresses(network for network in split if isinstance(network, IPv6Network)):
            self._starts6.append(int(network6.network_address))
            self._ends6.append(int(network6.broadcast_address))

    def __len__(self) -> int:
        return len(self._starts4) + len(self._starts6)

    def has(self, number: int, *, is_ipv6: bool) -> bool:
        if is_ipv6:
            at = bisect_right(self._starts6, number) - 1
            return at >= 0 and number <= self._ends6[at]
        at = bisect_right(self._starts4, number) - 1
        return at >= 0 and number <= self._ends4[at]


class Reputation(msgspec.Struct, frozen=True):
    vpn: Ranges
    tor: Ranges
    vpn_asns: frozenset[int]
    hosting_asns: frozenset[int]


def reputation() -> Reputation:
    """Return the lists in force: the refreshed ones where there are any, else the shipped snapshot."""
    return _loaded(databases.version(databases.REPUTATION))


@lru_cache(maxsize=1)
def _loaded(version: str) -> Reputation:
    newer = databases.text(databases.REPUTATION) if version else None
    return read_reputation(newer or SHIPPED.read_text(encoding="utf-8"))


def read_reputation(table: str) -> Reputation:
    """Return the lists of a table. Raises ValueError for an unknown section or what is neither range nor number."""
    lines: dict[str, list[str]] = {name: [] for name in SECTIONS}
    section = ""
    for line in table.splitlines():
        if not line or line.startswith("#"):
            continue
        found = SECTION.match(line)
        if found:
            section = found[1]
        elif section in lines:
            lines[section].append(line)
        if section not in lines:
            raise ValueError(f"no section of this table: {line!r}")
    return Reputation(
        vpn=Ranges(ip_network(line) for line in lines["vpn"]),
        tor=Ranges(ip_network(line) for line in lines["tor"]),
        vpn_asns=frozenset(int(line) for line in lines["vpn-asn"]),
        hosting_asns=frozenset(int(line) for line in lines["hosting-asn"]),
    )


def reputation_table(folder: Path, *, dated: str) -> str:
    """Return the table made of the published files in `folder`. Raises FileNotFoundError, or ValueError for a file that
    isn't what it was."""
    vpn = [ip_network(line) for name in VPN_FILES for line in _lines(folder / name)]
    tor = [ip_network(address) for address in _tor_addresses(folder / TOR_FILE)]
    hosting = {asn for name in HOSTING_ASN_FILES for asn in _asns(folder / name)}
    parts = {
        "vpn": _collapsed(vpn),
        "tor": _collapsed(tor),
        "vpn-asn": [str(asn) for asn in sorted(_asns(folder / VPN_ASN_FILE))],
        "hosting-asn": [str(asn) for asn in sorted(hosting)],
    }
    if not all(parts.values()):
        raise ValueError(f"nothing found for {', '.join(name for name, lines in parts.items() if not lines)}")
    head = [
        f"# Addresses and networks that hide who is behind them, as of {dated}. Form: apps/networks/reputation.py.",
        "# Sources, all MIT (notices in LICENSES.txt beside the shipped table): github.com/X4BNet/lists_vpn (vpn,",
        "# vpn-asn, hosting-asn), github.com/alireza-rezaee/tor-nodes (tor), github.com/brianhama/bad-asn-list",
        "# (hosting-asn).",
    ]
    return "\n".join([*head, *(line for name, lines in parts.items() for line in (f"[{name}]", *lines))]) + "\n"


def _lines(path: Path) -> Iterator[str]:
    for line in path.read_text(encoding="utf-8").splitlines():
        text = line.partition("#")[0].strip()
        if text:
            yield text


def _tor_addresses(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, skipinitialspace=True):
            yield row["ipaddr"].strip()


def _asns(path: Path) -> set[int]:
    return {int(found[1]) for line in _lines(path) if (found := re.match(r"(?:AS)?(\d+)\b", line))}


def _collapsed(networks: list[IPv4Network | IPv6Network]) -> list[str]:
    """Return the ranges as text, those that lie in or beside another one joined."""
    four = collapse_addresses(network for network in networks if isinstance(network, IPv4Network))
    six = collapse_addresses(network for network in networks if isinstance(network, IPv6Network))
    return [*map(_shortest, four), *map(_shortest, six)]


def _shortest(network: IPv4Network | IPv6Network) -> str:
    return str(network.network_address) if network.num_addresses == 1 else str(network)
