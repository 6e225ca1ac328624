"""Host -> agency, and who gets in."""

import pytest
from allauth.account.models import EmailAddress

from apps.agencies.hosts import host_without_port, safe_path
from tests.cast import Browser, Cast, public_browser


def test_an_agency_host_shows_the_agency(cast: Cast) -> None:
    response = cast.browser(cast.viewer).get("/account")
    assert response.status_code == 200
    assert b"Viewer of Alder" in response.content


def test_an_unknown_host_gets_a_plain_404(cast: Cast) -> None:
    response = Browser("nobody.localhost").get("/")
    assert response.status_code == 404
    assert b"No agency uses this address" in response.content


def test_a_host_that_isnt_allowed_gets_the_same_404(cast: Cast) -> None:
    response = Browser("evil.example").get("/")
    assert response.status_code == 404


def test_an_inactive_agency_is_an_unknown_host(cast: Cast) -> None:
    cast.alder.is_active = False
    cast.alder.save()
    assert cast.browser(cast.owner).get("/account").status_code == 404


@pytest.mark.parametrize("host", ["localhost", "localhost:8000", "www.localhost", "127.0.0.1:8000"])
def test_the_public_host_shows_what_beacon_is(cast: Cast, host: str) -> None:
    response = Browser(host).get("/")
    assert response.status_code == 200
    assert b"Sign up your agency" in response.content


@pytest.mark.parametrize("host", ["127.0.0.1", "nobody.localhost", "alder.localhost"])
def test_health_is_answered_without_an_agency(cast: Cast, host: str) -> None:
    assert Browser(host).get("/health").status_code == 200


def test_an_anonymous_browser_is_sent_to_the_login_and_back(cast: Cast) -> None:
    response = cast.browser(None).get("/s/first-site/?period=7d")
    assert response.status_code == 302
    assert response["Location"] == "/login?next=%2Fs%2Ffirst-site%2F%3Fperiod%3D7d"


def test_a_fragments_request_of_a_logged_out_browser_moves_the_whole_page(cast: Cast) -> None:
    response = cast.browser(None).htmx(
        "/s/first-site/panels/sources", **{"HX-Current-URL": "http://alder.localhost:8000/s/first-site/?period=7d"}
    )
    assert response.status_code == 401
    assert response["HX-Redirect"] == "/login?next=%2Fs%2Ffirst-site%2F%3Fperiod%3D7d"


def test_a_user_of_another_agency_learns_nothing(cast: Cast) -> None:
    response = cast.browser(cast.outsider).get("/")
    assert response.status_code == 404
    assert b"Alder" not in response.content


def test_a_member_who_was_removed_is_out_at_the_next_request(cast: Cast) -> None:
    browser = cast.browser(cast.viewer)
    assert browser.get("/account").status_code == 200
    cast.viewer.delete()
    assert browser.get("/account").status_code == 404


def test_the_session_cookie_is_for_its_host_alone(cast: Cast) -> None:
    browser = public_browser()
    browser.get("/login")
    browser.post("/login", {"login": cast.owner.user.email, "password": "korrekt-pferd-9"})
    assert browser.cookies["sessionid"]["domain"] == ""
    assert browser.cookies["sessionid"]["httponly"]


def test_the_shell_asks_for_confirmation_until_the_address_is_confirmed(cast: Cast) -> None:
    address = EmailAddress.objects.get(user=cast.viewer.user)
    address.verified = False
    address.save()
    browser = cast.browser(cast.viewer)
    assert b"Confirm your e-mail" in browser.get("/account").content
    address.verified = True
    address.save()
    assert b"Confirm your e-mail" not in browser.get("/account").content


@pytest.mark.parametrize(
    ("header", "host"),
    [
        ("alder.localhost", "alder.localhost"),
        ("Alder.localhost.:8000", "alder.localhost"),
        ("127.0.0.1:8000", "127.0.0.1"),
        ("[::1]:8000", "::1"),
    ],
)
def test_a_host_is_read_without_its_port(header: str, host: str) -> None:
    assert host_without_port(header) == host


@pytest.mark.parametrize(
    ("given", "path"),
    [("/s/a/?x=1", "/s/a/?x=1"), ("//evil.example", "/"), ("https://evil.example", "/"), ("/\\evil", "/"), ("", "/")],
)
def test_nobody_is_sent_to_another_host(given: str, path: str) -> None:
    assert safe_path(given) == path
