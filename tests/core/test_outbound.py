"""Where requests of ours may go."""

import pytest

from apps.core.outbound import Guard, Lookup, PrivateAddress, UnknownName, is_public

PRIVATE = [
    "127.0.0.1", "127.8.9.10", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1",  # own networks
    "169.254.169.254", "169.254.1.1",  # the clouds' metadata, link-local
    "100.64.0.1", "100.127.255.254", "100.100.100.200", "168.63.129.16",  # shared; clouds' own hosts
    "192.0.0.8", "192.0.0.9", "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255",
    "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12:3456::1", "ff02::1", "2001:db8::1", "fec0::1", "feff::1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "64:ff9b:1::1", "2002:7f00:1::", "::7f00:1",
    "2001:0:4136:e378:8000:63bf:80ff:fffe", "not an address", "",
]  # fmt: skip
PUBLIC = ["8.8.8.8", "93.184.215.14", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "64:ff9b::808:808", "192.0.1.1"]


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_are_told(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_told(address: str) -> None:
    assert is_public(address)


def guard(*addresses: str, **fields: bool) -> Guard:
    return Guard(lookup=lambda _: list(addresses), **fields)  # type: ignore[arg-type]


def test_a_public_name_gives_its_addresses() -> None:
    assert guard("8.8.8.8", "2606:4700::1111").addresses("shop.example", 443) == ["8.8.8.8", "2606:4700::1111"]


def test_one_private_address_among_public_ones_is_enough() -> None:
    with pytest.raises(PrivateAddress) as caught:
        guard("8.8.8.8", "10.0.0.1").addresses("shop.example", 443)
    assert (caught.value.host, caught.value.address) == ("shop.example", "10.0.0.1")


@pytest.mark.parametrize("written", ["127.1", "2130706433", "0x7f000001", "0177.0.0.1", "[::1]", "127.0.0.1."])
def test_other_ways_to_write_this_machine_are_known(written: str) -> None:
    with pytest.raises(PrivateAddress):
        guard("8.8.8.8").addresses(written, 80)


@pytest.mark.parametrize("name", ["printer.local", "db.internal", "a.localhost"])
def test_names_of_ones_own_network_are_private_whatever_they_answer(name: str) -> None:
    with pytest.raises(PrivateAddress):
        guard("8.8.8.8").addresses(name, 80)


def test_the_operator_can_allow_private_addresses() -> None:
    assert guard("10.0.0.1", allows_private=True).addresses("shop.example", 80) == ["10.0.0.1"]


def test_the_door_may_be_reached_wherever_it_is_and_only_on_its_port() -> None:
    door = Guard(allowed=frozenset({("localhost", 8001)}), lookup=lambda _: ["127.0.0.1"])
    assert door.addresses("localhost", 8001) == ["127.0.0.1"]
    with pytest.raises(PrivateAddress):
        door.addresses("localhost", 5432)


def test_a_name_without_addresses_is_unknown() -> None:
    def nobody(name: str) -> list[str]:
        raise OSError(name)

    lookups: list[Lookup] = [nobody, lambda _: []]
    for lookup in lookups:
        with pytest.raises(UnknownName):
            Guard(lookup=lookup).addresses("nobody.example", 80)
