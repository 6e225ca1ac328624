"""`data-storage`: what couldn't be sent when a page was left is sent by the next one, once."""

from tests.tracker.conftest import World

TAG = "data-storage"
KEPT = "Object.keys(localStorage).filter(key => key.startsWith('beacon.')).length"


def test_events_of_a_page_left_offline_come_with_the_next_page(world: World) -> None:
    start = world.page("/", tag=world.tag(TAG))
    page = world.open(start)
    world.wait_answered(page)
    other = world.open(world.page("/bare", tag=""))
    world.context.set_offline(True)
    page.evaluate("beacon('event', 'kept')")
    # It has to be gone before the network is back: a page that is still there would send them itself.
    with page.expect_event("close"):
        page.close(run_before_unload=True)
    other.wait_for_function(f"{KEPT} == 1")
    world.context.set_offline(False)
    other.goto(start)
    [event] = world.beacon.wait_of("event")
    world.beacon.wait_of("pageview", 2)
    assert event["name"] == "kept"
    assert other.evaluate(KEPT) == 0
    # Where the network comes back while the closed page still ends, it may send too: one event all the same, by its id.
    assert {one["id"] for one in world.beacon.of("event")} == {event["id"]}


def test_a_denial_leaves_nothing_on_the_device(world: World) -> None:
    page = world.open(world.page("/", tag=world.tag(TAG)))
    world.beacon.wait_of("pageview")
    page.evaluate("localStorage['beacon.bk_test.other'] = '[]'; beacon('consent', {analytics: false})")
    world.beacon.wait_of("event")
    assert page.evaluate("localStorage.length") == 0
