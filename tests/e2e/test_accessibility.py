"""axe finds nothing on any page, in either colour scheme, wide or narrow."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.browser import chromium
from tests.demo_pages import PAGES, Shot, log_in, settle
from tests.screenshots import SCHEMES, WIDTHS

from .conftest import USER_AGENT, Beacon

OPTIONS: dict[str, Any] = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    # What is well isn't told element by element: of a long list that takes longer than to find it.
    "resultTypes": ["violations"],
}
# What the other scheme can break: it changes colours alone.
OF_COLOURS = OPTIONS | {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}


@dataclass(frozen=True)
class Reader:
    """A browser of one width, and the schemes in which each page is looked at: it comes in the first of them."""

    page: Page
    schemes: tuple[str, ...]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium(user_agent=USER_AGENT) as running:
        yield running


@pytest.fixture(scope="module", params=[("wide", SCHEMES), ("narrow", SCHEMES[::-1])], ids=list(WIDTHS))
def stranger(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Reader]:
    """A reader who hasn't signed in."""
    width, schemes = request.param
    wide, high = WIDTHS[width]
    context = browser.new_context(viewport={"width": wide, "height": high}, reduced_motion="reduce")
    yield Reader(context.new_page(), schemes)
    context.close()


@pytest.fixture(scope="module")
def member(beacon: Beacon, stranger: Reader) -> Reader:
    log_in(stranger.page, beacon.demo)
    return stranger


@pytest.mark.parametrize("shot", [shot for shot in PAGES if not shot.needs_login], ids=lambda shot: shot.name)
def test_axe_finds_nothing_on_public_pages(beacon: Beacon, stranger: Reader, shot: Shot) -> None:
    check(stranger, beacon, shot)


@pytest.mark.parametrize("shot", [shot for shot in PAGES if shot.needs_login], ids=lambda shot: shot.name)
def test_axe_finds_nothing(beacon: Beacon, member: Reader, shot: Shot) -> None:
    check(member, beacon, shot)


def check(reader: Reader, beacon: Beacon, shot: Shot) -> None:
    """Look at a page as it comes, and again once the browser has taken the other scheme, which changes it in place."""
    page = reader.page
    page.emulate_media(color_scheme=reader.schemes[0])  # type: ignore[arg-type]
    shot.go(page, beacon.demo)
    for scheme, options in zip(reader.schemes, (OPTIONS, OF_COLOURS), strict=True):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        settle(page)
        found = Axe().run(page, options=options).response["violations"]
        assert [(one["id"], [node["html"] for node in one["nodes"][:3]]) for one in found] == [], scheme
        # Nothing but what is meant to scrolls sideways.
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), scheme
