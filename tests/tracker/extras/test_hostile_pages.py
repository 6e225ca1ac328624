"""Pages that break what they can: the extras do less there, or nothing, and never show."""

import pytest
from playwright.sync_api import Page

from tests.tracker.conftest import World
from tests.tracker.extras.conftest import Visit, settle

ALL = "clicks errors forms frustration vitals"
BODY = """<a href="https://partner.example/" onclick="event.preventDefault()">Partner</a>
<form onsubmit="return false"><input name="a"><button>Send</button></form>"""


def _use(page: Page) -> None:
    page.click("a")
    page.fill("input", "x")
    page.click("button")


def _names(world: World, page: Page) -> list[str]:
    _use(page)
    return [event["name"] for event in settle(world, page) if event["kind"] == "event"]


@pytest.mark.parametrize(
    "head",
    [
        "[Object, Array, Function, Element, Event, Promise, Set].map(c => Object.freeze(c.prototype))",
        "Array.prototype.extra = Object.prototype.extra = () => { throw new Error('for in') }",
    ],
)
def test_frozen_and_polluted_prototypes(world: World, visit: Visit, head: str) -> None:
    page = visit(ALL, head=f"<script>{head}</script>", body=BODY)
    assert _names(world, page) == ["outbound", "form_start", "form_submit"]


def test_a_strict_policy(world: World, visit: Visit) -> None:
    policy = (
        "default-src 'none'; script-src 'nonce-n1'; require-trusted-types-for 'script'; trusted-types beacon; "
        f"connect-src {world.beacon_url}"
    )
    stay = (
        "for (const type of ['click', 'submit']) "
        "addEventListener(type, e => e.target.matches('a, form') && e.preventDefault())"
    )
    page = visit(
        ALL,
        tag=world.tag('nonce="n1"'),
        head=f'<script nonce="n1">{stay}</script>',
        body=BODY.replace(' onclick="event.preventDefault()"', "").replace(' onsubmit="return false"', ""),
        headers={"Content-Security-Policy": policy},
    )
    assert _names(world, page) == ["outbound", "form_start", "form_submit"]


def test_a_browser_that_lacks_much(world: World, visit: Visit) -> None:
    missing = ["PerformanceObserver", "WeakMap", "navigation", "getSelection", "getComputedStyle"]
    gone = f"<script>for (const name of {missing}) Object.defineProperty(window, name, {{value: undefined}})</script>"
    assert _names(world, visit(ALL, head=gone, body=BODY)) == ["outbound"]
