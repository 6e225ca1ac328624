"""Chromium for tests and screenshots: the machine's, this checkout's, or Playwright's own, whichever is there."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, BrowserType, expect, sync_playwright

# Without these Chromium looks for its maker's hosts at every start.
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Clients' sites of the tests have names of their own; `localhost` resolves by itself.
    "--host-resolver-rules=MAP *.example 127.0.0.1",
    # navigator.webdriver says that a program drives the browser, and its visits would be set aside as a program's.
    "--disable-blink-features=AutomationControlled",
]
# Playwright's own five seconds are for a machine that does nothing else.
expect.set_options(timeout=20_000)
UNPACKED = Path(__file__).parent.parent / ".venv" / "beacon-chromium" / "chromium"
HINT = "No Chromium is installed: run `make dev`, or install Debian's (`apt-get install chromium`)."


class NoBrowser(RuntimeError):
    """There is no Chromium; the text says how to get one."""


def chromium_path(kind: BrowserType) -> str:
    """Return the browser's program. Raises NoBrowser."""
    own = Path(kind.executable_path)
    if own.exists():
        return str(own)
    # The last is what config/local/chromium.sh unpacks where it may not install.
    for name in ("chromium", "chromium-browser", "google-chrome", str(UNPACKED)):
        if found := shutil.which(name):
            return found
    raise NoBrowser(HINT)


@contextmanager
def chromium(*, user_agent: str = "", returns: bool = False) -> Iterator[Browser]:
    """Run a browser. `user_agent` is what all of it says; a context's isn't on what is sent as a page is left.

    `returns`: it keeps pages for the way back, as people's browsers do and Playwright's don't.
    """
    said = [f"--user-agent={user_agent}"] if user_agent else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium_path(playwright.chromium),
            args=[*QUIET, *said],
            ignore_default_args=["--disable-back-forward-cache"] if returns else None,
        )
        try:
            yield browser
        finally:
            browser.close()
