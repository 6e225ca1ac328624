"""A page that the browser makes ready ahead is counted when somebody looks at it."""

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser

from tests.browser import QUIET, chromium_path
from tests.tracker.conftest import World

AHEAD = '<script type="speculationrules">{"prerender": [{"urls": ["/ahead"], "eagerness": "immediate"}]}</script>'
# Nobody drives this browser, so the page itself goes on, when the test says so.
FOLLOW = "<script>fetch('/gate').then(() => { location = '/ahead' })</script>"
LOADED = "<script>const was = document.prerendering; addEventListener('load', () => fetch('/loaded?' + was))</script>"


def test_a_page_made_ready_counts_when_it_is_looked_at(world: World, browser: Browser, tmp_path: Path) -> None:
    first = world.page("/", tag="", head=AHEAD + FOLLOW)
    world.page("/ahead", head=LOADED)
    gate = world.site.gates["/gate"] = threading.Event()
    with undriven_browser(chromium_path(browser.browser_type), first, tmp_path):
        world.site.wait(lambda: any(path == "/loaded?true" for path, _ in world.site.requests))
        assert world.beacon.received == []
        gate.set()
        [view] = world.beacon.wait_of("pageview")
    assert view["url"] == world.site_url + "/ahead"


def test_a_page_made_ready_says_nothing_until_then(world: World) -> None:
    """The same by its own account, where calls come before, too."""
    ready = "Object.defineProperty(document, 'prerendering', {value: true, configurable: true})"
    stub = "window.beacon = function () { (beacon.q = beacon.q || []).push(arguments) }; beacon('event', 'early')"
    page = world.open(world.page("/", head=f"<script>{ready};{stub}</script>"))
    assert world.beacon.received == []
    page.evaluate("document.dispatchEvent(new Event('prerenderingchange'))")
    [view] = world.beacon.wait_of("pageview")
    [event] = world.beacon.wait_of("event")
    assert event["page_id"] == view["id"]


@contextmanager
def undriven_browser(program: str, url: str, profile: Path) -> Iterator[None]:
    """Open a page in a Chromium without developer tools: with them it makes nothing ready."""
    quiet = [*QUIET, "--headless=new", f"--user-data-dir={profile}", "--remote-debugging-port=0"]
    process = subprocess.Popen([program, *quiet, url], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait()
