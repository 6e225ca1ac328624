"""Personal data in texts (IN6): what is taken out, what must stay."""

import time

import pytest

from apps.tracking.steps.scrub import has_iban_check, has_luhn, scrub, scrub_query

TAKEN_OUT = [
    ("a@b.com/x", "[email]/x"),
    ("Hello jo.doe+news@mail.example.org!", "Hello [email]!"),
    ("jörg@müller.example", "[email]"),
    ("/u/jo%40example.com/edit", "/u/[email]/edit"),
    ("%6a%6f%40example.com", "[email]"),
    ("mailto:jo@example.org?subject=1", "mailto:[email]?subject=1"),
    # 4 -> 8, 1 -> 2 seven times at every second place, sum 8 + 8 x 1 + 7 x 2 = 30: a multiple of ten
    ("pay 4111 1111 1111 1111 now", "pay [card] now"),
    ("4111-1111-1111-1111", "[card]"),
    ("/c/5500005555555559", "/c/[card]"),
    ("378282246310005", "[card]"),
    ("4111%201111%201111%201111", "[card]"),
    ("IBAN DE89 3704 0044 0532 0130 00", "IBAN [account]"),
    ("gb29NWBK60161331926819", "[account]"),
    ("+49 170 1234567", "[phone]"),
    ("call 0049 30 1234567.", "call [phone]."),
    ("/u/%2B49%20170%201234567", "/u/[phone]"),
    ("tel:030-1234567", "tel:[phone]"),
    ("SSN 078-05-1120", "SSN [number]"),
    ("token=abc", "token=[secret]"),
    ("#access_token=abc&x=1", "#access_token=[secret]&x=1"),
    ("Password: hunter2", "Password: [secret]"),
    ("/reset/9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "/reset/[secret]"),
    ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc-def", "[secret]"),
    ("a\x00b\x1fc\x7f", "a b c "),
    ("line\u2028break", "line break"),
    ("t%00x%0A", "t%20x%20"),
    ("half \ud83d", "half  "),
]


@pytest.mark.parametrize(("text", "expected"), TAKEN_OUT, ids=range(len(TAKEN_OUT)))
def test_it_takes_out(text: str, expected: str) -> None:
    assert scrub(text) == expected


STAYS = [
    "/pricing/enterprise",
    "Prices @ a glance",
    "/blog/how-we-built-a-very-long-slug-with-many-words-in-2026",
    "/orders/018f0f6e-1111-7abc-8def-000000000001",
    "4111 1111 1111 1112",  # no card: the check digit is wrong
    "1732172400000",
    "order 1234567890123",
    "2026-11-21 10:00",
    "DE89370400440532013001",  # no account: modulo 97 isn't 1
    "monkey=banana",
    "100% of 50%",
    "v1.2.3+build.7",
    "/a%20b/c%C3%A9",
    "Größe 42",
]


@pytest.mark.parametrize("text", STAYS)
def test_it_leaves(text: str) -> None:
    assert scrub(text) == text


def test_each_parameter_is_scrubbed_by_itself() -> None:
    query = "utm_source=a%26b&utm_campaign=jo%40example.com&utm_term=x+y&gclid=Cj0KCQiA"
    assert scrub_query(query) == "utm_source=a%26b&utm_campaign=[email]&utm_term=x+y&gclid=Cj0KCQiA"


def test_card_and_account_checks_follow_their_standards() -> None:
    # 7992739871_: doubled from the right 1+9+8+2+... = 67 with the digit 3 -> 70
    assert has_luhn([7, 9, 9, 2, 7, 3, 9, 8, 7, 1, 3])
    assert not has_luhn([7, 9, 9, 2, 7, 3, 9, 8, 7, 1, 4])
    assert has_iban_check("GB82WEST12345698765432")
    assert not has_iban_check("GB82WEST12345698765431")


@pytest.mark.parametrize(
    "text",
    [
        "a" * 2048,
        "1 " * 1024,
        "@" * 2048,
        "a@" * 1024,
        "a.b" * 680,
        "%40" * 680,
        "DE12" + "A" * 2000,
        "4-" * 1000,
        "+1" * 1000,
    ],
)
def test_no_text_takes_long(text: str) -> None:
    start = time.process_time()
    scrub(text)
    assert time.process_time() - start < 0.1
