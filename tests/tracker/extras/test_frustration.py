"""Rage clicks and dead clicks: what is one, and above all what isn't."""

from time import sleep

import pytest
from playwright.sync_api import Dialog, Page

from tests.tracker.conftest import World
from tests.tracker.extras.conftest import Json, Visit, named, settle

BODY = """<style>.pointer { cursor: pointer } .shade { transition: opacity 1s } .shade:active { opacity: .5 }
#menu { transition: opacity 1s } #opener:focus ~ #menu { opacity: .5 }</style>
<button id="dead" class="shade">Buy <b>now</b></button> <button id="off" disabled>Off</button>
<a id="hollow" href="javascript:void 0">Hollow</a> <span id="looks" class="pointer">Jane Doe</span>
<p id="text">A paragraph of text that somebody reads</p>
<input id="field" value="typed"> <input id="tick" type="checkbox"> <label id="name" for="field">Name</label>
<select id="choice"><option>A<option>B</select> <canvas id="game" width="20" height="20"></canvas>
<p data-beacon-ignore><button id="ignored">Plus</button></p>
<a id="mail" href="mailto:a@b.example">Mail</a> <a id="window" href="/x" target="_blank">Window</a>
<details><summary id="more">More</summary>Text</details> <dialog id="box">Hello</dialog>
<p><button id="opener">Open</button><span id="menu">Menu</span></p> <input id="file" type="file" hidden>
<p id="host"></p><div style="height: 3000px"></div>
<script>for (const id of ["mail", "window"]) document.getElementById(id).onclick = e => e.preventDefault()
document.getElementById("host").attachShadow({mode: "open"}).innerHTML =
  "<button id=inner onclick='this.title = 1'>Inner</button>"</script>"""

# What the button does when it is clicked.
EFFECTS = [
    "document.body.append('x')",
    "document.querySelector('p').className = 'x'",
    "history.pushState({}, '', '/two')",
    "location.hash = 'x'",
    "host.shadowRoot.append('x')",
    "scrollBy(0, 50)",
    "field.focus()",
    "getSelection().selectAllChildren(document.getElementById('text'))",
    "box.showModal(); box.close()",
    "file.click()",
    "setTimeout(() => document.body.append('later'), 1200)",
    "document.execCommand('copy')",
]


# The clock is the test's: what comes next in the browser is told by a message, not by a timer.
NEXT_TASK = """() => new Promise(done => {
    const ends = new MessageChannel();
    ends.port1.onmessage = done;
    ends.port2.postMessage(1);
})"""

# Scrolling and transitions are told with the next frame. `requestAnimationFrame` stands with the clock, but what is
# observed anew is told with a real one.
TWO_FRAMES = """async () => {
    for (let count = 0; count < 2; count++)
        await new Promise(done => {
            const frame = new IntersectionObserver(() => { frame.disconnect(); done() });
            frame.observe(document.documentElement);
        });
}"""


def _frustration(page: Page, world: World) -> list[Json]:
    settle(world, page)
    return named(world, "rage_click", "dead_click")


def _stop_time(page: Page) -> None:
    """Let time go by in `_pass_time` only: a page that stands still, as on a busy machine, isn't judged."""
    page.clock.install()
    page.clock.pause_at(page.evaluate("Date.now()") / 1000 + 2)


def _pass_time(page: Page) -> None:
    """Let the browser tell of what has happened, then let the time go by after which a click is dead."""
    page.evaluate(TWO_FRAMES)
    page.evaluate(NEXT_TASK)
    page.clock.run_for(1300)


DEAD = [("#dead b", "Buy now"), ("#off", "Off"), ("#hollow", "Hollow"), ("#looks", None)]


def test_a_click_without_effect_is_dead(world: World, visit: Visit) -> None:
    page = visit("frustration", body=BODY)
    _stop_time(page)
    for count, (selector, text) in enumerate(DEAD, 1):
        page.click(selector, force=True)
        _pass_time(page)
        assert len(_frustration(page, world)) == count, selector
        event = _frustration(page, world)[-1]
        assert (event["name"], event["target"].get("text"), event["interactive"]) == ("dead_click", text, False)
        assert selector.split()[0] in event["target"]["selector"]


def test_what_the_browser_answers_by_itself_is_not_dead(world: World, visit: Visit) -> None:
    page = visit("frustration", body=BODY)
    _stop_time(page)
    for selector in (
        "#text",
        "#field",
        "#field",
        "#tick",
        "#name",
        "#name",
        "#choice",
        "#game",
        "#ignored",
        "#mail",
        "#window",
        "#more",
        "#opener",
        "#inner",
    ):
        page.click(selector)
        _pass_time(page)
        assert _frustration(page, world) == [], selector
    page.dblclick("#looks")
    _pass_time(page)
    assert _frustration(page, world) == []
    page.click("#dead")
    page.click("#text")
    _pass_time(page)
    page.click("#dead", button="right")
    page.click("#dead", modifiers=["Control"])
    _pass_time(page)
    assert _frustration(page, world) == []


def test_an_effect_of_any_sort_is_one(world: World, visit: Visit) -> None:
    page = visit("frustration", body=BODY)
    _stop_time(page)
    for effect in EFFECTS:
        page.evaluate("effect => { dead.onclick = () => eval(effect) }", effect)
        page.click("#dead")
        _pass_time(page)
        assert _frustration(page, world) == [], effect


# Observers are told in the order in which they began: when this one is, the extra has been.
TELL = "self.told = new Promise(done => new PerformanceObserver(() => done()).observe({type: 'resource'})); 0"


@pytest.mark.parametrize(
    ("act", "count"),
    [("fetch('/answer')", 0), ("fetch('/api/track/shipment')", 0), ("beacon('event', 'own')", 1)],
    ids=["another", "of a like name", "ours"],
)
def test_a_request_is_an_effect_unless_it_is_ours(world: World, visit: Visit, act: str, count: int) -> None:
    page = visit("frustration", body=BODY)
    _stop_time(page)
    # By the browser's own clock it is told which requests came after the click.
    page.wait_for_function("document.timeline.currentTime > performance.now()")
    page.click("#dead")
    page.evaluate(TELL)
    page.evaluate(f"{act}; 0")
    page.clock.run_for(600)  # what is recorded is sent after half a second
    page.evaluate("told")
    _pass_time(page)
    assert len(_frustration(page, world)) == count


def test_a_dialog_is_an_effect(world: World, visit: Visit) -> None:
    page = visit("frustration", body=BODY)
    page.clock.install()

    def read_and_dismiss(dialog: Dialog) -> None:
        sleep(0.5)  # longer than the quickest reader takes
        dialog.dismiss()

    page.on("dialog", read_and_dismiss)
    page.evaluate("dead.onclick = () => alert('Sold out')")
    page.click("#dead")
    _pass_time(page)
    assert _frustration(page, world) == []


class Mouse:
    """Clicks at chosen moments: the page sees the times that are given here, however slow the machine is."""

    def __init__(self, page: Page) -> None:
        self.send = page.context.new_cdp_session(page).send
        self.now = page.evaluate("Date.now()") / 1000

    def click(self, selector_or_spot: tuple[float, float], *, after_ms: int, count: int = 1) -> None:
        self.now += after_ms / 1000
        x, y = selector_or_spot
        for kind in ("mousePressed", "mouseReleased"):
            self.send(
                "Input.dispatchMouseEvent",
                {"type": kind, "x": x, "y": y, "button": "left", "clickCount": count, "timestamp": self.now},
            )


def _middle(page: Page, selector: str) -> tuple[float, float]:
    box = page.locator(selector).bounding_box()
    assert box
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


RAGE: list[tuple[str, str, list[tuple[int, int]], int]] = [
    # selector, what, (ms after the one before, pixels to the right of the middle), rage clicks
    ("#dead", "three", [(0, 0), (290, 3), (290, -3)], 1),
    ("#dead", "one series", [(0, 0), (100, 0), (100, 0), (100, 0), (100, 0), (100, 0)], 1),
    ("#off", "disabled", [(0, 0), (100, 0), (100, 0)], 1),
    ("#dead", "two", [(0, 0), (100, 0)], 0),
    ("#dead", "slow", [(0, 0), (310, 0), (310, 0)], 0),
    ("body", "far apart", [(0, 0), (100, 31), (100, 62)], 0),
    ("#field", "in a field", [(0, 0), (100, 0), (100, 0)], 0),
    ("#game", "in a game", [(0, 0), (100, 0), (100, 0)], 0),
    ("#ignored", "ignored", [(0, 0), (100, 0), (100, 0)], 0),
    ("#text", "a paragraph selected", [(0, 0), (100, 0), (100, 0)], 0),
    ("#text", "and on", [(0, 0), (100, 0), (100, 0), (100, 0)], 1),
]


def test_rage_clicks(world: World, visit: Visit) -> None:
    page = visit("frustration", body=BODY)
    mouse = Mouse(page)
    seen = 0
    for selector, what, clicks, expected in RAGE:
        x, y = _middle(page, selector)
        page.evaluate("getSelection().removeAllRanges()")
        for count, (after_ms, right) in enumerate(clicks, 1):
            mouse.click((x + right, y), after_ms=after_ms or 5000, count=count)
        settle(world, page)
        found = named(world, "rage_click")[seen:]
        assert len(found) == expected, what
        seen += expected
    assert named(world, "rage_click")[0]["target"]["text"] == "Buy now"
    assert "text" not in named(world, "rage_click")[-1]["target"]
