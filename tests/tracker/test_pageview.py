from tests.tracker.acting import LEAVE_AT_LOAD
from tests.tracker.conftest import SITE_KEY, World


def test_it_counts_a_page_with_its_address_title_and_referrer(world: World) -> None:
    first = world.page("/", title="Start", body='<a href="/prices?plan=a#top">Prices</a>')
    world.page("/prices", title="Prices")
    page = world.open(first + "?utm_source=news&gclid=g1")
    world.beacon.wait_of("pageview")
    page.click("a")
    start, prices = world.beacon.wait_of("pageview", 2)
    assert (start["url"], start["title"], start["referrer"]) == (first + "?utm_source=news&gclid=g1", "Start", "")
    assert prices["url"] == world.site_url + "/prices?plan=a"
    assert prices["title"] == "Prices"
    assert prices["referrer"] == first + "?utm_source=news&gclid=g1"
    assert start["id"] != prices["id"]


def test_it_says_which_site_and_what_the_browser_is(world: World) -> None:
    world.open(world.page("/"))
    world.beacon.wait_of("pageview")
    [request] = world.beacon.received
    assert request.path == "/api/track/batch"
    assert request.headers["Content-Type"] == "text/plain;charset=UTF-8"
    assert request.body["site_key"] == SITE_KEY
    assert request.body["context"]["viewport"] == [1280, 720]
    assert abs(request.body["sent_at"] - request.events[0]["at"]) < 30_000


def test_it_leaves_the_page_half_a_second_to_load(world: World) -> None:
    world.open(world.page("/"))
    [event] = world.beacon.wait_of("pageview")
    assert world.beacon.received[0].body["sent_at"] - event["at"] >= 490


def test_a_page_left_as_soon_as_it_has_loaded_is_counted(world: World) -> None:
    world.page("/next", tag="")
    world.open(world.page("/", title="Short", head=f"<script>{LEAVE_AT_LOAD}</script>"))
    [view] = world.beacon.wait_of("pageview")
    [engagement] = world.beacon.wait_of("engagement")
    assert (view["url"], view["title"], engagement["page_id"]) == (world.site_url + "/", "Short", view["id"])


def test_an_app_without_a_title_counts_addresses_that_are_replaced_later(world: World) -> None:
    page = world.open(world.page("/", title=""))
    world.beacon.wait_of("pageview")
    page.evaluate("history.replaceState({}, '', '/two')")
    assert [view["url"] for view in world.beacon.wait_of("pageview", 2)] == [
        world.site_url + "/",
        world.site_url + "/two",
    ]


def test_it_keeps_the_fragment_out(world: World) -> None:
    page = world.open(world.page("/") + "#part")
    world.beacon.wait_of("pageview")
    page.evaluate("location.hash = 'other'; beacon('event', 'last')")
    world.beacon.wait_of("event")
    assert [event["url"] for event in world.beacon.of("pageview")] == [world.site_url + "/"]


def test_a_tag_that_is_there_twice_counts_once(world: World) -> None:
    page = world.open(world.page("/", tag=world.tag() + world.tag()))
    world.beacon.wait_of("pageview")
    page.evaluate("history.pushState({}, '', '/two')")
    world.beacon.wait_of("pageview", 2)
    page.evaluate("beacon('event', 'last')")
    world.beacon.wait_of("event")
    assert len(world.beacon.of("pageview")) == 2
