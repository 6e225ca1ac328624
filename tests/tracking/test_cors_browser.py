"""What browsers make of the door's answers: a real Chromium on a page of another origin, against a real door."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.db import connection
from playwright.sync_api import Browser, Page

from apps.agencies.models import Agency, SiteRoute
from apps.core.ids import public_key
from apps.core.tenancy import in_schema
from apps.sites.models import Site
from apps.sites.services import client_create, site_change, site_create
from config.local.deadline import wait_until
from config.local.ports import LOOPBACK
from tests.browser import chromium
from tests.tracking.door_process import DoorProcess, door_process
from tests.tracking.doors import BROWSER, DOMAIN, Streams, now_ms

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("fresh_process")]
SECONDS = 30.0

# Each tells what the page's script may read of the answer, or that the browser kept it from it.
ASK = """async ([url, body, init]) => {
  try {
    const answer = await fetch(url, { method: "POST", body: JSON.stringify(body), ...init });
    const shown = {};
    for (const name of ["beacon-reason", "retry-after", "ratelimit", "ratelimit-policy", "content-type", "server"])
      shown[name] = answer.headers.get(name);
    return { status: answer.status, type: answer.type, said: await answer.json(), shown };
  } catch (error) {
    return { status: 0, error: String(error) };
  }
}"""
FRAME = """([url, body]) => new Promise(resolve => {
  addEventListener("message", event => resolve(event.data), { once: true });
  const frame = document.createElement("iframe");
  frame.sandbox = "allow-scripts";
  frame.srcdoc = `<script>fetch(${JSON.stringify(url)}, {method: "POST", body: ${JSON.stringify(body)}})
    .then(a => parent.postMessage(a.status, "*"), e => parent.postMessage(0, "*"))<\\/script>`;
  document.body.append(frame);
})"""
PICTURE = """url => new Promise(resolve => {
  const image = new Image();
  image.onload = () => resolve([image.width, image.height]);
  image.onerror = () => resolve(null);
  image.src = url;
})"""


@dataclass
class Scene:
    door: DoorProcess
    site: Site
    page: Page
    # Where the browser asked first whether it may.
    preflights: list[str]

    def body(self, *, path: str = "/x") -> dict[str, Any]:
        view = {"id": public_key(), "kind": "pageview", "at": now_ms(), "url": f"https://{DOMAIN}{path}"}
        return {"site_key": self.site.site_key, **view}

    def ask(self, **init: Any) -> dict[str, Any]:
        said: dict[str, Any] = self.page.evaluate(ASK, [f"{self.door.url}/api/track/event", self.body(), init])
        return said


class Shop(BaseHTTPRequestHandler):
    """A client's page without a tag: the tests send by themselves."""

    def do_GET(self) -> None:
        text = b"<!doctype html><html lang=en><title>Shop</title><body>"
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the tests do."""


@pytest.fixture(scope="module", autouse=True)
def may_ask_the_database() -> Iterator[None]:
    """Playwright runs a loop on this thread, where Django would refuse to ask the database; nothing else runs on it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        yield


@pytest.fixture(scope="module")
def browser(may_ask_the_database: None) -> Iterator[Browser]:
    with chromium(user_agent=BROWSER) as browser:
        yield browser
        # The one that was opened beside Playwright's loop belongs to it: afterwards it couldn't be had any more.
        connection.close()


@pytest.fixture
def site(real_agency: Agency, streams: Streams) -> Site:
    with in_schema(str(real_agency.schema_name)):
        return site_create(client=client_create(name="C"), name="S", domains=[DOMAIN], site_key=public_key())


@pytest.fixture(scope="module")
def door(browser: Browser) -> Iterator[DoorProcess]:
    with door_process({"BEACON_RATE_PER_SITE": "5"}) as door:
        yield door


@pytest.fixture
def scene(browser: Browser, door: DoorProcess, site: Site) -> Iterator[Scene]:
    server = ThreadingHTTPServer((LOOPBACK, 0), Shop)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    page = browser.new_context().new_page()
    preflights: list[str] = []
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.on(
        "Network.requestWillBeSent",
        lambda said: preflights.append(said["request"]["url"]) if said["request"]["method"] == "OPTIONS" else None,
    )
    page.goto(f"http://{DOMAIN}:{server.server_port}/")
    yield Scene(door, site, page, preflights)
    page.context.close()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize(
    ("init", "preflights"),
    [
        ({}, 0),  # text, as the tag sends it
        ({"keepalive": True}, 0),
        ({"headers": {"Content-Type": "application/json"}}, 1),
        ({"headers": {"Content-Type": "application/json"}, "keepalive": True}, 1),
        ({"credentials": "omit"}, 0),
        ({"referrerPolicy": "no-referrer"}, 0),
    ],
)
def test_a_page_of_another_origin_may_send_and_read(scene: Scene, init: dict[str, Any], preflights: int) -> None:
    answer = scene.ask(**init)
    assert (answer["status"], answer["said"]["accepted"], answer["said"]["rejected"]) == (202, 1, [])
    assert len(scene.preflights) == preflights


def test_a_call_with_a_key_is_asked_for_first_and_allowed(scene: Scene) -> None:
    answer = scene.ask(headers={"Authorization": "Bearer wrong", "Content-Type": "text/plain"})
    assert (answer["status"], len(scene.preflights)) == (401, 1)
    assert answer["said"]["rejected"][0]["field"] == "Authorization"


def test_headers_that_nobody_needs_are_not_allowed(scene: Scene) -> None:
    for name in ("Beacon-Proxy-Key", "Beacon-Client-Address", "X-Forwarded-For"):
        assert scene.ask(headers={name: "192.0.2.1"})["status"] == 0


def test_a_script_reads_why_and_when_to_come_again(scene: Scene) -> None:
    url = f"{scene.door.url}/api/track/event"
    answers = scene.page.evaluate(
        f"([url, bodies]) => Promise.all(bodies.map(body => ({ASK})([url, body, {{}}])))",
        [url, [scene.body() for _ in range(60)]],
    )
    answer = next(answer for answer in answers if answer["status"] == 429)
    shown = answer["shown"]
    assert (shown["beacon-reason"], shown["retry-after"]) == ("rate", "1")
    assert (shown["ratelimit-policy"], shown["ratelimit"]) == ('"site";q=5;w=1', '"site";r=0;t=1')


def test_refusals_can_be_read_too(scene: Scene) -> None:
    url = f"{scene.door.url}/api/track/event"
    unknown = scene.page.evaluate(ASK, [url, scene.body() | {"site_key": "nobody"}, {}])
    assert (unknown["status"], unknown["shown"]["beacon-reason"]) == (404, "site")
    large = scene.page.evaluate(ASK, [url, scene.body() | {"title": "x" * 100_000}, {}])
    assert large["status"] == 413
    encoded = scene.ask(headers={"Content-Encoding": "br"})
    assert encoded["status"] == 415


def test_a_beacon_arrives_though_the_page_goes(scene: Scene, streams: Streams) -> None:
    url = f"{scene.door.url}/api/track/event"
    script = "([url, body]) => { addEventListener('pagehide', () => navigator.sendBeacon(url, JSON.stringify(body))) }"
    scene.page.evaluate(script, [url, scene.body(path="/left")])
    scene.page.goto("about:blank")
    assert wait_until(lambda: [e.events[0].path for e in streams.envelopes] == ["/left"], seconds=SECONDS)
    assert scene.preflights == []
    assert streams.envelopes[0].has_origin


def test_a_sandboxed_frame_counts_where_the_site_allows_it(scene: Scene, streams: Streams) -> None:
    def ask() -> int:
        body = json.dumps(scene.body())
        return int(scene.page.evaluate(FRAME, [f"{scene.door.url}/api/track/event", body]))

    assert ask() == 403
    with in_schema(SiteRoute.objects.get(site_key=scene.site.site_key).schema):
        site_change(
            site=scene.site,
            name="S",
            domains=[DOMAIN],
            retention_days=90,
            hash_routes=False,
            allows_null_origin=True,
        )
    assert wait_until(lambda: ask() == 202, seconds=SECONDS)


def test_the_pixel_shows_anywhere(scene: Scene, streams: Streams) -> None:
    picture = f"{scene.door.url}/api/track/pixel.gif?site_key={scene.site.site_key}"
    assert scene.page.evaluate(PICTURE, f"{picture}&name=seen") == [1, 1]
    scene.page.reload()
    assert scene.page.evaluate(PICTURE, f"{picture}&name=seen") == [1, 1]  # the same address, and no cache between
    assert scene.page.evaluate(PICTURE, f"{scene.door.url}/api/track/pixel.gif") == [1, 1]
    assert [envelope.events[0].name for envelope in streams.envelopes] == ["seen", "seen"]
    assert not streams.envelopes[0].has_origin
