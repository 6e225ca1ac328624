"""Which names of hosts tell an organisation. Names and addresses are made up, their patterns are real ones."""

import pytest

from apps.companies.reverse.naming import domain_told

IP = "203.0.113.9"


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("mail.kestrel.example.", "kestrel.example"),
        ("gateway1.vie.Kestrel.co.uk", "kestrel.co.uk"),
        ("fw-2.kestrel.example", "kestrel.example"),
        ("kestrel.example", "kestrel.example"),
        ("www.westmere.ac.uk", "westmere.ac.uk"),
    ],
)
def test_a_name_under_an_organisations_domain_tells_it(host: str, domain: str) -> None:
    assert domain_told(host, IP) == domain


@pytest.mark.parametrize(
    "host",
    [
        "203-0-113-9.kestrel.example",
        "9.113.0.203.kestrel.example",
        "h203000113009.kestrel.example",
        "cb007109.kestrel.example",
        "p203.0.113.9-ip.kestrel.example",
        "dyn-7.kestrel.example",
        "pool4.kestrel.example",
        "x.adsl.kestrel.example",
        "a7.customer.kestrel.example",
        "static.kestrel.example",
        "vps12.kestrel.example",
        "tor-exit.kestrel.example",
        "nat-out3.kestrel.example",
    ],
)
def test_a_name_that_a_machine_made_for_a_line_tells_nobody(host: str) -> None:
    assert domain_told(host, IP) == ""


@pytest.mark.parametrize(
    "host",
    ["mail.kestrel-telecom.example", "mail.hosting-kestrel.example", "mx.gmail.com", "x.compute.amazonaws.com",
     "shop.github.io", "localhost", "router.lan", "co.uk", "", "a..b", "\x00.kestrel.example"],
)  # fmt: skip
def test_a_providers_or_nobodys_domain_tells_nobody(host: str) -> None:
    assert domain_told(host, IP) == ""


def test_a_name_made_of_an_ipv6_address_tells_nobody() -> None:
    assert domain_told("20010db80000.kestrel.example", "2001:db8::7") == ""
    assert domain_told("mail.kestrel.example", "2001:db8::7") == "kestrel.example"
