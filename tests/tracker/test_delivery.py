"""What leaves the page arrives, whatever the network and the server do."""

from tests.tracker.acting import hide, show
from tests.tracker.conftest import World
from tests.tracker.recorder import Answer


def names(world: World) -> list[str]:
    return [event["name"] for event in world.beacon.of("event")]


def test_events_of_a_moment_share_a_request(world: World) -> None:
    page = world.open(world.page("/"))
    world.beacon.wait_of("pageview")
    page.evaluate("for (const n of ['a', 'b', 'c']) beacon('event', n)")
    world.beacon.wait_of("event", 3)
    assert [len(request.events) for request in world.beacon.received] == [1, 3]


def test_a_page_closed_at_once_still_delivers(world: World) -> None:
    """A browser gives a closing page half a second, in which a busy machine may not get to it: hence up to three."""
    for _ in range(3):
        page = world.open(world.page("/"))
        world.wait_answered(page)
        page.evaluate("beacon('event', 'bye')")
        page.close()
        if world.beacon.has_come(lambda: names(world), seconds=10):
            break
    assert set(names(world)) == {"bye"}


def test_a_click_that_leads_away_is_not_lost(world: World) -> None:
    world.page("/next", tag="")
    page = world.open(world.page("/", body="<a href=\"/next\" onclick=\"beacon('event', 'click')\">next</a>"))
    world.beacon.wait_of("pageview")
    page.click("a")
    world.beacon.wait(lambda: names(world) == ["click"])


def test_overload_is_waited_for_and_the_same_events_come_again(world: World) -> None:
    world.beacon.plan.extend([Answer(503, {"Retry-After": "2"})])
    page = world.open(world.page("/"))
    world.beacon.wait(lambda: world.beacon.received)
    page.evaluate("beacon('event', 'meanwhile')")
    world.beacon.wait_of("event")
    refused, *accepted = world.beacon.received
    assert accepted[0].at - refused.at >= 2
    assert accepted[0].events[0] == refused.events[0]
    assert accepted[0].body["sent_at"] > refused.body["sent_at"]
    assert sorted(event["kind"] for event in world.beacon.events) == ["event", "pageview"]


def test_a_limit_is_waited_for_too(world: World) -> None:
    world.beacon.plan.extend([Answer(429, {"Retry-After": "1"})])
    world.open(world.page("/"))
    [view] = world.beacon.wait_of("pageview")
    assert view == world.beacon.received[0].events[0]


def test_a_broken_connection_is_tried_again(world: World) -> None:
    world.beacon.plan.extend([Answer(is_drop=True)])
    world.open(world.page("/"))
    [view] = world.beacon.wait_of("pageview")
    assert {request.events[0]["id"] for request in world.beacon.received} == {view["id"]}
    assert len(world.beacon.of("pageview")) == 1


def test_without_network_events_wait_and_come_when_it_is_back(world: World) -> None:
    page = world.open(world.page("/"))
    world.wait_answered(page)
    world.context.set_offline(True)
    page.evaluate("for (let i = 0; i < 30; i++) beacon('event', 'offline' + i)")
    hide(page)
    show(page)
    world.context.set_offline(False)
    world.beacon.wait_of("event", 30)
    assert sorted(names(world)) == sorted(f"offline{i}" for i in range(30))
    assert len({event["id"] for event in world.beacon.events}) == len(world.beacon.events)


def test_a_background_page_sends_at_once(world: World) -> None:
    page = world.open(world.page("/"))
    world.beacon.wait_of("pageview")
    hide(page, after="beacon('event', 'quick')")
    world.beacon.wait_of("event")
    [_, request] = world.beacon.received
    assert [event["kind"] for event in request.events] == ["event", "engagement"]


def test_refused_events_are_dropped_and_later_ones_still_go(world: World) -> None:
    world.beacon.plan.extend([Answer(400), Answer(403), Answer(401)])
    page = world.open(world.page("/"))
    for count in (1, 2, 3):
        world.beacon.wait(lambda count=count: len(world.beacon.received) == count)  # type: ignore[misc]
        page.evaluate(f"beacon('event', 'e{count}')")
    world.beacon.wait_of("event")
    assert names(world) == ["e3"]


def test_an_unknown_site_stops_the_page(world: World) -> None:
    world.beacon.plan.extend([Answer(404, body=b'"unknown"')])
    page = world.context.new_page()
    # Said in the moment in which the tag stops.
    with page.expect_console_message(lambda message: "unknown" in message.text):
        page.goto(world.page("/", tag=world.tag("data-debug")))
    page.evaluate("beacon('event', 'a'); history.pushState({}, '', '/x')")
    hide(page)
    page.goto(world.page("/other", tag=""))
    assert len(world.beacon.received) == 1


def test_what_is_too_large_is_split_and_then_dropped(world: World) -> None:
    page = world.open(world.page("/"))
    world.beacon.wait_of("pageview")
    world.beacon.oversized = {"a"}
    page.evaluate("for (const n of ['a', 'b', 'c']) beacon('event', n)")
    # The halves may be on their way at once, so either may come first.
    world.beacon.wait(lambda: len(world.beacon.received) == 4)
    sent = [[event.get("name") for event in request.events] for request in world.beacon.received]
    assert sent[1] == ["a", "b", "c"]
    assert sorted(sent[2:]) == [["a"], ["b", "c"]]
    # What had been put back would go before this one.
    page.evaluate("beacon('event', 'd')")
    world.beacon.wait_of("event", 3)
    assert len(world.beacon.received) == 5
    assert names(world) == ["b", "c", "d"]


def test_many_large_events_arrive_in_requests_within_the_bound(world: World) -> None:
    page = world.open(world.page("/"))
    world.beacon.wait_of("pageview")
    page.evaluate("for (let i = 0; i < 60; i++) beacon('event', 'e' + i, {props: {text: 'x'.repeat(1900)}})")
    world.beacon.wait_of("event", 60)
    assert max(int(request.headers["Content-Length"]) for request in world.beacon.received) <= 65_536
    assert sorted(names(world)) == sorted(f"e{i}" for i in range(60))


def test_a_batch_over_the_bound_goes_one_by_one(world: World) -> None:
    """The browser refuses more than 64 KiB of keepalive requests at a time."""
    page = world.open(world.page("/"))
    world.beacon.wait_of("pageview")
    page.evaluate("for (const n of ['a', 'b', 'c']) beacon('event', n, {props: {text: 'x'.repeat(30000)}})")
    world.beacon.wait_of("event", 3)
    assert sorted(names(world)) == ["a", "b", "c"]


def test_the_queue_is_capped(world: World) -> None:
    page = world.open(world.page("/"))
    world.wait_answered(page)
    world.context.set_offline(True)
    page.evaluate("for (let i = 0; i < 600; i++) beacon('event', 'e' + i)")
    world.context.set_offline(False)
    world.beacon.wait_of("event", 500)
    assert names(world).count("e0") == 1
    assert "e599" not in names(world)


def test_a_reverse_proxied_path_carries_the_requests(world: World) -> None:
    world.open(world.page("/", tag=world.tag(folder="/stats")))
    world.beacon.wait_of("pageview")
    assert world.beacon.received[0].path == "/stats/api/track/batch"


def test_the_tag_can_name_another_endpoint(world: World) -> None:
    world.open(world.page("/", tag=world.tag(f'data-api="{world.site_url}/collect"')))
    world.site.wait_of("pageview")
    assert world.site.received[0].path == "/collect"
    assert world.beacon.received == []
