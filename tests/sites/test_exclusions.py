"""The agency's own addresses are read as people write them, and lie nowhere in clear."""

import pytest
from pytest_django.fixtures import Settings

from apps.core.crypto import SealBroken
from apps.sites.exclusions import from_text, networks_open, networks_parse, networks_seal, to_text


def test_addresses_and_ranges_are_read_sorted_and_once() -> None:
    found = networks_parse("198.51.100.7, 192.0.2.0/24\n2001:db8::1 192.0.2.9/24")
    assert [str(network) for network in found] == ["192.0.2.0/24", "198.51.100.7/32", "2001:db8::1/128"]


@pytest.mark.parametrize("text", ["office", "192.0.2.300", "192.0.2.0/40"])
def test_what_is_no_address_is_named(text: str) -> None:
    with pytest.raises(ValueError, match="is neither an address nor a range"):
        networks_parse(f"192.0.2.1 {text}")


def test_too_many_are_refused() -> None:
    with pytest.raises(ValueError, match="100 addresses"):
        networks_parse(" ".join(f"192.0.2.{number}" for number in range(101)))


def test_they_come_back_from_a_row_and_from_a_route() -> None:
    networks = networks_parse("192.0.2.0/24 2001:db8::1")
    sealed = networks_seal(networks)
    assert networks_open(sealed) == networks
    assert networks_open(from_text(to_text(sealed))) == networks
    assert sealed is not None and b"192.0.2" not in sealed


def test_none_are_nothing() -> None:
    assert networks_seal([]) is None
    assert networks_open(from_text(to_text(None))) == []


def test_with_another_secret_they_stay_closed(settings: Settings) -> None:
    sealed = networks_seal(networks_parse("192.0.2.1"))
    settings.SECRET_KEY = "another-secret-key-of-more-than-32-characters"
    with pytest.raises(SealBroken):
        networks_open(sealed)
