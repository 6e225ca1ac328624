"""axe finds nothing on any page, in either colour scheme, wide or narrow."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page

from tests.demo_pages import PAGES, Shot, log_in, settle
from tests.screenshots import SCHEMES, WIDTHS

from .conftest import Beacon

pytestmark = pytest.mark.xdist_group("e2e")

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


@pytest.fixture(scope="module", params=[(scheme, width) for scheme in SCHEMES for width in WIDTHS], ids="-".join)
def stranger(request: pytest.FixtureRequest, browser: Browser) -> Iterator[BrowserContext]:
    """A browser of one colour scheme and width that nobody has signed in with."""
    scheme, width = request.param
    wide, high = WIDTHS[width]
    context = browser.new_context(
        viewport={"width": wide, "height": high}, color_scheme=scheme, reduced_motion="reduce"
    )
    context.new_page()
    yield context
    context.close()


@pytest.fixture(scope="module")
def member(beacon: Beacon, stranger: BrowserContext) -> BrowserContext:
    log_in(stranger.pages[0], beacon.demo)
    return stranger


@pytest.mark.parametrize("shot", [shot for shot in PAGES if not shot.needs_login], ids=lambda shot: shot.name)
def test_axe_finds_nothing_on_public_pages(beacon: Beacon, stranger: BrowserContext, shot: Shot) -> None:
    check(stranger.pages[0], beacon, shot)


@pytest.mark.parametrize("shot", [shot for shot in PAGES if shot.needs_login], ids=lambda shot: shot.name)
def test_axe_finds_nothing(beacon: Beacon, member: BrowserContext, shot: Shot) -> None:
    check(member.pages[0], beacon, shot)


def check(page: Page, beacon: Beacon, shot: Shot) -> None:
    shot.go(page, beacon.demo)
    settle(page)

    found = Axe().run(page, options=RULES).response["violations"]

    assert [(one["id"], [node["html"] for node in one["nodes"][:3]]) for one in found] == []
    # Nothing but what is meant to scrolls sideways.
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
