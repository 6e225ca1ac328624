"""The tracker in Firefox: what b.js does there by other ways of the browser than Chromium's."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.tracker import recorder
from tests.tracker.conftest import SITE_KEY, WATCH
from tests.tracker.firefox import HINT, Firefox, Tab, firefox, firefox_path

PROGRAM = firefox_path()
pytestmark = [
    pytest.mark.skipif(PROGRAM is None, reason=f"The tracker isn't proved in Firefox. {HINT}"),
]
TALL = '<div style="height: 3000px">tall</div>'


@dataclass
class Site:
    """A client's site, Beacon's host, and the browser between them."""

    browser: Firefox
    site: recorder.Recorder
    beacon: recorder.Recorder
    url: str
    beacon_url: str

    def page(self, path: str, *, title: str = "A page", body: str = TALL, attributes: str = "") -> str:
        tag = f'<script async src="{self.beacon_url}/b.js" data-site-id="{SITE_KEY}" {attributes}></script>'
        html = f"<!doctype html><title>{title}</title><script>{WATCH}</script>{tag}<body>{body}"
        self.site.pages[path] = recorder.Page(html)
        return self.url + path

    def open(self, url: str) -> Tab:
        tab = self.browser.open()
        tab.goto(url)
        return tab


@pytest.fixture(scope="module")
def running() -> Iterator[Firefox]:
    assert PROGRAM is not None
    with firefox(PROGRAM) as browser:
        yield browser


@pytest.fixture
def site(running: Firefox, tracker_scripts: dict[str, str]) -> Iterator[Site]:
    """Every test ends with: all that came was as the contract says, and no page saw an error."""
    pages, beacon = recorder.Recorder(), recorder.Recorder()
    beacon.script = tracker_scripts["b.js"].encode()
    beacon.scripts = {f"/api/track/{path}": code for path, code in tracker_scripts.items()}
    with recorder.serving(pages) as url, recorder.serving(beacon) as beacon_url:
        yield Site(running, pages, beacon, url, beacon_url)
        failures = [tab.evaluate("JSON.stringify(window.failures || [])") for tab in running.tabs]
        for tab in running.tabs:
            tab.close()
        running.tabs.clear()
    assert beacon.problems == []
    assert set(failures) <= {"[]"}


def test_a_page_view_says_what_it_should(site: Site) -> None:
    site.open(site.page("/", title="Häuser") + "?utm_source=x")
    [view] = site.beacon.wait_of("pageview")
    assert (view["url"], view["title"], view["referrer"]) == (f"{site.url}/?utm_source=x", "Häuser", "")


def test_a_single_page_app_counts_each_route(site: Site) -> None:
    tab = site.open(site.page("/app", title="App"))
    site.beacon.wait_of("pageview")
    tab.evaluate("history.pushState({}, '', '/app/a'); document.title = 'A'")
    site.beacon.wait_of("pageview", 2)
    tab.evaluate("history.back()")
    views = site.beacon.wait_of("pageview", 3)
    assert [view["url"].removeprefix(site.url) for view in views] == ["/app", "/app/a", "/app"]
    assert [view["title"] for view in views][:2] == ["App", "A"]


def test_hash_routes_count_by_option(site: Site) -> None:
    tab = site.open(site.page("/", attributes="data-hash") + "#/a")
    site.beacon.wait_of("pageview")
    tab.evaluate("location.hash = '/b'; 0")
    views = site.beacon.wait_of("pageview", 2)
    assert [view["url"].removeprefix(site.url) for view in views] == ["/#/a", "/#/b"]


def test_engagement_is_told_when_another_tab_is_shown(site: Site) -> None:
    tab = site.open(site.page("/"))
    [view] = site.beacon.wait_of("pageview")
    tab.click(20, 20)
    tab.evaluate("scrollTo(0, 99999); new Promise(done => addEventListener('scrollend', () => done(1), {once: true}))")
    site.browser.open()
    [engagement] = site.beacon.wait_of("engagement")
    assert engagement["page_id"] == view["id"]
    assert engagement["scroll_percent"] == 100
    assert 0 < engagement["engaged_ms"] < engagement["at"] - view["at"] + 100


def test_closing_a_tab_sends_what_waits(site: Site) -> None:
    """Now and then Firefox loses what a closing tab hands it, the more so on a busy machine: hence up to ten."""

    def is_told() -> bool:
        return bool(site.beacon.of("event") and site.beacon.of("engagement"))

    for count in range(1, 11):
        tab = site.open(site.page("/"))
        site.beacon.wait_of("pageview", count)
        tab.evaluate("beacon('event', 'last')")
        site.browser.tabs.remove(tab)
        tab.close()
        if site.beacon.has_come(is_told, seconds=3):
            break
    assert is_told()


def test_leaving_by_a_link_sends_what_waits(site: Site) -> None:
    target = site.page("/next")
    tab = site.open(site.page("/"))
    site.beacon.wait_of("pageview")
    tab.evaluate("beacon('event', 'click')")
    tab.goto(target)
    second = site.beacon.wait_of("pageview", 2)[1]
    assert site.beacon.wait_of("event")[0]["page_id"] != second["id"]


def test_a_page_out_of_the_back_forward_cache_is_a_new_page_view(site: Site) -> None:
    target = site.page("/next")
    tab = site.open(site.page("/"))
    [before] = site.beacon.wait_of("pageview")
    tab.evaluate("window.kept = true")
    tab.goto(target)
    site.beacon.wait_of("pageview", 2)
    tab.back()
    after = site.beacon.wait_of("pageview", 3)[2]
    assert tab.evaluate("window.kept") is True
    assert (after["url"], after["id"] == before["id"]) == (before["url"], False)


def test_a_page_that_was_left_before_its_first_answer_goes_on_when_it_is_back(site: Site) -> None:
    """Firefox keeps such a page, and tells it nothing of the request any more."""
    held = threading.Event()
    site.beacon.plan.extend([recorder.Answer(held=held)])
    target = site.page("/next")
    tab = site.open(site.page("/"))
    site.beacon.wait_of("pageview")
    tab.evaluate("window.kept = true")
    tab.goto(target)
    site.beacon.wait_of("pageview", 2)
    held.set()
    tab.back()
    after = site.beacon.wait_of("pageview", 3)[2]
    assert tab.evaluate("window.kept") is True
    assert after["url"] == site.url + "/"


def test_where_consent_is_required_nothing_goes_out_before_it(site: Site) -> None:
    tab = site.open(site.page("/", attributes='data-consent="required"'))
    site.beacon.wait(lambda: any(path.startswith("/api/track/x/") for path, _ in site.beacon.requests))
    tab.evaluate("new Promise(done => setTimeout(done, 900 - performance.now()))")
    assert site.beacon.received == []
    tab.evaluate("beacon('consent', {analytics: true})")
    site.beacon.wait_of("pageview")
    assert site.beacon.received[0].body["consent"]["analytics"] == "granted"


def test_the_signals_not_to_track_go_out_in_headers(tracker_script: bytes) -> None:
    """Firefox still has both; the door reads them from the headers."""
    assert PROGRAM is not None
    wanted = {"privacy.donottrackheader.enabled": True, "privacy.globalprivacycontrol.enabled": True}
    pages, beacon = recorder.Recorder(), recorder.Recorder()
    beacon.script = tracker_script
    with firefox(PROGRAM, **wanted) as browser, recorder.serving(pages) as url, recorder.serving(beacon) as beacon_url:
        Site(browser, pages, beacon, url, beacon_url).page("/")
        browser.open().goto(url + "/")
        beacon.wait_of("pageview")
    assert (beacon.received[0].headers.get("Sec-GPC"), beacon.received[0].headers.get("DNT")) == ("1", "1")
