"""Don't count me: by a person's own act, in this browser, until taken back."""

from tests.tracker.acting import hide
from tests.tracker.conftest import World


def test_the_address_switches_counting_off_and_says_so(world: World) -> None:
    said: list[str] = []
    start = world.page("/")
    page = world.context.new_page()
    page.on("console", lambda message: said.append(message.text))
    page.goto(start + "#beacon-ignore")
    page.wait_for_function("localStorage.beacon_ignore === '1'")
    page.evaluate("beacon('event', 'x'); history.pushState({}, '', '/y')")
    hide(page)
    page.goto(world.page("/other", tag=""))
    with page.expect_console_message():
        page.goto(start)
    page.goto(world.site_url + "/other")
    assert world.beacon.received == []
    # On each of the two pages, and again whenever it would send.
    assert len(said) >= 2 and set(said) == {"beacon_ignore"}


def test_a_link_on_a_privacy_page_does_it_without_a_reload(world: World) -> None:
    page = world.open(world.page("/privacy", body='<a href="#beacon-ignore">Don\'t count me</a>'))
    world.beacon.wait_of("pageview")
    page.click("a")
    page.wait_for_function("localStorage.beacon_ignore === '1'")
    page.evaluate("beacon('event', 'x')")
    hide(page)
    page.goto(world.page("/other", tag=""))
    assert [event["kind"] for event in world.beacon.events] == ["pageview"]


def test_the_other_address_switches_it_on_again(world: World) -> None:
    start = world.page("/")
    page = world.open(start + "#beacon-ignore")
    page.wait_for_function("localStorage.beacon_ignore === '1'")
    page.goto("about:blank")
    page.goto(start + "#beacon-count")
    world.beacon.wait_of("pageview")
    assert page.evaluate("localStorage.length") == 0
