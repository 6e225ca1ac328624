"""Turbo swaps what the server rendered: one page view a visit, wherever in the page the tag is."""

import threading

import pytest
from playwright.sync_api import Page

from tests.tracker.conftest import World
from tests.tracker.walking import Seen, Step, back, follow, forward, put_app, walk

# Turbo shows pages by animation frames, which the headless shell hands out in its own time.
pytestmark = pytest.mark.whole_browser
LINKS = """<a href="/">Home</a> <a href="/news">News</a> <a href="/shop">Shop</a> <a href="/moved">Moved</a>
<a href="/shop" data-turbo-action="replace">Shop instead</a> <a href="#part">Part</a>
<turbo-frame id="list" data-turbo-action="advance"><a href="/news?page=2">Second</a></turbo-frame>
<form action="/" method="get"><button name="q" value="tea">Search</button></form><p id="part">Part</p>"""


COUNT_PREVIEWS = """window.previews = 0;
addEventListener("turbo:render", () => { previews += document.documentElement.hasAttribute("data-turbo-preview") })"""

# From the new address to the new page, which is when Turbo sets the title.
MEASURE_RENDERING = """window.slowest = 0;
addEventListener("popstate", () => {
  const begun = performance.now();
  addEventListener("turbo:load", () => { slowest = Math.max(slowest, performance.now() - begun) }, { once: true });
})"""
TITLE_MS = 400  # the tracker reads it after 500; the rest is for the measuring


def start(world: World, *, in_body: bool = False) -> Page:
    head = put_app(world, "turbo")
    tag = world.tag()
    for path, title in {"/": "Home", "/news": "News", "/shop": "Shop"}.items():
        if in_body:
            world.page(path, title=title, head=head, tag="", body=LINKS + tag)
        else:
            world.page(path, title=title, head=head, tag=tag, body=LINKS)
    page = world.open(world.site_url + "/")
    page.wait_for_function("!!window.Turbo")
    return page


def home_with_its_restored_copy(world: World) -> Step:
    """Visit a page that Turbo has a copy of: it shows the copy, then what the server sends, which is held till then."""

    def step(page: Page) -> None:
        gate = world.site.gates["/"] = threading.Event()
        page.evaluate(COUNT_PREVIEWS)
        follow("Home")(page)
        page.wait_for_function("window.previews == 1")
        gate.set()

    return step


def went_slowly(page: Page) -> bool:
    """Say whether Turbo took longer to show a page than the tracker gives a page for its title."""
    return bool(page.evaluate("window.slowest") > TITLE_MS)


@pytest.mark.parametrize("in_body", [False, True], ids=["tag in the head", "tag in the body"])
def test_each_visit_is_one_page_view(world: World, in_body: bool) -> None:
    for _ in range(3):
        page = start(world, in_body=in_body)
        page.evaluate(MEASURE_RENDERING)
        seen = walk(world, page, follow("News"), home_with_its_restored_copy(world), back, forward)
        if not went_slowly(page):
            break
        # On a machine this busy the title tells of the machine.
        page.close()
        world.beacon.received.clear()
        world.site.gates.clear()
    assert seen == [
        Seen("/", "Home", ""),
        Seen("/news", "News", "/"),
        Seen("/", "Home", "/news"),
        Seen("/news", "News", "/"),
        Seen("/", "Home", "/news"),
    ]


def test_replacing_parts_and_frames_count_by_their_address(world: World) -> None:
    def shop_instead(page: Page) -> None:
        follow("Part")(page)
        page.evaluate("window.loaded = false; addEventListener('turbo:load', () => { loaded = true }, {once: true})")
        follow("Shop instead")(page)
        page.wait_for_function("window.loaded")  # clicked on before, Turbo would give this visit's request up

    seen = walk(world, start(world), shop_instead, follow("Second"))
    assert [(view.url, view.referrer) for view in seen] == [("/", ""), ("/shop", "/"), ("/news?page=2", "/shop")]


def test_a_search_form_is_a_page_view_of_its_query(world: World) -> None:
    seen = walk(world, start(world), lambda page: page.get_by_role("button", name="Search").click())
    assert seen == [Seen("/", "Home", ""), Seen("/?q=tea", "Home", "/")]
