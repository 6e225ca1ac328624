"""What visitors do that a driven browser doesn't do by itself."""

from playwright.sync_api import Page


def hide(page: Page) -> None:
    """Put the page in the background. Playwright keeps every page visible: what the browser would say is said here."""
    _set_hidden(page, True)


def show(page: Page) -> None:
    _set_hidden(page, False)


def _set_hidden(page: Page, is_hidden: bool) -> None:
    page.evaluate(
        """isHidden => {
            Object.defineProperty(document, "hidden", {value: isHidden, configurable: true});
            const visibilityState = isHidden ? "hidden" : "visible";
            Object.defineProperty(document, "visibilityState", {value: visibilityState, configurable: true});
            document.dispatchEvent(new Event("visibilitychange", {bubbles: true}));
        }""",
        is_hidden,
    )
