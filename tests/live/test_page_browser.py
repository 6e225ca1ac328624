"""The live page in Chromium: what comes over the socket really lands in the document."""

from collections.abc import Iterator
from time import monotonic

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.db import connection
from playwright.sync_api import Browser, Page, expect
from pytest_django import DjangoDbBlocker

from apps.live.frames import announce_events
from config.local.deadline import wait_until
from tests.browser import chromium
from tests.cast import Cast

from .conftest import Watched
from .web import APPLICATION, Web

pytestmark = pytest.mark.real

PATIENCE_MS = 30_000
FIRST_FRAME_SECONDS = 60.0
# The page tries again later and later, and the server has to start.
RECONNECT_MS = 75_000


@pytest.fixture(scope="module", autouse=True)
def may_ask_the_database() -> Iterator[None]:
    """Playwright runs a loop on this thread, where Django would refuse to ask the database; nothing else runs on it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        yield


@pytest.fixture(scope="module")
def browser(may_ask_the_database: None) -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def web(_cast: Cast, django_db_blocker: DjangoDbBlocker) -> Iterator[Web]:
    running = Web()
    running.start()
    yield running
    running.kill()
    with django_db_blocker.unblock():
        # The test database can't be dropped while a killed process's connections are still being cleared away...
        assert wait_until(lambda: not web_connections(), seconds=30)
        # ...nor while this one is open, which belongs to what ran beside Playwright's loop.
        connection.close()


def web_connections() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE application_name = %s", [APPLICATION])
        return int(cursor.fetchone()[0])


@pytest.fixture
def complaints() -> list[str]:
    return []


@pytest.fixture
def page(browser: Browser, web: Web, watched: Watched, complaints: list[str]) -> Iterator[Page]:
    """The live page of an empty site, its socket open."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    value = watched.cookie(watched.owner).partition("=")[2]
    address = f"http://{watched.host}:{web.port}"
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": value, "url": address}])
    page = context.new_page()
    page.on("pageerror", lambda error: complaints.append(str(error)))
    frames: list[object] = []
    # Listened to from the socket's beginning: its first frame may come before the page has loaded.
    page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: frames.append(frame)))
    page.goto(f"{address}/s/{watched.site.slug}/live")
    end = monotonic() + FIRST_FRAME_SECONDS
    while not frames:
        assert monotonic() < end, "the socket says nothing"
        page.wait_for_timeout(50)  # Playwright tells of events while it is asked something
    yield page
    context.close()


def test_a_visit_arrives_changes_and_leaves(page: Page, watched: Watched, complaints: list[str]) -> None:
    rows = page.locator("#live-visits tr")
    older = watched.visit("/older", ago_s=30, city="Graz", source="Google")
    announce_events(watched.stored(older))
    expect(rows).to_have_count(1, timeout=PATIENCE_MS)
    newer = watched.visit("/newer")
    announce_events(watched.stored(newer))
    expect(rows).to_have_count(2)
    expect(rows.nth(0)).to_contain_text("/newer")
    expect(page.locator(".now-fig .big")).to_have_text("2")
    expect(page.locator("#live-feed")).to_contain_text("Someone in Graz came from Google to /older")
    expect(page.locator("#live-all")).to_have_text("2")

    company_id = watched.company("Varnholt AG")
    watched.change(older, company_id=company_id, exit_path="/pricing")
    announce_events(watched.stored(older))
    expect(rows.nth(1)).to_contain_text("Varnholt AG")
    expect(rows.nth(1)).to_contain_text("/pricing")
    expect(page.locator("#live-companies")).to_have_text("1")

    watched.change(newer, ended_at=newer.ended_at.replace(year=2020))
    announce_events(watched.stored(newer))
    expect(rows).to_have_count(1)
    assert complaints == []


def test_a_row_comes_in_where_it_belongs(page: Page, watched: Watched) -> None:
    """A visit that a late event makes, older than one that is listed and younger than the other."""
    first, last = watched.visit("/first", ago_s=60), watched.visit("/last")
    announce_events(watched.stored(first, last))
    rows = page.locator("#live-visits tr")
    expect(rows).to_have_count(2, timeout=PATIENCE_MS)
    announce_events(watched.stored(watched.visit("/between", ago_s=30)))
    expect(rows).to_have_count(3)
    expect(rows.nth(1)).to_contain_text("/between")


def test_a_pause_holds_the_page_still_and_going_on_brings_it_up_to_date(page: Page, watched: Watched) -> None:
    rows = page.locator("#live-visits tr")
    page.get_by_role("button", name="Pause").click()
    with page.expect_event("console", predicate=lambda message: "let pass" in message.text):
        page.evaluate("""
            document.body.addEventListener(
                "htmx:wsBeforeMessage", (event) => event.defaultPrevented && console.log("let pass"))
        """)
        announce_events(watched.stored(watched.visit("/meanwhile")))
    expect(rows).to_have_count(0)
    page.get_by_role("button", name="Go on").click()
    expect(rows).to_have_count(1, timeout=PATIENCE_MS)
    expect(rows).to_contain_text("/meanwhile")


@pytest.mark.timeout(240)
def test_it_comes_back_by_itself_after_the_server_was_killed(page: Page, watched: Watched, web: Web) -> None:
    notice = page.locator("[data-live-notice]")
    web.kill()
    expect(notice).to_contain_text("The live connection is lost.", timeout=PATIENCE_MS)
    expect(notice).to_be_visible()
    watched.visit("/while-it-was-away")
    web.start()
    expect(page.locator("#live-visits tr")).to_contain_text("/while-it-was-away", timeout=RECONNECT_MS)
    expect(notice).to_be_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(page: Page, watched: Watched, scheme: str) -> None:
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    company_id = watched.company()
    watched.visit("/pricing", ago_s=20, company_id=company_id, source="Google", city="Graz", country="AT")
    watched.hot(company_id)
    announce_events(watched.stored(watched.visit("/docs", latitude=48.2, longitude=16.4, city="Vienna")))
    expect(page.locator("#live-visits tr")).to_have_count(2, timeout=PATIENCE_MS)
    expect(page.locator("#live-turned")).to_contain_text("Varnholt AG turned hot")
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
