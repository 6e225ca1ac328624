from tests.tracker.conftest import World


def test_each_route_of_a_single_page_app_is_a_page_view(world: World) -> None:
    start = world.page("/app", title="App")
    page = world.open(start)
    world.beacon.wait_of("pageview")
    page.evaluate("history.pushState({}, '', '/app/a'); document.title = 'A'")
    world.beacon.wait_of("pageview", 2)
    page.evaluate("history.replaceState({}, '', '/app/b'); document.title = 'B'")
    world.beacon.wait_of("pageview", 3)
    page.evaluate("history.back()")
    views = world.beacon.wait_of("pageview", 4)
    root = world.site_url
    assert [view["url"] for view in views] == [start, root + "/app/a", root + "/app/b", start]
    assert [view["referrer"] for view in views] == ["", start, root + "/app/a", root + "/app/b"]
    assert [view["title"] for view in views][:3] == ["App", "A", "B"]


def test_a_state_without_another_address_is_no_page_view(world: World) -> None:
    page = world.open(world.page("/app"))
    world.beacon.wait_of("pageview")
    page.evaluate("history.pushState({step: 1}, ''); history.replaceState({step: 2}, '', location.href)")
    page.evaluate("history.pushState({}, '', '#part'); beacon('event', 'last')")
    world.beacon.wait_of("event")
    assert len(world.beacon.of("pageview")) == 1


def test_the_page_left_gets_its_engagement_under_its_own_address(world: World) -> None:
    start = world.page("/app")
    page = world.open(start)
    [first] = world.beacon.wait_of("pageview")
    page.evaluate("history.pushState({}, '', '/app/a')")
    [engagement] = world.beacon.wait_of("engagement")
    assert (engagement["page_id"], engagement["url"]) == (first["id"], start)


def test_events_after_a_route_belong_to_it(world: World) -> None:
    page = world.open(world.page("/app"))
    page.wait_for_function("!!window.beacon")
    page.evaluate("history.pushState({}, '', '/app/a'); beacon('event', 'click')")
    [event] = world.beacon.wait_of("event")
    route = world.beacon.wait_of("pageview", 2)[1]
    assert (event["page_id"], event["url"]) == (route["id"], route["url"])


def test_with_hash_routing_the_fragment_is_the_route(world: World) -> None:
    page = world.open(world.page("/", tag=world.tag("data-hash")) + "#/a")
    world.beacon.wait_of("pageview")
    page.evaluate("location.hash = '/b'")
    world.beacon.wait_of("pageview", 2)
    page.evaluate("history.pushState({}, '', '#/c')")
    views = world.beacon.wait_of("pageview", 3)
    assert [view["url"].split("/", 3)[3] for view in views] == ["#/a", "#/b", "#/c"]


def test_the_pages_own_call_works_as_before(world: World) -> None:
    page = world.open(world.page("/app"))
    page.wait_for_function("!!window.beacon")
    assert page.evaluate("history.pushState({a: 1}, '', '/app/a'); history.state.a") == 1
    assert (
        page.evaluate("(() => { try { history.pushState(() => 1, '') } catch (e) { return e.name } })()")
        == "DataCloneError"
    )
