"""Which address a request came from: nobody outside can write one."""

from ipaddress import ip_network

import pytest

from apps.tracking import address
from apps.tracking.address import MOST_TEXT, Trust, clean_address, client_address, limited_as

PROXIES = (ip_network("10.0.0.0/8"), ip_network("2001:db8:ffff::/48"))
TRUST = Trust(PROXIES)
OUTSIDER, PROXY, VISITOR, MADE_UP = "192.0.2.1", "10.0.0.1", "198.51.100.9", "203.0.113.5"


@pytest.mark.parametrize(
    ("peer", "x_forwarded_for", "forwarded", "expected"),
    [
        (OUTSIDER, "", "", OUTSIDER),
        (OUTSIDER, VISITOR, "", OUTSIDER),  # not our proxy: what it writes doesn't count
        (OUTSIDER, "", f"for={VISITOR}", OUTSIDER),
        (OUTSIDER, f"{VISITOR}, {PROXY}", "", OUTSIDER),
        (PROXY, VISITOR, "", VISITOR),
        (PROXY, f"{MADE_UP}, {VISITOR}, 10.0.0.2", "", VISITOR),
        (PROXY, f"{MADE_UP},{VISITOR}", "", VISITOR),  # as one header, or as two joined
        (PROXY, "10.0.0.3", "", "10.0.0.3"),
        (PROXY, f"{MADE_UP}, unknown", "", PROXY),
        (PROXY, f"{MADE_UP}, ", "", PROXY),
        (PROXY, "1.2.3.4.5, 0x7f.1, 127.1", "", PROXY),
        (PROXY, "'; DROP TABLE event; --", "", PROXY),
        (PROXY, f"{VISITOR}:4711", "", VISITOR),
        (PROXY, f"::ffff:{VISITOR}", "", VISITOR),
        (PROXY, f"[::ffff:{VISITOR}]:4711", "", VISITOR),
        (PROXY, "fe80::1%eth0", "", "fe80::1"),
        (PROXY, "fe80::1%198.51.100.9", "", "fe80::1"),
        ("::ffff:10.0.0.1", "2001:DB8::7", "", "2001:db8::7"),
        (PROXY, "", 'for="[2001:db8::1]:4711";proto=https;by=10.0.0.1', "2001:db8::1"),
        (PROXY, "", f"for={MADE_UP}, for={VISITOR}, for=10.0.0.7", VISITOR),
        (PROXY, "", f'for="{MADE_UP}, for={VISITOR}"', PROXY),  # a quoted text is one value, and no address
        (PROXY, "", "for=_hidden", PROXY),
        (PROXY, VISITOR, f"for={MADE_UP}", VISITOR),
        ("2001:db8:ffff::1", VISITOR, "", VISITOR),
        (PROXY, "", "", PROXY),
        ("", VISITOR, "", ""),
        ("unix:", VISITOR, "", ""),
    ],
)
def test_it_walks_from_the_right_past_our_own_proxies(
    peer: str, x_forwarded_for: str, forwarded: str, expected: str
) -> None:
    assert client_address(peer, x_forwarded_for, forwarded, "", TRUST) == expected


@pytest.mark.parametrize(
    ("header", "peer", "x_forwarded_for", "forwarded", "given", "expected"),
    [
        ("", PROXY, "", "", MADE_UP, PROXY),  # not configured, not believed
        ("CF-Connecting-IP", PROXY, MADE_UP, f"for={MADE_UP}", VISITOR, VISITOR),
        ("CF-Connecting-IP", PROXY, MADE_UP, f"for={MADE_UP}", "", PROXY),
        ("CF-Connecting-IP", OUTSIDER, MADE_UP, "", MADE_UP, OUTSIDER),
        ("CF-Connecting-IP", PROXY, "", "", f"{MADE_UP},{VISITOR}", PROXY),  # sent twice
        ("CF-Connecting-IP", PROXY, "", "", "2001:db8::1%eth0", "2001:db8::1"),
        ("CF-Connecting-IP", PROXY, "", "", "rubbish", PROXY),
        ("X-Forwarded-For", PROXY, "", f"for={MADE_UP}", "", PROXY),
        ("X-Forwarded-For", PROXY, f"{MADE_UP}, {VISITOR}", "", "", VISITOR),
        ("Forwarded", PROXY, MADE_UP, f"for={VISITOR}", "", VISITOR),
        ("Forwarded", PROXY, MADE_UP, "", "", PROXY),
    ],
)
def test_only_the_header_that_was_chosen_is_read(
    header: str, peer: str, x_forwarded_for: str, forwarded: str, given: str, expected: str
) -> None:
    assert client_address(peer, x_forwarded_for, forwarded, given, Trust(PROXIES, header=header)) == expected


@pytest.mark.parametrize(
    ("peer", "x_forwarded_for", "expected"),
    [
        ("", VISITOR, VISITOR),
        ("", f"{MADE_UP}, {VISITOR}, {PROXY}", VISITOR),
        ("", "", ""),
        (OUTSIDER, VISITOR, OUTSIDER),
    ],
)
def test_whoever_comes_by_a_socket_file_is_believed_where_that_was_chosen(
    peer: str, x_forwarded_for: str, expected: str
) -> None:
    assert client_address(peer, x_forwarded_for, "", "", Trust(PROXIES, has_sockets=True)) == expected


def test_an_endless_list_is_read_from_its_end_only() -> None:
    assert client_address(PROXY, f"{MADE_UP}, " * 5000 + VISITOR, "", "", TRUST) == VISITOR
    assert client_address(PROXY, "10.0.0.2," * 5000 + PROXY, "", "", TRUST) == "10.0.0.2"
    # Cut in the middle of an address, what is left of that isn't one.
    assert client_address(PROXY, "1" * 5000 + MADE_UP, "", "", TRUST) == PROXY
    assert client_address(PROXY, "", "", MADE_UP + " " * MOST_TEXT, Trust(PROXIES, header="X-Real-IP")) == MADE_UP


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("192.0.2.1", "192.0.2.1"),
        (" [2001:DB8::1]:80 ", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("192.0.2.1/24", ""),
        ("300.1.1.1", ""),
        ("192.0.2.01", ""),  # is it octal?
        ("example.org", ""),
        ("", ""),
    ],
)
def test_it_gives_an_address_its_one_form(text: str, expected: str) -> None:
    assert clean_address(text) == expected


def test_an_ipv6_address_is_limited_by_its_network() -> None:
    assert limited_as("2001:db8:1:2:aaaa::1") == limited_as("2001:db8:1:2::") == "2001:db8:1:2::/64"
    assert limited_as("2001:db8:1:3::1") != limited_as("2001:db8:1:2::1")
    assert (limited_as("192.0.2.1"), limited_as("")) == ("192.0.2.1", "")


def test_addresses_that_are_kept_for_speed_can_be_dropped() -> None:
    trust = Trust([ip_network("10.0.0.0/8")])
    kept = (address.limited_as, address.is_trusted, address._clean_peer, address._told)
    client_address("10.0.0.1", "192.0.2.1", "", "", trust)
    client_address("192.0.2.1", "", "", "", trust)
    limited_as("192.0.2.1")
    assert all(one.cache_info().currsize for one in kept)
    address.forget()
    assert not any(one.cache_info().currsize for one in kept)
