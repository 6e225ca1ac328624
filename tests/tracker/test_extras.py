"""Extras: the door's answer names them, the core fetches each once, after the page's load event."""

import json
import threading

from tests.tracker.conftest import World
from tests.tracker.recorder import Answer

EXTRA = """(() => {
    const {record, pageId, nonce, async, src: url} = document.currentScript;
    window.seen = (window.seen || []).concat({pageId, nonce, async, url, state: document.readyState});
    record("vitals", {page_id: pageId, vitals: {ttfb: 7}});
    addEventListener("pagehide", () => record("event", {props: {late: true}}, "late"));
    addEventListener("visibilitychange", () => document.hidden && record("event", {}, "later"));
})()"""


def _with_extras(world: World, *paths: str) -> None:
    world.beacon.always = Answer(body=json.dumps({"accepted": 1, "rejected": [], "extras": paths}).encode())
    for path in paths:
        world.beacon.scripts[f"/api/track/{path}"] = EXTRA
        world.beacon.scripts[f"/stats/api/track/{path}"] = EXTRA


def test_an_extra_is_fetched_once_after_the_load_event(world: World) -> None:
    _with_extras(world, "x/3f2a9c1b.js")
    gate = world.site.gates["/slow.png"] = threading.Event()
    page = world.context.new_page()
    page.goto(world.page("/", body='<img src="/slow.png">'), wait_until="commit")
    [view] = world.beacon.wait_of("pageview")
    page.evaluate("beacon('event', 'x')")
    world.beacon.wait_of("event")
    assert page.evaluate("window.seen") is None
    gate.set()
    page.wait_for_function("window.seen")
    [vitals] = world.beacon.wait_of("vitals")
    page.evaluate("beacon('event', 'y')")
    world.beacon.wait_of("event", 2)
    [seen] = page.evaluate("seen")
    assert seen["pageId"] == view["id"] == vitals["page_id"]
    assert seen["url"] == f"{world.beacon_url}/api/track/x/3f2a9c1b.js"
    assert (seen["async"], seen["state"]) == (True, "complete")


def test_what_an_extra_records_as_the_page_is_left_arrives(world: World) -> None:
    _with_extras(world, "x/3f2a9c1b.js")
    page = world.open(world.page("/"))
    page.wait_for_function("window.seen")
    page.goto(world.page("/next", tag=""))
    # Two parcels are on their way at once: either may be the first to arrive.
    by_name = {event["name"]: event.get("props") for event in world.beacon.wait_of("event", 2)}
    assert by_name["late"] == {"late": True}
    assert set(by_name) == {"late", "later"}


def test_an_extra_keeps_speaking_of_its_own_page_view(world: World) -> None:
    _with_extras(world, "x/3f2a9c1b.js")
    gate = world.site.gates["/slow.png"] = threading.Event()
    page = world.context.new_page()
    page.goto(world.page("/", body='<img src="/slow.png">'), wait_until="commit")
    [first] = world.beacon.wait_of("pageview")
    page.evaluate("history.pushState({}, '', '/two')")
    world.beacon.wait_of("pageview", 2)
    gate.set()
    [vitals] = world.beacon.wait_of("vitals")
    assert vitals["page_id"] == first["id"]


def test_extras_pass_a_strict_policy_with_nonce_and_trusted_types(world: World) -> None:
    _with_extras(world, "x/3f2a9c1b.js", "x/00000000.js")
    policy = (
        f"default-src 'none'; script-src 'nonce-n1'; connect-src {world.beacon_url}; "
        "require-trusted-types-for 'script'; trusted-types beacon"
    )
    start = world.page("/", tag=world.tag('nonce="n1"'), headers={"Content-Security-Policy": policy})
    page = world.open(start)
    world.beacon.wait_of("vitals", 2)
    assert [seen["nonce"] for seen in page.evaluate("seen")] == ["n1", "n1"]


def test_a_policy_without_our_trusted_type_only_costs_the_extras(world: World) -> None:
    _with_extras(world, "x/3f2a9c1b.js")
    policy = f"script-src {world.beacon_url} 'unsafe-inline'; require-trusted-types-for 'script'; trusted-types none"
    page = world.open(world.page("/", headers={"Content-Security-Policy": policy}))
    world.beacon.wait_of("pageview")
    page.evaluate("beacon('event', 'x')")
    world.beacon.wait_of("event")
    assert page.evaluate("window.seen") is None
