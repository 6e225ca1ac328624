"""Which address a request came from: nobody outside can write one."""

from ipaddress import ip_network

import pytest

from apps.tracking.address import clean_address, client_address

PROXIES = (ip_network("10.0.0.0/8"), ip_network("2001:db8:ffff::/48"))


@pytest.mark.parametrize(
    ("peer", "x_forwarded_for", "forwarded", "expected"),
    [
        ("192.0.2.1", "", "", "192.0.2.1"),
        ("192.0.2.1", "198.51.100.9", "", "192.0.2.1"),  # not our proxy: what it writes doesn't count
        ("10.0.0.1", "198.51.100.9", "", "198.51.100.9"),
        ("10.0.0.1", "203.0.113.5, 198.51.100.9, 10.0.0.2", "", "198.51.100.9"),
        ("10.0.0.1", "10.0.0.3", "", "10.0.0.3"),
        ("10.0.0.1", "203.0.113.5, unknown", "", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.9:4711", "", "198.51.100.9"),
        ("10.0.0.1", "::ffff:198.51.100.9", "", "198.51.100.9"),
        ("::ffff:10.0.0.1", "2001:DB8::7", "", "2001:db8::7"),
        ("10.0.0.1", "", 'for="[2001:db8::1]:4711";proto=https;by=10.0.0.1', "2001:db8::1"),
        ("10.0.0.1", "", "for=203.0.113.5, for=198.51.100.9, for=10.0.0.7", "198.51.100.9"),
        ("10.0.0.1", "", "for=_hidden", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.9", "for=203.0.113.5", "198.51.100.9"),
        ("2001:db8:ffff::1", "198.51.100.9", "", "198.51.100.9"),
        ("10.0.0.1", "", "", "10.0.0.1"),
        ("", "198.51.100.9", "", ""),
    ],
)
def test_it_walks_from_the_right_past_our_own_proxies(
    peer: str, x_forwarded_for: str, forwarded: str, expected: str
) -> None:
    assert client_address(peer, x_forwarded_for, forwarded, PROXIES) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("192.0.2.1", "192.0.2.1"),
        (" [2001:DB8::1]:80 ", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("192.0.2.1/24", ""),
        ("300.1.1.1", ""),
        ("example.org", ""),
        ("", ""),
    ],
)
def test_it_gives_an_address_its_one_form(text: str, expected: str) -> None:
    assert clean_address(text) == expected
