"""What visitors do that a driven browser doesn't do by itself."""

from datetime import UTC, datetime, timedelta

from playwright.sync_api import BrowserContext, Page

NOON = datetime(2026, 5, 12, 12, tzinfo=UTC)
LEAVE_AT_LOAD = "addEventListener('load', () => { location.href = '/next' })"
SET_HIDDEN = """isHidden => {
    const visibilityState = isHidden ? "hidden" : "visible";
    Object.defineProperty(document, "hidden", {value: isHidden, configurable: true});
    Object.defineProperty(document, "visibilityState", {value: visibilityState, configurable: true});
    document.dispatchEvent(new Event("visibilitychange", {bubbles: true}));
}"""


def hide(page: Page, *, after: str = "0") -> None:
    """Put the page in the background, at once after an expression of its own.

    Playwright keeps every page visible: what the browser would say is said here.
    """
    page.evaluate(f"{after}; ({SET_HIDDEN})(true)")


def show(page: Page) -> None:
    page.evaluate(f"({SET_HIDDEN})(false)")


def timeless_page(context: BrowserContext) -> Page:
    """Return a new page whose time goes on by `page.clock.run_for` alone: a slow machine adds nothing to it."""
    page = context.new_page()
    page.clock.install(time=NOON)
    page.clock.pause_at(NOON + timedelta(hours=1))
    return page
