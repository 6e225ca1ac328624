"""A real website on a port of this machine: Python's documentation as Debian packs it, the tag in each of its pages."""

import mimetypes
import re
from collections import Counter
from pathlib import Path
from urllib.parse import unquote, urlsplit

from config.local.folders import CHECKOUT
from tests.e2e.client_site import HTML, PREFIX, ClientSite

PAGES = CHECKOUT / ".venv" / "beacon-python-doc" / "usr" / "share" / "doc" / "python3-doc" / "html"
HINT = "Python's documentation isn't there to be crawled: run `make dev`, which brings it from Debian's packages."
TRACKER = CHECKOUT / "static" / "dist" / "tracker" / "b.js"
# Not in the tag's own script: a page on which that never came has to be missed. `begun` is told before the tag can run,
# `shown` after it must have: an async script holds up the load. A return tells both.
WITNESS = """<script>{
    const tell = (what) => navigator.sendBeacon("/" + what, location.pathname);
    tell("begun");
    addEventListener("pageshow", (event) => {
        if (event.persisted) tell("begun", self.returnedAt = performance.now());
        tell("shown");
    });
}</script>"""
HEAD = re.compile(rb"<head>", re.IGNORECASE)


class Documentation(ClientSite):
    """Counts by path the pages that were begun and that were shown, as they say themselves, without the tag.

    Who leaves in the middle of a click may have begun a page on which nothing could run yet.
    """

    def __init__(self, *, host: str, track_port: int, site_key: str, address: str) -> None:
        super().__init__(host=host, track_port=track_port, site_key=site_key, address=address)
        self.begun: Counter[str] = Counter()
        self.shown: Counter[str] = Counter()
        self.tag = (
            f"<head>{WITNESS}"
            f'<script async src="/b.js" data-site-id="{site_key}" data-api="{PREFIX}/api/track/batch"></script>'
        )

    def content(self, path: str) -> tuple[int, str, bytes]:
        path = unquote(urlsplit(path).path)
        if path == "/b.js":
            return 200, "text/javascript", TRACKER.read_bytes()
        file = (PAGES / path.lstrip("/")).resolve()
        if not file.is_file():
            return 404, "text/plain", b""
        if file.suffix == ".html":
            return 200, HTML, HEAD.sub(self.tag.encode(), file.read_bytes(), count=1)
        return 200, mimetypes.guess_type(file.name)[0] or "application/octet-stream", file.read_bytes()

    def take(self, path: str, body: bytes) -> None:
        counts = {"/begun": self.begun, "/shown": self.shown}
        if path in counts:
            counts[path][body.decode()] += 1


def some_pages() -> list[Path]:
    """Return the site's pages. Raises RuntimeError where it isn't there."""
    found = sorted(PAGES.rglob("*.html"))
    if not found:
        raise RuntimeError(HINT)
    return found
