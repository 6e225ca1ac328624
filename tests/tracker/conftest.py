"""A real browser, a client's site and a door for each test. No database is needed."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, sync_playwright

from tests.browser import launched
from tests.tracker import recorder

ROOT = Path(__file__).resolve().parents[2]
SITE_KEY = "bk_test"
WATCH = "onerror=m=>{(window.failures=window.failures||[]).push(m)};onunhandledrejection=e=>onerror(''+e.reason)"


@dataclass
class World:
    """The client's site, Beacon's host, and the browser between them."""

    site: recorder.Recorder
    beacon: recorder.Recorder
    site_url: str
    beacon_url: str
    context: BrowserContext
    failures: list[str] = field(default_factory=list)

    def tag(self, attributes: str = "", folder: str = "") -> str:
        return f'<script async src="{self.beacon_url}{folder}/b.js" data-site-id="{SITE_KEY}" {attributes}></script>'

    def page(
        self,
        path: str,
        *,
        tag: str | None = None,
        title: str = "A page",
        head: str = "",
        body: str = "",
        headers: dict[str, str] | None = None,
    ) -> str:
        """Put a page on the client's site. Return its address."""
        html = (
            f"<!doctype html><html><head><title>{title}</title><script>{WATCH}</script>{head}"
            f"{self.tag() if tag is None else tag}</head><body>{body}</body></html>"
        )
        self.site.pages[path] = recorder.Page(html, headers or {})
        return self.site_url + path

    def wait_answered(self, page: Page) -> None:
        """Wait until the page has the answer to its first request.

        Cut off before, it would send it again; and the browser keeps no page for the way back that still waits for one.
        """
        self.beacon.wait_of("pageview")
        page.wait_for_function(
            "performance.getEntriesByType('resource').some(e => e.name.endsWith('/track/batch') && e.responseEnd)"
        )

    def open(self, url: str) -> Page:
        page = self.context.new_page()
        page.on("pageerror", lambda error: self.failures.append(str(error)))
        page.goto(url)
        return page


@pytest.fixture(scope="session")
def tracker_scripts() -> dict[str, str]:
    """b.js and the consent part by path, as they are built, without touching what another process may be serving."""
    node = shutil.which("node")
    assert node, "Node isn't installed; the tracker is built with it."
    program = """import('./tracker_js/build.mjs').then(async ({bundle, extras, pathOf}) => {
        const {consent} = await extras();
        console.log(JSON.stringify({"b.js": "" + await bundle(), [await pathOf("consent", consent)]: "" + consent}));
    })"""
    done = subprocess.run([node, "-e", program], cwd=ROOT, check=True, stdout=subprocess.PIPE)
    scripts: dict[str, str] = json.loads(done.stdout)
    return scripts


@pytest.fixture(scope="session")
def tracker_script(tracker_scripts: dict[str, str]) -> bytes:
    return tracker_scripts["b.js"].encode()


@pytest.fixture(scope="package")  # gone before tests with a database: while it runs, Django takes them for async
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="package")
def shell(playwright: Playwright) -> Iterator[Browser]:
    browser = launched(playwright)
    yield browser
    browser.close()


@pytest.fixture(scope="package")
def whole_browser(playwright: Playwright) -> Iterator[Browser]:
    browser = launched(playwright, is_whole=True)
    yield browser
    browser.close()


@pytest.fixture
def browser(request: pytest.FixtureRequest) -> Browser:
    name = "whole_browser" if request.node.get_closest_marker("whole_browser") else "shell"
    browser: Browser = request.getfixturevalue(name)
    return browser


@pytest.fixture
def world(browser: Browser, tracker_scripts: dict[str, str]) -> Iterator[World]:
    """Every test ends with: all that came was as the contract says, and no page saw an error."""
    site, beacon = recorder.Recorder(), recorder.Recorder()
    beacon.script = site.script = tracker_scripts["b.js"].encode()
    for path, code in tracker_scripts.items():
        beacon.scripts[f"/api/track/{path}"] = code
    with recorder.serving(site) as site_url, recorder.serving(beacon) as beacon_url:
        context = browser.new_context()
        world = World(site, beacon, site_url, beacon_url, context)
        yield world
        for page in context.pages:
            if not page.is_closed():
                world.failures += page.evaluate("window.failures || []")
        context.close()
    assert beacon.problems + site.problems == []
    assert world.failures == []
