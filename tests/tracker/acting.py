"""What visitors do that a driven browser doesn't do by itself."""

from playwright.sync_api import Page

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
