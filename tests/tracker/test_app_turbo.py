"""Turbo swaps what the server rendered: one page view a visit, wherever in the page the tag is."""

import threading

import pytest
from playwright.sync_api import Page

from tests.tracker.conftest import World
from tests.tracker.walking import Seen, Step, back, follow, forward, put_app, walk

LINKS = """<a href="/">Home</a> <a href="/news">News</a> <a href="/shop">Shop</a> <a href="/moved">Moved</a>
<a href="/shop" data-turbo-action="replace">Shop instead</a> <a href="#part">Part</a>
<turbo-frame id="list" data-turbo-action="advance"><a href="/news?page=2">Second</a></turbo-frame>
<form action="/" method="get"><button name="q" value="tea">Search</button></form><p id="part">Part</p>"""


COUNT_PREVIEWS = """window.previews = 0;
addEventListener("turbo:render", () => { previews += document.documentElement.hasAttribute("data-turbo-preview") })"""


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


@pytest.mark.parametrize("in_body", [False, True], ids=["tag in the head", "tag in the body"])
def test_each_visit_is_one_page_view(world: World, in_body: bool) -> None:
    steps: tuple[Step, ...] = (follow("News"), home_with_its_restored_copy(world), back, forward)
    seen = walk(world, start(world, in_body=in_body), *steps)
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
        follow("Shop instead")(page)

    seen = walk(world, start(world), shop_instead, follow("Second"))
    assert [(view.url, view.referrer) for view in seen] == [("/", ""), ("/shop", "/"), ("/news?page=2", "/shop")]


def test_a_search_form_is_a_page_view_of_its_query(world: World) -> None:
    seen = walk(world, start(world), lambda page: page.get_by_role("button", name="Search").click())
    assert seen == [Seen("/", "Home", ""), Seen("/?q=tea", "Home", "/")]
