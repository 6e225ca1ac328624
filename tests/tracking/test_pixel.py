"""`GET /api/track/pixel.gif`: always the same picture; what became of it stands in a header."""

import pytest

from apps.agencies.models import SiteRoute
from tests.tracking.doors import SITE_KEY, DoorClient, Streams

PAGE = "https://shop.example/no-script"


def test_it_counts_a_page_view(door: DoorClient, streams: Streams) -> None:
    response = door.pixel(site_key=SITE_KEY, url=PAGE, referrer="https://www.google.com/", title="Plain")
    assert (response.status_code, response["Content-Type"], len(response.content)) == (200, "image/gif", 43)
    assert "no-store" in response["Cache-Control"]
    assert "Beacon-Reason" not in response
    (envelope,) = streams.envelopes
    event = envelope.events[0]
    assert (envelope.origin, event.kind, event.host, event.path, event.title) == (
        "pixel",
        "pageview",
        "shop.example",
        "/no-script",
        "Plain",
    )
    assert event.referrer == "https://www.google.com/"


def test_a_name_makes_it_an_event_that_needs_no_page(door: DoorClient, streams: Streams) -> None:
    door.pixel(site_key=SITE_KEY, name="mail_opened")
    event = streams.envelopes[0].events[0]
    assert (event.kind, event.name, event.is_interactive) == ("event", "mail_opened", False)


def test_without_an_address_the_page_that_shows_it_is_meant(door: DoorClient, streams: Streams) -> None:
    headers = {"Host": "localhost", "Referer": PAGE}
    door.client.get("/api/track/pixel.gif", {"site_key": SITE_KEY}, headers=headers)
    assert streams.envelopes[0].events[0].path == "/no-script"


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ({}, "invalid"),
        ({"site_key": "nobody", "url": PAGE}, "site"),
        ({"site_key": SITE_KEY}, "invalid"),
        ({"site_key": SITE_KEY, "url": "nonsense"}, "invalid"),
        ({"site_key": "a\x00b", "url": PAGE}, "site"),
        ({"site_key": SITE_KEY, "url": "x" * 9000}, "invalid"),
        ({"site_key": SITE_KEY, **{f"a{n}": "1" for n in range(30)}}, "invalid"),
    ],
)
def test_whatever_is_wrong_it_is_a_picture(
    door: DoorClient, streams: Streams, query: dict[str, str], reason: str
) -> None:
    response = door.pixel(**query)
    assert (response.status_code, len(response.content), response["Beacon-Reason"]) == (200, 43, reason)
    assert streams.envelopes == []


def test_invalid_unicode_is_stored_safely(door: DoorClient, streams: Streams) -> None:
    query = f"site_key={SITE_KEY}&url=https%3A%2F%2Fshop.example%2F%ff%00&title=%ed%a0%80a%00"
    response = door.client.get(f"/api/track/pixel.gif?{query}", headers={"Host": "localhost"})
    assert "Beacon-Reason" not in response or response["Beacon-Reason"].startswith("bot_declared")
    assert "\x00" not in streams.envelopes[0].events[0].title + streams.envelopes[0].events[0].path


def test_asking_for_its_headers_counts_nothing(door: DoorClient, streams: Streams) -> None:
    response = door.client.head(
        "/api/track/pixel.gif", {"site_key": SITE_KEY, "url": PAGE}, headers={"Host": "localhost"}
    )
    assert (response.status_code, response["Content-Type"], response.content) == (200, "image/gif", b"")
    assert "no-store" in response["Cache-Control"]
    assert streams.raw == b""


@pytest.mark.parametrize(
    ("agent", "is_person"),
    [
        ("Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)", False),
        ("YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html", False),
        ("Mozilla/5.0", False),  # Apple's mail privacy
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:128.0) Gecko/20100101 Thunderbird/128.0", True),
        ("Mozilla/4.0 (compatible; ms-office; MSOffice 16)", True),
    ],
)
def test_the_proxies_of_mail_providers_are_no_people(
    door: DoorClient, streams: Streams, agent: str, is_person: bool
) -> None:
    headers = {"Host": "localhost", "User-Agent": agent}
    query = {"site_key": SITE_KEY, "name": "mail_opened"}
    response = door.client.get("/api/track/pixel.gif", query, headers=headers)
    assert response.get("Beacon-Reason") == (None if is_person else "bot_declared")
    assert len(streams.envelopes) == 1


def test_what_is_cut_leaves_no_half_address(door: DoorClient, streams: Streams) -> None:
    title = "A word " * 72 + "eva.muster@alder.example"
    door.pixel(site_key=SITE_KEY, url=f"{PAGE}?utm_term={'x' * 1980}&ref=eva.muster@alder.example", title=title)
    event = streams.envelopes[0].events[0]
    assert len(event.title) > 490
    assert "eva" not in event.title + event.query


def test_a_paused_site_is_told_in_the_header(door: DoorClient, route: SiteRoute, streams: Streams) -> None:
    SiteRoute.objects.update(status="paused")
    assert door.pixel(site_key=SITE_KEY, url=PAGE)["Beacon-Reason"] == "site"
    assert streams.refused == {"site_paused": 1}
