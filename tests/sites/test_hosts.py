import pytest

from apps.sites.hosts import host_clean, hosts_clean


@pytest.mark.parametrize(
    ("written", "host"),
    [
        ("kestrel.example", "kestrel.example"),
        (" https://www.Kestrel.example:8080/en?x=1#y ", "kestrel.example"),
        ("http://user@shop.kestrel.example/", "shop.kestrel.example"),
        ("kestrel.example.", "kestrel.example"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("localhost:3000", "localhost"),
        ("192.0.2.7:8080", "192.0.2.7"),
        ("http://[::1]:3000/", "[::1]"),
        ("a_b.example", "a_b.example"),
    ],
)
def test_a_domain_is_kept_in_one_form(written: str, host: str) -> None:
    assert host_clean(written) == host


@pytest.mark.parametrize("written", ["", "www.", "kestrel..example", "-x.example", "a b", "https://", "ex*mple.com"])
def test_what_is_no_domain_is_refused(written: str) -> None:
    with pytest.raises(ValueError):
        host_clean(written)


def test_several_are_read_in_order_and_once() -> None:
    assert hosts_clean("b.example, www.a.example\nb.example\n") == ["b.example", "a.example"]
