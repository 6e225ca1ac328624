"""Chromium for tests and screenshots: the machine's, this checkout's, or Playwright's own, whichever is there.

Tests take its headless shell where there is one, which is the same engine without the browser around it: a page costs a
third of the processor time. What only the whole browser does (pages kept for the way back, prerendering) asks for that.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.async_api import BrowserType as AsyncBrowserType
from playwright.sync_api import Browser, BrowserType, Playwright, expect, sync_playwright

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
# What config/local/chromium.sh and headless_shell.sh unpack where they may not install.
VENV = Path(__file__).parent.parent / ".venv"
UNPACKED = VENV / "beacon-chromium" / "chromium"
UNPACKED_SHELL = VENV / "beacon-headless-shell" / "chromium-headless-shell"
HINT = "No Chromium is installed: run `make dev`, or install Debian's (`apt-get install chromium`)."


class NoBrowser(RuntimeError):
    """There is no Chromium; the text says how to get one."""


def chromium_path(kind: BrowserType | AsyncBrowserType) -> str:
    """Return the whole browser's program. Raises NoBrowser."""
    own = Path(kind.executable_path)
    if own.exists():
        return str(own)
    for name in ("chromium", "chromium-browser", "google-chrome", str(UNPACKED)):
        if found := shutil.which(name):
            return found
    raise NoBrowser(HINT)


def shell_path(kind: BrowserType | AsyncBrowserType) -> str:
    """Return the program of the headless shell, or of the whole browser where there is none. Raises NoBrowser."""
    return shutil.which("chromium-headless-shell") or shutil.which(UNPACKED_SHELL) or chromium_path(kind)


def launched(playwright: Playwright, *arguments: str, is_whole: bool = False) -> Browser:
    """Start a browser.

    `is_whole`: all of it; it keeps pages for the way back, as people's browsers do and Playwright's don't.
    """
    kind = playwright.chromium
    return kind.launch(
        executable_path=chromium_path(kind) if is_whole else shell_path(kind),
        args=[*QUIET, *arguments],
        ignore_default_args=["--disable-back-forward-cache"] if is_whole else None,
    )


@contextmanager
def chromium(*, user_agent: str = "", is_whole: bool = False) -> Iterator[Browser]:
    """Run a browser (see `launched`).

    `user_agent` is what all of it says; a context's isn't on what is sent as a page is left.
    """
    said = [f"--user-agent={user_agent}"] if user_agent else []
    with sync_playwright() as playwright:
        browser = launched(playwright, *said, is_whole=is_whole)
        try:
            yield browser
        finally:
            browser.close()
