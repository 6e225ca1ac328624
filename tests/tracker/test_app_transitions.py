"""Pages that a script swaps with view transitions."""

from playwright.sync_api import Page

from tests.tracker.conftest import World
from tests.tracker.walking import Seen, back, follow, put_app, views, walk

LINKS = '<a href="/">Home</a> <a href="/news">News</a> <a href="/shop">Shop</a>'


def start(world: World, by: str) -> Page:
    head = f"<script>document.documentElement.dataset.by = '{by}'</script>" + put_app(world, "transitions")
    for path, title in {"/": "Home", "/news": "News", "/shop": "Shop"}.items():
        world.page(path, title=title, head=head, body=LINKS)
    page = world.open(world.site_url + "/")
    page.wait_for_selector("html[data-is-ready]")
    return page


def test_each_page_is_one_page_view(world: World) -> None:
    seen = walk(world, start(world, "history"), follow("News"), follow("Shop"), back)
    assert seen == [
        Seen("/", "Home", ""),
        Seen("/news", "News", "/"),
        Seen("/shop", "Shop", "/news"),
        Seen("/news", "News", "/shop"),
    ]


def test_each_page_of_the_navigation_api_is_one_page_view(world: World) -> None:
    page = start(world, "navigation")
    world.beacon.wait_of("pageview")
    follow("News")(page)
    page.wait_for_function("document.title == 'News'")
    assert views(world, page) == [Seen("/", "Home", ""), Seen("/news", "News", "/")]
