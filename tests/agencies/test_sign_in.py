"""Signing in on the public host and coming back: once, soon, in the same browser, to the same agency."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import redis
from django.conf import settings
from django.contrib.sessions.models import Session

from apps.agencies import handover
from tests.cast import Browser, Cast, public_browser
from tests.factories import PASSWORD
from tests.secret_keys import former_key_drop, key_change


def leave_for_login(browser: Browser, path: str = "/s/first-site/") -> str:
    """Press on a page while logged out; return the public address it leads to, without its host."""
    first = browser.get(path)
    second = browser.get(first["Location"])
    target = urlsplit(second["Location"])
    assert target.hostname == "localhost"
    return f"{target.path}?{target.query}"


def sign_in(public: Browser, cast: Cast) -> None:
    response = public.post("/login", {"login": cast.analyst.user.email, "password": PASSWORD})
    assert response.status_code == 302


def way_back(public: Browser, address: str) -> str:
    """Follow the hand-over of somebody logged in; return the agency's address without its host."""
    target = urlsplit(public.get(address)["Location"])
    assert target.hostname == "alder.localhost"
    return f"{target.path}?{target.query}"


def test_signing_in_leads_back_to_the_page_one_wanted(cast: Cast) -> None:
    agency, public = cast.browser(None), public_browser()
    address = leave_for_login(agency, "/s/first-site/?period=7d")
    login = public.get(address)
    assert urlsplit(login["Location"]).path == "/login"
    wanted = parse_qs(urlsplit(login["Location"]).query)["next"][0]
    response = public.post("/login", {"login": cast.analyst.user.email, "password": PASSWORD, "next": wanted})
    assert response["Location"] == wanted
    landed = agency.get(way_back(public, wanted))
    assert landed["Location"] == "/s/first-site/?period=7d"
    assert agency.get("/account").status_code == 200


def test_who_is_logged_in_on_the_public_host_needs_no_second_login(cast: Cast) -> None:
    agency, public = cast.browser(None), public_browser(cast.analyst.user)
    response = agency.get(way_back(public, leave_for_login(agency)))
    assert response["Location"] == "/s/first-site/"


def test_a_token_is_good_once(cast: Cast) -> None:
    agency, public = cast.browser(None), public_browser(cast.analyst.user)
    back = way_back(public, leave_for_login(agency))
    assert agency.get(back).status_code == 302
    agency.cookies.pop("sessionid")
    again = agency.get(back)
    assert again.status_code == 400
    assert b"Sign in again" in again.content


def test_a_token_is_kept_for_a_minute(cast: Cast) -> None:
    agency, public = cast.browser(None), public_browser(cast.analyst.user)
    way_back(public, leave_for_login(agency))
    client = redis.Redis.from_url(settings.REDIS_CACHE_URL)
    lives = [client.ttl(key) for key in client.scan_iter("handover:*")]
    assert lives and all(0 < left <= 60 for left in lives)


def test_an_expired_token_lets_nobody_in(cast: Cast) -> None:
    agency, public = cast.browser(None), public_browser(cast.analyst.user)
    back = way_back(public, leave_for_login(agency))
    client = redis.Redis.from_url(settings.REDIS_CACHE_URL)
    for key in client.scan_iter("handover:*"):
        client.pexpire(key, 0)
    assert agency.get(back).status_code == 400
    assert agency.get("/account").status_code == 302


def test_a_token_is_good_in_its_browser_alone(cast: Cast) -> None:
    agency, public = cast.browser(None), public_browser(cast.analyst.user)
    back = way_back(public, leave_for_login(agency))
    stranger = cast.browser(None)
    leave_for_login(stranger)
    assert stranger.get(back).status_code == 400


def test_a_token_is_good_at_its_agency_alone(cast: Cast) -> None:
    agency, public = cast.browser(None), public_browser(cast.analyst.user)
    back = way_back(public, leave_for_login(agency))
    other = cast.browser(None, cast.birch)
    other.cookies[handover.NONCE_COOKIE] = agency.cookies[handover.NONCE_COOKIE].value
    assert other.get(back).status_code == 400


def test_a_token_isnt_readable_where_it_is_kept(cast: Cast) -> None:
    agency, public = cast.browser(None), public_browser(cast.analyst.user)
    token = parse_qs(urlsplit(way_back(public, leave_for_login(agency))).query)["token"][0]
    client = redis.Redis.from_url(settings.REDIS_CACHE_URL)
    assert not list(client.scan_iter(f"*{token}*"))


def test_the_nonce_stays_on_the_agencys_login(cast: Cast) -> None:
    agency = cast.browser(None)
    address = leave_for_login(agency)
    cookie = agency.cookies[handover.NONCE_COOKIE]
    assert cookie["path"] == "/login"
    assert cookie["httponly"]
    assert cookie.value not in address


def test_somebody_of_another_agency_gets_no_token(cast: Cast) -> None:
    agency, public = cast.browser(None), public_browser(cast.outsider.user)
    response = public.get(leave_for_login(agency))
    assert response.status_code == 404
    assert b"Alder" not in response.content
    assert b"Birch" in response.content


def test_the_login_leads_to_the_only_agency(cast: Cast) -> None:
    public = public_browser(cast.viewer.user)
    assert public.get("/agencies")["Location"].startswith("http://alder.localhost")


def test_a_wrong_password_is_said_without_saying_which_was_wrong(cast: Cast) -> None:
    public = public_browser()
    wrong = public.post("/login", {"login": cast.owner.user.email, "password": "wrong-wrong-1"})
    unknown = public.post("/login", {"login": "nobody@people.example", "password": "wrong-wrong-1"})
    text = b"The email address and/or password you specified are not correct."
    assert text in wrong.content
    assert text in unknown.content


def test_guessing_passwords_is_slowed_down(cast: Cast) -> None:
    public = public_browser()
    for number in range(6):
        response = public.post("/login", {"login": cast.admin.user.email, "password": f"guess-number-{number}"})
    assert b"Too many failed login attempts" in response.content


def test_signing_out_of_the_agency_ends_the_public_session_too(cast: Cast) -> None:
    agency, public = cast.browser(None), public_browser(cast.analyst.user)
    agency.get(way_back(public, leave_for_login(agency)))
    response = agency.post("/logout")
    assert response["Location"].startswith("http://localhost")
    assert agency.get("/account").status_code == 302
    assert public.get("/agencies").status_code == 302
    assert public.get("/agencies")["Location"].startswith("/login")


def test_signing_out_of_the_public_host_ends_the_agencys_session_too(cast: Cast) -> None:
    agency, public = cast.browser(None), public_browser(cast.analyst.user)
    agency.get(way_back(public, leave_for_login(agency)))
    assert agency.get("/account").status_code == 200
    public.post("/logout")
    assert agency.get("/account").status_code == 302
    assert not Session.objects.filter(session_key=agency.cookies["sessionid"].value).exists()


def test_a_changed_secret_key_ends_no_session_and_parts_none(cast: Cast, settings: Any) -> None:
    agency, public = cast.browser(None), public_browser(cast.analyst.user)
    agency.get(way_back(public, leave_for_login(agency)))
    key_change(settings)
    # The public host sends who is logged in on to the agency.
    for _ in range(2):
        assert urlsplit(public.get("/agencies")["Location"]).hostname == "alder.localhost"
        assert agency.get("/account").status_code == 200
        former_key_drop(settings)
    agency.post("/logout")
    assert agency.get("/account").status_code == 302
    assert public.get("/agencies")["Location"].startswith("/login")


def test_a_mere_link_signs_nobody_out(cast: Cast) -> None:
    agency = cast.browser(cast.viewer)
    assert agency.get("/logout")["Location"] == "http://localhost:8000/logout"
    assert agency.get("/account").status_code == 200


@pytest.mark.parametrize("path", ["/login", "/signup", "/password/reset", "/"])
def test_public_pages_need_no_login(cast: Cast, path: str) -> None:
    assert public_browser().get(path).status_code == 200
