"""Which pages may send to a site."""

import pytest

from apps.agencies.models import SiteRoute
from apps.tracking import routes
from tests.tracking.doors import DoorClient, Streams, batch, pageview, why


@pytest.mark.parametrize(
    "origin",
    [
        "https://shop.example",
        "http://shop.example",
        "https://www.shop.example",
        "https://de.shop.example",
        "https://SHOP.example:8443",
        None,
    ],
)
def test_the_sites_own_pages_may(door: DoorClient, origin: str | None, streams: Streams) -> None:
    assert door.post(batch(pageview()), Origin=origin).status_code == 202
    assert streams.envelopes[0].has_origin is (origin is not None)


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "https://notshop.example",
        "https://shop.example.evil.example",
        "https://example",
        "null",
        "",
        "chrome-extension://abcdef",
        "https://",
        "nonsense",
        "https://\x00",
    ],
)
def test_foreign_pages_may_not(door: DoorClient, origin: str, streams: Streams) -> None:
    response = door.post(batch(pageview(1), pageview(2)), Origin=origin)
    assert (response.status_code, response["Beacon-Reason"]) == (403, "origin;2")
    assert "Origin" in why(response)
    assert streams.envelopes == []
    assert streams.refused == {"origin": 2}


def test_the_answer_names_the_origin_and_where_to_add_it(door: DoorClient) -> None:
    said = why(door.post(batch(pageview()), Origin="https://www.new.example"))["Origin"]
    assert said == (
        "https://www.new.example is not among this site's domains: "
        "add new.example to them in the site's settings in Beacon"
    )


def test_null_is_let_in_where_the_site_allows_it(door: DoorClient, route: SiteRoute) -> None:
    SiteRoute.objects.update(settings={"allows_null_origin": True})
    assert door.post(batch(pageview()), Origin="null").status_code == 202


@pytest.mark.parametrize("origin", ["http://localhost:3000", "http://localhost", "http://shop.localhost:8080"])
def test_ports_are_ignored(door: DoorClient, route: SiteRoute, origin: str) -> None:
    SiteRoute.objects.update(domains=["localhost:5173"])
    assert door.post(batch(pageview()), Origin=origin).status_code == 202


def test_a_new_domain_is_known_once_it_was_told(door: DoorClient, route: SiteRoute) -> None:
    assert door.post(batch(pageview()), Origin="https://new.example").status_code == 403
    SiteRoute.objects.update(domains=["shop.example", "new.example"])
    assert door.post(batch(pageview()), Origin="https://new.example").status_code == 403
    routes.heard(route.site_key)
    assert door.post(batch(pageview()), Origin="https://new.example").status_code == 202
