"""Lists of VPN, Tor and data-centre networks."""

from ipaddress import ip_address, ip_network

import pytest

from apps.networks.reputation import SHIPPED, Ranges, read_reputation


@pytest.mark.parametrize(
    ("address", "is_in"),
    [
        ("192.0.2.0", True),
        ("192.0.2.127", True),
        ("192.0.2.128", False),
        ("192.0.1.255", False),
        ("198.51.100.7", True),
        ("198.51.100.8", False),
        ("0.0.0.0", False),
        ("255.255.255.255", False),
        ("2001:db8::", True),
        ("2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", True),
        ("2001:db9::", False),
        ("::1", False),
    ],
)
def test_ranges_hold_what_lies_between_their_ends(address: str, is_in: bool) -> None:
    ranges = Ranges(map(ip_network, ["192.0.2.0/26", "192.0.2.64/26", "198.51.100.7", "2001:db8::/32"]))
    parsed = ip_address(address)
    assert ranges.has(int(parsed), is_ipv6=parsed.version == 6) is is_in


def test_an_empty_table_holds_nothing() -> None:
    assert not Ranges([]).has(1, is_ipv6=False)
    assert not Ranges([]).has(1, is_ipv6=True)


def test_the_shipped_snapshot_is_dated_small_and_complete() -> None:
    text = SHIPPED.read_text()
    lists = read_reputation(text)
    assert "as of 22 August 2026" in text.splitlines()[0]
    assert len(text) < 300_000
    assert (len(lists.vpn), len(lists.tor), len(lists.vpn_asns), len(lists.hosting_asns)) == (11360, 1359, 15, 897)


@pytest.mark.parametrize("table", ["[else]\n1.2.3.4\n", "1.2.3.4\n", "[vpn]\nnot an address\n", "[vpn-asn]\nAS1\n"])
def test_a_table_of_another_form_is_refused(table: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_reputation(table)
