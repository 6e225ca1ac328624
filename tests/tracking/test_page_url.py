"""Addresses of pages: what is kept of them."""

import pytest

from apps.tracking.steps.page_url import PageUrl, allowed_query, kept_link, kept_referrer, page_url


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://shop.example/a/b", PageUrl("shop.example", "/a/b", "", "")),
        ("https://shop.example", PageUrl("shop.example", "/", "", "")),
        ("HTTP://Shop.Example:8080/x#part", PageUrl("shop.example", "/x", "", "")),
        ("https://jo:secret@shop.example/x", PageUrl("shop.example", "/x", "", "")),
        ("https://[2001:db8::1]:8080/x", PageUrl("[2001:db8::1]", "/x", "", "")),
        ("https://shop.example/?q=jo&utm_source=a&GCLID=b", PageUrl("shop.example", "/", "utm_source=a&GCLID=b", "")),
        ("https://müller.example/x", PageUrl("müller.example", "/x", "", "")),
        ("http://localhost:3000/x", PageUrl("localhost", "/x", "", "")),
    ],
)
def test_it_keeps_the_parts_that_may_be_kept(url: str, expected: PageUrl) -> None:
    assert page_url(url) == expected


def test_a_hash_route_is_kept_where_the_site_counts_them() -> None:
    url = "https://shop.example/app#/cart?x=1&utm_source=a"
    assert page_url(url, has_hash_routes=True) == PageUrl("shop.example", "/app", "", "/cart?utm_source=a")
    assert page_url(url, has_hash_routes=True, parameters=("x",)) == PageUrl(
        "shop.example", "/app", "", "/cart?x=1&utm_source=a"
    )


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/a/b",
        "shop.example/a",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "https://",
        "https:///x",
        "https://a b/",
        "https://<x>/",
    ],
)
def test_it_takes_absolute_web_addresses_only(url: str) -> None:
    assert page_url(url) is None


@pytest.mark.parametrize(
    ("referrer", "kept"),
    [
        ("https://www.google.com/search?q=private+words", "https://www.google.com/search"),
        ("android-app://com.google.android.gm/", "android-app://com.google.android.gm/"),
        ("HTTPS://user:pw@Example.org:443/a#b", "https://example.org/a"),
        ("about:blank", ""),
        ("nonsense", ""),
    ],
)
def test_of_a_referrer_host_and_path_are_kept(referrer: str, kept: str) -> None:
    assert kept_referrer(referrer) == kept


def test_a_site_keeps_parameters_of_its_own_besides() -> None:
    query = "Size=42&filter%5Bcolor%5D=red&q=jo&utm_source=a"
    assert allowed_query(query, ("filter[color]", "size")) == "Size=42&filter%5Bcolor%5D=red&utm_source=a"


def test_two_sites_that_share_an_address_keep_each_their_own() -> None:
    url = "https://shop.example/x?size=42"
    assert [page_url(url, parameters=("size",)), page_url(url)] == [
        PageUrl("shop.example", "/x", "size=42", ""),
        PageUrl("shop.example", "/x", "", ""),
    ]


def test_a_parameter_that_doesnt_fit_whole_is_left_out() -> None:
    long, mail = "utm_content=" + "a" * 1000, "utm_term=jo%40example.com"
    assert allowed_query(f"{long}&{mail}") == long
    assert allowed_query(f"{long}&ref=b") == f"{long}&ref=b"


@pytest.mark.parametrize(
    ("href", "kept"),
    [
        ("https://partner.example/x?name=Jo#y", "https://partner.example/x"),
        ("mailto:jo@example.org", "mailto:jo@example.org"),  # which scrubbing sees to
        ("tel:030-123456", "tel:030-123456"),
    ],
)
def test_of_a_links_target_host_and_path_are_kept(href: str, kept: str) -> None:
    assert kept_link(href) == kept


def test_only_parameters_of_the_list_are_kept() -> None:
    assert allowed_query("email=jo&utm_medium=x&token=1&ref=y&fbclid=z") == "utm_medium=x&ref=y&fbclid=z"
