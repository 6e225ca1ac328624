"""React Router: one page view a route, with its own title and where the visitor was before."""

from playwright.sync_api import Page

from tests.tracker.acting import timeless_page
from tests.tracker.conftest import World
from tests.tracker.walking import SHELL, Seen, back, follow, forward, press, put_app, walk

PATHS = ("/", "/products", "/products/7", "/search", "/checkout", "/slow", "/older")


def start(world: World, path: str = "/") -> Page:
    app = put_app(world, "react_router")
    for route in PATHS:
        world.page(route, title="Home", head=app, body=SHELL)
    return world.open(world.site_url + path)


def test_each_route_is_one_page_view_with_its_title_and_referrer(world: World) -> None:
    page = start(world)
    seen = walk(world, page, follow("Products"), follow("Seven"), back, back, forward)
    assert seen == [
        Seen("/", "Home", ""),
        Seen("/products", "Products", "/"),
        Seen("/products/7", "Product 7", "/products"),
        Seen("/products", "Products", "/products/7"),
        Seen("/", "Home", "/products"),
        Seen("/products", "Products", "/"),
    ]


def test_a_loaders_redirect_is_one_page_view(world: World) -> None:
    seen = walk(world, start(world), follow("Old"))
    assert seen == [Seen("/", "Home", ""), Seen("/products", "Products", "/")]


def test_a_route_that_replaces_is_a_page_view(world: World) -> None:
    seen = walk(world, start(world), follow("Checkout"))
    assert seen == [Seen("/", "Home", ""), Seen("/checkout", "Checkout", "/")]


def test_a_route_that_loads_long_is_counted_with_its_own_title(world: World) -> None:
    seen = walk(world, start(world), follow("Slow"))
    assert seen == [Seen("/", "Home", ""), Seen("/slow", "Slow", "/")]


def test_a_query_is_a_page_and_the_same_query_again_is_none(world: World) -> None:
    def again_and_back(page: Page) -> None:
        press("Tea again")(page)
        back(page)

    seen = walk(world, start(world, "/search"), press("Tea"), again_and_back)
    assert [view.url for view in seen] == ["/search", "/search?q=tea", "/search"]
    assert [view.title.strip() for view in seen][1:] == ["Search tea", "Search"]


def test_a_components_redirect_is_one_page_view(world: World) -> None:
    """`<Navigate replace>` goes through an address that nobody sees."""
    seen = walk(world, start(world), follow("Older"))
    assert seen == [Seen("/", "Home", ""), Seen("/products", "Products", "/")]


def test_an_app_that_starts_late_gives_its_first_page_its_title(world: World) -> None:
    """As on a slow network: the app's script comes a fifth of a second after the tag."""
    put_app(world, "react_router")
    late = "<script>setTimeout(() => document.body.append(Object.assign(document.createElement('script'), "
    late += "{src: '/react_router.js'})), 200)</script>"
    page = timeless_page(world.context)
    page.goto(world.page("/products", title="The shop", head=late, body=SHELL))
    page.clock.run_for(200)
    page.wait_for_function("document.title == 'Products'")
    page.clock.resume()
    assert walk(world, page) == [Seen("/products", "Products", "")]


def test_engaged_time_goes_to_the_route_it_was_spent_on(world: World) -> None:
    page = timeless_page(world.context)
    app = put_app(world, "react_router")
    page.goto(world.page("/", head=app, body=SHELL))
    page.clock.run_for(600)
    world.beacon.wait_of("pageview")
    page.clock.run_for(9_000)
    follow("Products")(page)
    page.clock.run_for(4_000)
    follow("Seven")(page)
    page.clock.run_for(1_000)
    engaged = {
        event["url"].removeprefix(world.site_url): event["engaged_ms"]
        for event in world.beacon.wait_of("engagement", 2)
    }
    assert set(engaged) == {"/", "/products"}
    assert 9_000 <= engaged["/"] < 11_000
    assert 4_000 <= engaged["/products"] < 6_000
