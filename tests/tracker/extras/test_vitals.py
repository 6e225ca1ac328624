"""Web vitals: totals of their page view, told when the page is hidden."""

import pytest
from playwright.sync_api import Page

from tests.tracker.acting import hide, show
from tests.tracker.conftest import World
from tests.tracker.extras.conftest import Visit

BODY = """<h1 style="font-size: 90px">Heading</h1><p id="text">Text</p>
<button onclick="const end = performance.now() + 120; while (performance.now() < end);">Busy</button>"""
SHIFT = """() => {
    text.style.marginTop = "200px";
    return new Promise(done => new PerformanceObserver(() => done()).observe({type: "layout-shift"}));
}"""

FRAMES = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 50))))"


def _see(page: Page) -> None:
    """Let what was done be painted, which is when the browser measures it."""
    page.evaluate(FRAMES)


def test_they_are_told_when_the_page_is_hidden(world: World, visit: Visit) -> None:
    # A browser that is never idle: web-vitals then looks at interactions as the page is hidden, after everybody else.
    page = visit("vitals", head="<script>self.requestIdleCallback = () => 1</script>", body=BODY)
    [view] = world.beacon.wait_of("pageview")
    page.evaluate("history.pushState({}, '', '/two')")
    world.beacon.wait_of("pageview", 2)
    page.click("button")
    page.evaluate("new Promise(done => setTimeout(done, 550))")  # what moves right after a click was asked for
    page.evaluate(SHIFT)
    assert world.beacon.of("vitals") == []
    hide(page)
    world.beacon.wait(lambda: any("inp" in event["vitals"] for event in world.beacon.of("vitals")))
    told = world.beacon.of("vitals")
    assert {event["page_id"] for event in told} == {view["id"]}
    vitals: dict[str, float] = {}
    for event in told:  # totals, which may come in several: the latest of each holds
        vitals |= event["vitals"]
    assert set(vitals) == {"ttfb", "fcp", "lcp", "cls", "inp", "load"}
    assert 0 < vitals["ttfb"] <= vitals["fcp"] <= vitals["lcp"]
    assert vitals["inp"] >= 104
    assert 0 < vitals["cls"] < 1
    assert vitals["ttfb"] < vitals["load"]


def test_hiding_again_tells_what_is_new_only(world: World, visit: Visit) -> None:
    page = visit("vitals", body=BODY)
    hide(page)
    [first] = world.beacon.wait_of("vitals")
    show(page)
    hide(page)
    show(page)
    world.beacon.wait_of("engagement", 2)
    assert len(world.beacon.of("vitals")) == 1
    page.click("button")
    _see(page)
    page.goto(world.page("/next", tag=""))
    first, second = world.beacon.wait_of("vitals", 2)
    assert second["page_id"] == first["page_id"]
    assert second["vitals"].items() >= first["vitals"].items()


@pytest.mark.whole_browser
def test_a_restored_page_has_vitals_of_its_own(world: World, visit: Visit) -> None:
    page = visit("vitals", body=BODY)
    page.goto(world.page("/next", tag=""))
    [first] = world.beacon.wait_of("vitals")
    page.evaluate("setTimeout(() => history.back())")
    _, restored = world.beacon.wait_of("pageview", 2)
    _see(page)
    page.goto(world.site_url + "/next")
    _, second = world.beacon.wait_of("vitals", 2)
    assert second["page_id"] == restored["id"] != first["page_id"]
    assert second["vitals"]["ttfb"] == 0
    assert "load" not in second["vitals"]
