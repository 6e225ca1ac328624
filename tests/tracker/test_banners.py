"""The recipes of docs/consent-banners.md with the real banners: what is sent before a choice, after it, and without."""

import re
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest
from playwright.sync_api import Page, TimeoutError

from tests.tracker.conftest import ROOT, SITE_KEY, World
from tests.tracker.recorder import Page as Served
from tests.tracker.walking import put_app

DOCUMENT = ROOT / "docs" / "consent-banners.md"
TYPES = {".js": "text/javascript", ".css": "text/css"}
# Views go out after half a second.
PAST_SENDING = "performance.now() > 900"
GOOGLE = """<script>
window.dataLayer = window.dataLayer || []; function gtag() { dataLayer.push(arguments) }
gtag("consent", "default",
  { analytics_storage: "denied", ad_storage: "denied", ad_user_data: "denied", wait_for_update: 500 });
function choose(word) { localStorage.choice = word;
  gtag("consent", "update", { analytics_storage: word, ad_storage: word, ad_user_data: word }) }
function pick(button, word) { choose(word); button.remove() }
if (localStorage.choice) choose(localStorage.choice);
</script>
<button onclick="pick(this, 'granted')">Accept</button>
<button onclick="pick(this, 'denied')">Refuse</button>"""


@dataclass(frozen=True)
class Banner:
    """`recipe`: its heading in the document, or markup; `files`: what it is made of, by address, in node_modules.

    The rest are selectors: what accepts, what refuses, and all that is clicked to take a choice back.
    """

    name: str
    accept: str
    refuse: str
    withdraw: tuple[str, ...]
    recipe: str = ""
    files: tuple[tuple[str, str], ...] = ()
    app: str = ""
    attributes: str = 'data-consent="required"'


TARTEAUCITRON = ("tarteaucitron.js", "tarteaucitron.services.js", "css/tarteaucitron.css", "lang/tarteaucitron.en.js")
TCF_STUB = '<script src="/banner/stub.js"></script>'
BANNERS = [
    Banner(
        "Vanilla Cookie Consent",
        accept=".cm__btn[data-role=all]",
        refuse=".cm__btn[data-role=necessary]",
        withdraw=("text=Privacy settings", ".pm__btn[data-role=necessary]"),
        files=(
            ("cookieconsent.css", "vanilla-cookieconsent/dist/cookieconsent.css"),
            ("cookieconsent.umd.js", "vanilla-cookieconsent/dist/cookieconsent.umd.js"),
        ),
    ),
    Banner(
        "Klaro",
        accept=".cookie-notice .cm-btn-success",
        refuse=".cookie-notice .cn-decline",
        withdraw=("text=Privacy settings", ".cm-toggle-all label", ".cookie-modal .cm-btn-success"),
        files=(("klaro.js", "klaro/dist/klaro.js"),),
    ),
    Banner(
        "tarteaucitron.js",
        accept="#tarteaucitronPersonalize2",
        refuse="#tarteaucitronAllDenied2",
        withdraw=("#tarteaucitronIcon button", "#beaconDenied"),
        files=tuple((name, f"tarteaucitronjs/{name}") for name in TARTEAUCITRON),
    ),
    Banner(
        "Cookie Consent by Osano",
        accept=".cc-allow",
        refuse=".cc-deny",
        withdraw=(".cc-revoke", ".cc-deny"),
        files=(
            ("cookieconsent.min.css", "cookieconsent/build/cookieconsent.min.css"),
            ("cookieconsent.min.js", "cookieconsent/build/cookieconsent.min.js"),
        ),
    ),
    Banner(
        "TCF",
        accept="text=Accept",
        refuse="text=Refuse",
        withdraw=("text=Privacy settings", "text=Refuse"),
        recipe=TCF_STUB,
        files=(("stub.js", "@iabtechlabtcf/stub/lib/stub.js"),),
        app="tcf_banner",
    ),
    Banner(
        "Google", accept="text=Accept", refuse="text=Refuse", withdraw=("text=Refuse",), recipe=GOOGLE, attributes=""
    ),
]
BOTH = pytest.mark.parametrize("banner", BANNERS, ids=lambda banner: banner.name)


def recipe(heading: str) -> str:
    """Return the markup under a heading of the document; of its beginning for no heading."""
    text = DOCUMENT.read_text(encoding="utf-8")
    part = text.split(f"\n## {heading}\n")[1].split("\n## ")[0] if heading else text.split("\n## ")[0]
    return "\n".join(re.findall(r"```html\n(.*?)```", part, re.DOTALL))


def put(
    world: World, banner: Banner, paths: tuple[str, ...] = ("/", "/next", "/last"), *, is_late: bool = False
) -> None:
    """Put pages with the tag, as the document has it, and a banner on the client's site."""
    for name, file in banner.files:
        code = (ROOT / "node_modules" / file).read_text(encoding="utf-8")
        world.site.pages[f"/banner/{name}"] = Served(code, {"Content-Type": TYPES[Path(name).suffix]})
    tag = recipe("").replace("https://HOST", world.beacon_url).replace("SITE_KEY", SITE_KEY)
    tag = tag.replace('data-consent="required"', banner.attributes)
    body = banner.recipe or recipe(banner.name)
    if banner.app:
        body += put_app(world, banner.app)
    if is_late:
        body = f"<template>{body}</template><script>{LATE}</script>"
    for path in paths:
        world.page(path, title=path, tag=tag, body=body)


# What a tag manager does: markup that comes later, its scripts made anew so that they run, one after the other.
LATE = """addEventListener("load", () => setTimeout(async () => {
  for (const node of [...document.querySelector("template").content.children]) {
    const made = node.tagName == "SCRIPT" ? Object.assign(document.createElement("script"), { text: node.text }) : node;
    if (node.src) Object.assign(made, { src: node.src });
    document.body.append(made);
    if (node.src) await new Promise((done) => { made.onload = done });
  }
}, 300))"""


def said(world: World, kind: str) -> list[tuple[str | None, str]]:
    """Return what consent each event of a kind was sent under, and where it happened."""
    return [
        (request.body["consent"].get("analytics"), event["url"].removeprefix(world.site_url))
        for request in world.beacon.received
        for event in request.events
        if event["kind"] == kind and event.get("name") in (None, "consent")
    ]


def press(page: Page, button: str, *, then: str = "") -> None:
    """Click until `then` is there, or else the button is gone: some banners show themselves before they listen.

    Others fade out for longer than is waited here, and can't be clicked a second time.
    """
    page.click(button)
    for _ in range(40):
        with suppress(TimeoutError):
            page.locator(then or button).wait_for(state="visible" if then else "hidden", timeout=600)
            return
        with suppress(TimeoutError):
            page.click(button, timeout=600)
    raise AssertionError(f"{button} has no effect")


def take_back(page: Page, banner: Banner) -> None:
    for button, following in pairwise(banner.withdraw):
        press(page, button, then=following)
    page.click(banner.withdraw[-1])


def accept(world: World, banner: Banner) -> Page:
    page = world.open(world.site_url + "/")
    page.locator(banner.accept).wait_for()
    page.wait_for_function(PAST_SENDING)
    assert world.beacon.received == []
    press(page, banner.accept)
    world.beacon.wait_of("pageview")
    return page


@BOTH
def test_what_was_accepted_holds_until_it_is_withdrawn(world: World, banner: Banner) -> None:
    put(world, banner)
    page = accept(world, banner)
    page.goto(world.site_url + "/next")
    # Left before its answer came, the first one may be told twice.
    world.beacon.wait(lambda: ("granted", "/next") in said(world, "pageview"))
    assert set(said(world, "pageview")) == {("granted", "/"), ("granted", "/next")}

    take_back(page, banner)
    world.beacon.wait(lambda: ("denied", "/next") in said(world, "event"))
    received = len(world.beacon.received)
    page.evaluate("beacon('event', 'after')")
    page.goto(world.site_url + "/last")
    page.wait_for_function(PAST_SENDING)
    page.close()
    assert [request.events for request in world.beacon.received[received:]] == []


@BOTH
def test_where_it_was_refused_nothing_is_ever_sent(world: World, banner: Banner) -> None:
    put(world, banner)
    page = world.open(world.site_url + "/")
    press(page, banner.refuse)
    page.evaluate("beacon('event', 'after')")
    page.goto(world.site_url + "/next")
    page.wait_for_function(PAST_SENDING)
    page.evaluate("beacon('event', 'after')")
    page.close()
    other = world.open(world.page("/bare", tag=world.tag()))  # what would have come has come before this
    world.beacon.wait_of("pageview")
    other.close()
    assert {event["url"] for event in world.beacon.events} == {world.site_url + "/bare"}


def test_a_banner_that_comes_late_is_waited_for(world: World) -> None:
    put(world, BANNERS[0], is_late=True)
    page = accept(world, BANNERS[0])
    assert said(world, "pageview") == [("granted", "/")]
    page.goto(world.site_url + "/next")
    world.beacon.wait_of("pageview", 2)
    assert said(world, "pageview")[1] == ("granted", "/next")


@pytest.mark.whole_browser
def test_a_page_out_of_the_back_forward_cache_keeps_its_choice(world: World) -> None:
    put(world, BANNERS[0])
    page = accept(world, BANNERS[0])
    world.wait_answered(page)
    page.evaluate("window.kept = true")
    page.goto(world.site_url + "/next")
    world.beacon.wait_of("pageview", 2)
    page.evaluate("setTimeout(() => history.back())")
    world.beacon.wait_of("pageview", 3)
    assert page.evaluate("window.kept")
    assert said(world, "pageview")[2] == ("granted", "/")
