"""The page that carries the tag is never harmed; that no page saw an error is checked after every test."""

import pytest

from tests.tracker.conftest import World
from tests.tracker.recorder import Answer


def test_only_one_global_is_added(world: World) -> None:
    bare = world.open(world.page("/bare", tag=""))
    before = set(bare.evaluate("Object.getOwnPropertyNames(window)"))
    page = world.open(world.page("/"))
    world.beacon.wait_of("pageview")
    assert set(page.evaluate("Object.getOwnPropertyNames(window)")) - before == {"beacon"}


def test_nothing_is_stored_on_the_device(world: World) -> None:
    page = world.open(world.page("/"))
    world.beacon.wait_of("pageview")
    page.evaluate("beacon('event', 'x')")
    world.beacon.wait_of("event")
    assert page.evaluate("[document.cookie, localStorage.length, sessionStorage.length]") == ["", 0, 0]
    assert world.context.cookies() == []


def test_frozen_prototypes_do_no_harm(world: World) -> None:
    frozen = "<script>[Object, Array, Function, History].map(c => Object.freeze(c.prototype))</script>"
    page = world.open(world.page("/", head=frozen))
    world.beacon.wait_of("pageview")
    page.evaluate("beacon('event', 'x', {props: {a: 1}})")
    world.beacon.wait_of("event")
    page.evaluate("beacon('consent', {analytics: true}); beacon('identify', {id: 'u'})")
    world.beacon.wait_of("identify")
    page.evaluate("beacon('consent', {analytics: false})")
    world.beacon.wait(lambda: any(sent.body["consent"].get("analytics") == "denied" for sent in world.beacon.received))


def test_a_strict_policy_that_allows_the_host_is_enough(world: World) -> None:
    policy = (
        f"default-src 'none'; script-src {world.beacon_url} 'unsafe-inline'; connect-src {world.beacon_url}; "
        "require-trusted-types-for 'script'"
    )
    # A browser gives a closing page half a second, in which a busy machine may not get to it.
    for count in range(1, 4):
        page = world.open(world.page("/", headers={"Content-Security-Policy": policy}))
        world.beacon.wait_of("pageview", count)
        page.evaluate("beacon('event', 'x')")
        page.close()
        if world.beacon.has_come(lambda: world.beacon.of("event"), seconds=10):
            break
    assert world.beacon.of("event")


def test_a_policy_that_forbids_sending_does_no_harm(world: World) -> None:
    page = world.open(world.page("/", headers={"Content-Security-Policy": "connect-src 'none'"}))
    page.wait_for_function("!!window.beacon")
    page.evaluate("beacon('event', 'x'); history.pushState({}, '', '/y')")
    assert world.beacon.received == []


@pytest.mark.parametrize(
    "broken",
    [
        "delete window.fetch; window.fetch = undefined; Navigator.prototype.sendBeacon = undefined",
        "window.fetch = () => { throw new Error('broken') }; Navigator.prototype.sendBeacon = () => false",
        "window.fetch = () => undefined; Navigator.prototype.sendBeacon = undefined",
    ],
)
def test_without_fetch_and_beacons_the_old_way_serves(world: World, broken: str) -> None:
    page = world.open(world.page("/", head=f"<script>{broken}</script>"))
    world.beacon.wait_of("pageview")
    page.evaluate("beacon('event', 'x'); history.pushState({}, '', '/y')")
    world.beacon.wait_of("event")
    assert len(world.beacon.events) == len({event["id"] for event in world.beacon.events})


def test_without_beacons_a_departure_uses_fetch(world: World) -> None:
    page = world.open(world.page("/", head="<script>Navigator.prototype.sendBeacon = undefined</script>"))
    world.beacon.wait_of("pageview")
    page.evaluate("beacon('event', 'x')")
    page.goto(world.page("/next", tag=""))
    world.beacon.wait_of("event")


@pytest.mark.parametrize("missing", ["URL", "matchMedia", "Intl", "addEventListener", "JSON", "history"])
def test_a_browser_that_lacks_something_sees_nothing(world: World, missing: str) -> None:
    gone = f"<script>Object.defineProperty(window, '{missing}', {{value: undefined}})</script>"
    page = world.open(world.page("/", head=gone))
    page.wait_for_load_state("load")
    page.evaluate("window.beacon && beacon('event', 'x')")


def test_forbidden_storage_does_not_stop_counting(world: World) -> None:
    forbidden = (
        "Object.defineProperty(window, 'localStorage', {get() { throw new DOMException('no', 'SecurityError') }})"
    )
    world.open(world.page("/", head=f"<script>{forbidden}</script>"))
    world.beacon.wait_of("pageview")


def test_a_tag_without_a_key_is_refused_by_the_door_and_harms_nothing(world: World) -> None:
    world.beacon.always = Answer(400)
    world.beacon.allowed_problems = {"site_key is missing", "$: 'site_key' is a required property"}
    page = world.open(world.page("/", tag=f'<script async src="{world.beacon_url}/b.js"></script>'))
    world.beacon.wait(lambda: world.beacon.received)
    assert page.evaluate("typeof window.beacon") == "function"


def test_debug_mode_says_what_became_of_events(world: World) -> None:
    page = world.context.new_page()
    with page.expect_console_message(lambda message: message.text == '{"accepted": 1}'):
        page.goto(world.page("/", tag=world.tag("data-debug")))
    with page.expect_console_message(lambda message: "BigInt" in message.text):
        page.evaluate("beacon('event', 'x', {value: 1n})")


def test_otherwise_it_is_silent(world: World) -> None:
    said: list[str] = []
    page = world.context.new_page()
    page.on("console", lambda message: said.append(message.text))
    page.goto(world.page("/"))
    world.beacon.wait_of("pageview")
    page.evaluate("beacon('event', 'x', {value: 1n}); beacon('event', 'y')")
    world.beacon.wait_of("event")
    assert said == []


OLD_PROTOTYPE = """Array.prototype.each = function () {};
Array.prototype.toJSON = function () { return '[' + this.map(e => '"' + e + '"').join(', ') + ']' };"""


def test_old_libraries_that_change_arrays_do_no_harm(world: World) -> None:
    page = world.open(world.page("/", head=f"<script>{OLD_PROTOTYPE}</script>"))
    world.beacon.wait_of("pageview")
    page.evaluate("beacon('purchase', {transaction_id: 't', items: [{sku: 'a'}]})")
    [event] = world.beacon.wait_of("event")
    assert event["items"] == [{"sku": "a"}]
    assert page.evaluate("[].toJSON()") == "[]"


@pytest.mark.parametrize("own", ["function () { return 'mine' }", "{light: () => 'mine'}"])
def test_a_beacon_of_the_pages_own_stays(world: World, own: str) -> None:
    head = f"<script>window.beacon = {own}; window.own = window.beacon</script>"
    page = world.open(world.page("/", head=head, tag=world.tag('data-name="track"') + "<script></script>"))
    world.beacon.wait_of("pageview")
    page.evaluate("track('event', 'x')")
    world.beacon.wait_of("event")
    assert page.evaluate("window.beacon === window.own")
    page.goto(world.page("/unnamed", head=head))
    world.beacon.wait_of("pageview", 2)
    assert page.evaluate("window.beacon === window.own")


def test_a_sandboxed_frame_counts_and_harms_nothing(world: World) -> None:
    world.page("/inner", body="inside")
    world.open(world.page("/", tag="", body='<iframe sandbox="allow-scripts" src="/inner"></iframe>'))
    world.beacon.wait_of("pageview")
    assert world.beacon.received[0].headers["Origin"] == "null"


def test_a_flood_of_calls_is_throttled_and_said_once(world: World) -> None:
    said: list[str] = []
    page = world.open(world.page("/", tag=world.tag("data-debug")))
    page.on("console", lambda message: said.append(message.text))
    world.beacon.wait_of("pageview")
    page.evaluate("for (let i = 0; i < 10000; i++) beacon('event', 'e' + i)")
    world.beacon.wait_of("event", 500)
    assert len(world.beacon.events) < 600
    assert said.count("full") == 1


def test_wrong_calls_are_said_once_and_cost_nothing(world: World) -> None:
    said: list[str] = []
    page = world.open(world.page("/", tag=world.tag("data-debug")))
    page.on("console", lambda message: said.append(message.text))
    world.beacon.wait_of("pageview")
    wrong = "beacon('evnt', 'x'); beacon('event'); beacon(); beacon(null, null); beacon('event', 7)"
    with page.expect_console_message(lambda message: "evnt" in message.text):
        page.evaluate(f"for (const i of [1, 2]) {{ {wrong} }}")
    page.evaluate("beacon('event', 'good')")
    [event] = world.beacon.wait_of("event")
    assert event["name"] == "good"
    assert [text for text in said if "evnt" in text] == ["evnt"]
