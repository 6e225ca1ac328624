"""A site's settings: who may, what is kept, and what the doors get to know."""

from ipaddress import ip_network
from typing import Any

import pytest
import redis
from django.conf import settings
from pytest_django import DjangoCaptureOnCommitCallbacks

from apps.agencies.models import SiteRoute
from apps.sites.exclusions import from_text, networks_open
from apps.sites.models import Site
from apps.sites.proxy_key import _site_of, proxy_key, site_of_proxy
from apps.sites.services import site_set_status
from tests.cast import Cast
from tests.secret_keys import former_key_drop, key_change

PAGE = "/s/first-site/settings"
FORM = {
    "name": "First site",
    "domains": "first.example",
    "time_zone": "UTC",
    "retention": "90",
}
POSTS = {
    PAGE: FORM,
    f"{PAGE}/own-visits": {"addresses": "192.0.2.1"},
    f"{PAGE}/client": {"client": "1"},
    f"{PAGE}/status": {"status": "paused"},
    f"{PAGE}/delete": {"confirm": "first-site"},
}
GETS = (PAGE, f"{PAGE}/delete", f"{PAGE}/arrival")


def route(site: Site) -> SiteRoute:
    return SiteRoute.objects.get(site_key=site.site_key)


@pytest.mark.parametrize("path", GETS)
def test_managers_and_above_see_it(cast: Cast, path: str) -> None:
    for member in (cast.owner, cast.admin, cast.manager, cast.limited):
        assert cast.browser(member).get(path).status_code == 200


@pytest.mark.parametrize("path", GETS)
def test_lower_roles_are_refused(cast: Cast, path: str) -> None:
    for member in (cast.analyst, cast.viewer):
        assert cast.browser(member).get(path).status_code == 403


@pytest.mark.parametrize("path", [*GETS, f"{PAGE}/trust", f"{PAGE}/trust.csv", "/s/first-site/waiting"])
def test_for_outsiders_it_isnt_there(cast: Cast, path: str) -> None:
    assert cast.browser(cast.outsider).get(path).status_code == 404
    assert cast.browser(cast.outsider, cast.birch).get(path).status_code == 404


@pytest.mark.parametrize("path", [*GETS, f"{PAGE}/trust", f"{PAGE}/trust.csv", "/s/first-site/waiting"])
def test_for_a_manager_of_other_clients_it_isnt_there(cast: Cast, path: str) -> None:
    assert cast.browser(cast.limited).get(path.replace("first", "second")).status_code == 404


@pytest.mark.parametrize(("path", "form"), POSTS.items())
def test_nobody_below_or_outside_changes_anything(in_alder: Cast, path: str, form: dict[str, str]) -> None:
    cast = in_alder
    before = Site.objects.filter(id=cast.site.id).values().get()
    assert cast.browser(cast.analyst).post(path, form).status_code == 403
    assert cast.browser(cast.outsider).post(path, form).status_code == 404
    assert cast.browser(cast.limited).post(path.replace("first", "second"), form).status_code == 404
    assert Site.objects.filter(id=cast.site.id).values().get() == before
    assert Site.objects.filter(id=cast.other_site.id).exists()


def test_it_saves_name_domains_retention_and_routes(in_alder: Cast) -> None:
    cast = in_alder
    form = {
        "name": "New name",
        "domains": "https://www.New.example/path\nshop.new.example",
        "time_zone": "Europe/Berlin",
        "retention": "ever",
        "hash_routes": "on",
    }
    assert cast.browser(cast.manager).post(PAGE, form).status_code == 302
    site = Site.objects.get(id=cast.site.id)
    assert (site.name, site.time_zone) == ("New name", "Europe/Berlin")
    assert (site.retention_days, site.hash_routes) == (None, True)
    assert (site.slug, site.site_key) == (cast.site.slug, cast.site.site_key)
    assert route(site).domains == ["new.example", "shop.new.example"]
    assert route(site).settings["hash_routes"] is True
    assert route(site).settings["retention_days"] is None


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("name", "", b"This field is required"),
        ("domains", "not a/domain!", b"isn&#x27;t a domain such as kestrel.example"),
        ("domains", "  ", b"This field is required"),
        ("time_zone", "Mars/Olympus", b"Select a valid choice"),
        ("retention", "-1", b"Select a valid choice"),
        ("query_parameters", "a b&c", b"b&amp;c isn&#x27;t the name of a parameter"),
        ("query_parameters", "x" * 65, b"isn&#x27;t the name of a parameter"),
        ("query_parameters", " ".join(f"p{n}" for n in range(31)), b"30 names at most"),
        ("rate_per_second", "0", b"greater than or equal to 1"),
        ("rate_per_second", "50001", b"less than or equal to 50000"),
        ("rate_per_second", "many", b"Enter a whole number"),
    ],
)
def test_a_wrong_form_comes_back_with_what_is_wrong(cast: Cast, field: str, value: str, says: bytes) -> None:
    response = cast.browser(cast.manager).post(PAGE, {**FORM, field: value})
    assert response.status_code == 422
    assert says in response.content


def test_it_saves_what_the_door_takes_of_the_site(in_alder: Cast) -> None:
    cast = in_alder
    more = {"query_parameters": "Size, filter[color]\nsize", "rate_per_second": "20", "allows_null_origin": "on"}
    assert cast.browser(cast.manager).post(PAGE, FORM | more).status_code == 302
    site = Site.objects.get(id=cast.site.id)
    assert (site.query_parameters, site.rate_per_second, site.allows_null_origin) == (
        ["filter[color]", "size"],
        20,
        True,
    )
    assert {name: route(site).settings[name] for name in more} == {
        "query_parameters": ["filter[color]", "size"],
        "rate_per_second": 20,
        "allows_null_origin": True,
    }
    page = cast.browser(cast.manager).get(PAGE).content.decode()
    assert "filter[color]\nsize</textarea>" in page
    assert cast.browser(cast.manager).post(PAGE, FORM).status_code == 302
    site.refresh_from_db()
    assert (site.query_parameters, site.rate_per_second, site.allows_null_origin) == ([], None, False)
    assert route(site).settings["rate_per_second"] is None


def test_only_who_may_see_the_settings_sees_the_proxys_key(cast: Cast) -> None:
    key = proxy_key(cast.site.site_key)
    assert key in cast.browser(cast.manager).get(PAGE).content.decode()
    assert key not in cast.browser(cast.analyst).get(PAGE).content.decode()


def test_a_proxys_key_is_good_for_its_site_alone(cast: Cast) -> None:
    key = proxy_key(cast.site.site_key)
    assert site_of_proxy(key) == cast.site.site_key
    assert site_of_proxy(key.replace(cast.site.site_key, cast.other_site.site_key)) == ""
    for wrong in ("", ".", key[:-1], key + "=", "x" * 10_000, f"{cast.site.site_key}.", key.replace(".", ",")):
        assert site_of_proxy(wrong) == ""


def test_a_proxys_key_is_good_for_as_long_as_its_secret_key_is_at_hand(settings: Any) -> None:
    key = proxy_key("of-a-changed-key")
    key_change(settings)
    assert proxy_key("of-a-changed-key") != key
    assert site_of_proxy(key) == "of-a-changed-key"
    former_key_drop(settings)
    _site_of.cache_clear()
    assert site_of_proxy(key) == ""


def test_doors_are_told_of_each_change(
    in_alder: Cast, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    cast = in_alder
    version = route(cast.site).version
    server: Any = redis.Redis.from_url(settings.REDIS_CACHE_URL)
    channel = server.pubsub(ignore_subscribe_messages=True)
    channel.subscribe("beacon:site-routes")
    channel.get_message(timeout=5)
    with django_capture_on_commit_callbacks(execute=True):
        site_set_status(site=cast.site, status=Site.Status.PAUSED)
    message = channel.get_message(timeout=5)
    channel.close()
    assert message is not None and message["data"] == cast.site.site_key.encode()
    assert (route(cast.site).status, route(cast.site).version) == ("paused", version + 1)


@pytest.mark.parametrize("status", ["paused", "archived", "active"])
def test_a_site_is_paused_archived_and_resumed(in_alder: Cast, status: str) -> None:
    cast = in_alder
    cast.browser(cast.limited).post(f"{PAGE}/status", {"status": status})
    assert Site.objects.get(id=cast.site.id).status == status
    assert route(cast.site).status == status


def test_a_made_up_status_changes_nothing(in_alder: Cast) -> None:
    cast = in_alder
    cast.browser(cast.manager).post(f"{PAGE}/status", {"status": "flying"})
    assert Site.objects.get(id=cast.site.id).status == "active"


def test_a_site_moves_to_another_client(in_alder: Cast) -> None:
    cast = in_alder
    cast.browser(cast.manager).post(f"{PAGE}/client", {"client": cast.second.id})
    assert Site.objects.get(id=cast.site.id).client_id == cast.second.id
    assert cast.browser(cast.limited).get(PAGE).status_code == 404


def test_a_site_moves_to_no_client_that_one_cant_see(in_alder: Cast) -> None:
    cast = in_alder
    response = cast.browser(cast.limited).post(f"{PAGE}/client", {"client": cast.second.id})
    assert response.status_code == 422
    assert b"Second" not in response.content
    assert Site.objects.get(id=cast.site.id).client_id == cast.first.id


def test_own_addresses_are_kept_sealed_and_reach_the_door(in_alder: Cast) -> None:
    cast = in_alder
    browser = cast.browser(cast.manager)
    browser.post(f"{PAGE}/own-visits", {"addresses": "192.0.2.7\n2001:db8::/32, 198.51.100.0/24"})
    site = Site.objects.get(id=cast.site.id)
    expected = [ip_network("192.0.2.7/32"), ip_network("198.51.100.0/24"), ip_network("2001:db8::/32")]
    assert networks_open(site.ignored_addresses_sealed) == expected
    assert networks_open(from_text(route(site).settings["ignored_addresses"])) == expected
    assert b"192.0.2.7" not in bytes(site.ignored_addresses_sealed or b"")
    assert "192.0.2" not in str(route(site).settings)
    assert b"192.0.2.7\n198.51.100.0/24" in browser.get(PAGE).content


def test_own_addresses_can_be_given_up(in_alder: Cast) -> None:
    cast = in_alder
    browser = cast.browser(cast.manager)
    browser.post(f"{PAGE}/own-visits", {"addresses": "192.0.2.7"})
    browser.post(f"{PAGE}/own-visits", {"addresses": ""})
    assert Site.objects.get(id=cast.site.id).ignored_addresses_sealed is None
    assert route(cast.site).settings["ignored_addresses"] == ""


def test_what_is_no_address_is_named(cast: Cast) -> None:
    response = cast.browser(cast.manager).post(f"{PAGE}/own-visits", {"addresses": "192.0.2.7\noffice"})
    assert response.status_code == 422
    assert b"office is neither an address nor a range" in response.content


def test_the_page_shows_the_tag_and_how_not_to_be_counted(cast: Cast) -> None:
    page = cast.browser(cast.manager).get(PAGE).content.decode()
    assert cast.site.site_key in page
    assert "/b.js" in page
    assert 'href="https://first.example/#beacon-ignore"' in page
    assert 'href="https://first.example/#beacon-count"' in page


def test_with_hash_routes_the_tag_says_so(in_alder: Cast) -> None:
    cast = in_alder
    cast.site.hash_routes = True
    cast.site.save()
    assert "data-hash&gt;" in cast.browser(cast.manager).get(PAGE).content.decode()
