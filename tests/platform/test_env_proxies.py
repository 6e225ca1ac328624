"""Which proxies are believed: what one may write, and what a wrong value is told."""

from ipaddress import ip_network

import pytest
from django.core.exceptions import ImproperlyConfigured

from config import env

PROXIES, HEADER = "BEACON_TRUSTED_PROXIES", "BEACON_CLIENT_ADDRESS_HEADER"


def test_proxies_are_addresses_ranges_and_socket_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PROXIES, "127.0.0.1, 10.0.0.0/8,2001:db8::/32,unix")
    assert env.networks(PROXIES, besides="unix") == [
        ip_network("127.0.0.1/32"),
        ip_network("10.0.0.0/8"),
        ip_network("2001:db8::/32"),
    ]


@pytest.mark.parametrize("wrong", ["localhost", "10.0.0.0/33", "unixes", "10.0.0", "*"])
def test_a_wrong_proxy_is_named(monkeypatch: pytest.MonkeyPatch, wrong: str) -> None:
    monkeypatch.setenv(PROXIES, f"127.0.0.1,{wrong}")
    with pytest.raises(ImproperlyConfigured, match=f"{PROXIES}.*write addresses or ranges"):
        env.networks(PROXIES, besides="unix")


@pytest.mark.parametrize(
    ("given", "header"),
    [("", ""), ("cf-connecting-ip", "CF-Connecting-IP"), (" Forwarded ", "Forwarded"), ("X-REAL-IP", "X-Real-IP")],
)
def test_the_header_is_one_that_proxies_use(monkeypatch: pytest.MonkeyPatch, given: str, header: str) -> None:
    monkeypatch.setenv(HEADER, given)
    assert env.proxy_header(HEADER, has_proxies=True) == header


@pytest.mark.parametrize("wrong", ["CF-Connecting-IP,X-Real-IP", "CF_Connecting_IP", "X-Client", "yes"])
def test_a_wrong_header_is_named_with_what_it_may_be(monkeypatch: pytest.MonkeyPatch, wrong: str) -> None:
    monkeypatch.setenv(HEADER, wrong)
    with pytest.raises(ImproperlyConfigured, match=f"{HEADER} is .*write one of X-Forwarded-For, Forwarded"):
        env.proxy_header(HEADER, has_proxies=True)


def test_a_header_without_proxies_is_a_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(HEADER, "CF-Connecting-IP")
    with pytest.raises(ImproperlyConfigured, match="name your proxies in BEACON_TRUSTED_PROXIES"):
        env.proxy_header(HEADER, has_proxies=False)
