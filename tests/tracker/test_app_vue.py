"""Vue Router: addresses in the path, and addresses behind "#"."""

from playwright.sync_api import Page

from tests.tracker.conftest import World
from tests.tracker.walking import SHELL, Seen, back, follow, forward, put_app, walk


def start(world: World, *, path: str = "/", title: str = "Home", tag: str = "", history: str = "path") -> Page:
    app = put_app(world, "vue_router")
    mark = f"<script>document.documentElement.dataset.history = '{history}'</script>"
    world.page("/", title=title, head=mark + app, body=SHELL, tag=world.tag(tag))
    return world.open(world.site_url + path)


def test_each_route_is_one_page_view_with_its_title_and_referrer(world: World) -> None:
    seen = walk(world, start(world), follow("to /news"), follow("to /news/1"), back, forward)
    assert seen == [
        Seen("/", "Home", ""),
        Seen("/news", "News", "/"),
        Seen("/news/1", "A story", "/news"),
        Seen("/news", "News", "/news/1"),
        Seen("/news/1", "A story", "/news"),
    ]


def test_redirects_and_guards_count_where_they_lead(world: World) -> None:
    seen = walk(world, start(world), follow("to /blog"), follow("to /members"))
    assert seen == [Seen("/", "Home", ""), Seen("/news", "News", "/"), Seen("/login", "Login", "/news")]


def test_a_part_of_the_page_is_no_page_view_and_a_replaced_one_is(world: World) -> None:
    def read_the_comments(page: Page) -> None:
        follow("to /news/1#comments")(page)
        follow("replaced by login")(page)

    seen = walk(world, start(world), follow("to /news/1"), read_the_comments)
    assert seen == [Seen("/", "Home", ""), Seen("/news/1", "A story", "/"), Seen("/login", "Login", "/news/1")]


def test_with_the_hash_option_the_route_is_behind_the_hash(world: World) -> None:
    page = start(world, path="/#/news", title="News", tag="data-hash", history="hash")
    seen = walk(world, page, follow("to /news/1"), follow("replaced by login"), back)
    assert seen == [
        Seen("/#/news", "News", ""),
        Seen("/#/news/1", "A story", "/#/news"),
        Seen("/#/login", "Login", "/#/news/1"),
        Seen("/#/news", "News", "/#/login"),
    ]


def test_without_the_option_such_an_app_is_one_page(world: World) -> None:
    def everywhere(page: Page) -> None:
        for link in ("to /news", "to /news/1"):
            follow(link)(page)

    page = start(world, path="/#/", history="hash")
    world.beacon.wait_of("pageview")
    everywhere(page)
    assert [view.url for view in walk(world, page)] == ["/"]
