from tests.tracker.conftest import World

STUB = "window.beacon = window.beacon || function () { (beacon.q = beacon.q || []).push(arguments) }"


def test_an_event_carries_what_the_page_says(world: World) -> None:
    page = world.open(world.page("/"))
    [view] = world.beacon.wait_of("pageview")
    page.evaluate(
        "beacon('event', 'signup', {props: {plan: 'pro', seats: 3, yearly: true}, value: 49.9, currency: 'EUR',"
        " interactive: false})"
    )
    [event] = world.beacon.wait_of("event")
    assert event["name"] == "signup"
    assert event["props"] == {"plan": "pro", "seats": 3, "yearly": True}
    assert (event["value"], event["currency"], event["interactive"]) == (49.9, "EUR", False)
    assert (event["page_id"], event["url"]) == (view["id"], view["url"])


def test_calls_before_the_script_has_loaded_are_made_good(world: World) -> None:
    head = f"<script>{STUB}; beacon('event', 'early', {{value: 1}}); beacon('event', 'second')</script>"
    world.open(world.page("/", head=head))
    early, second = world.beacon.wait_of("event", 2)
    [view] = world.beacon.wait_of("pageview")
    assert (early["name"], early["value"], second["name"]) == ("early", 1, "second")
    assert early["page_id"] == view["id"]
    assert len(world.beacon.received) == 1


def test_the_page_may_change_or_freeze_what_it_gave(world: World) -> None:
    page = world.open(world.page("/"))
    world.beacon.wait_of("pageview")
    page.evaluate(
        "const o = {props: {a: 1}}; beacon('event', 'x', o); o.props.a = 2;"
        "beacon('event', 'y', Object.freeze({value: 1}))"
    )
    first, second = world.beacon.wait_of("event", 2)
    assert first["props"] == {"a": 1}
    assert second["value"] == 1


def test_what_cannot_be_sent_costs_only_itself(world: World) -> None:
    page = world.open(world.page("/"))
    world.beacon.wait_of("pageview")
    page.evaluate(
        "const loop = {}; loop.loop = loop; beacon('event', 'loop', {props: loop});"
        "beacon('event', 'big', {props: {n: 10n}}); beacon(); beacon('unknown'); beacon('event', 'good')"
    )
    world.beacon.wait_of("event")
    assert [event["name"] for event in world.beacon.events[1:]] == ["good"]


def test_ids_cannot_be_overridden(world: World) -> None:
    page = world.open(world.page("/"))
    world.beacon.wait_of("pageview")
    page.evaluate(
        "beacon('event', 'x', {id: 'mine', kind: 'pageview', at: 1, page_id: 'p', url: 'http://other.example/'})"
    )
    [event] = world.beacon.wait_of("event")
    assert event["id"] != "mine"
    assert event["url"] == world.site_url + "/"


def test_ids_are_ordered_by_time_and_unique(world: World) -> None:
    page = world.open(world.page("/"))
    world.beacon.wait_of("pageview")
    page.evaluate("for (let i = 0; i < 200; i++) beacon('event', 'e')")
    events = world.beacon.wait_of("event", 200)
    assert len({event["id"] for event in events}) == 200
    # Two readings of one clock, the id's after `at`: a millisecond may tick between them, on a busy machine many.
    assert all(0 <= int(event["id"].replace("-", "")[:12], 16) - event["at"] < 1_000 for event in events)
