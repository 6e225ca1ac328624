"""A client's website with the tag on every page, on a port of this machine.

It delivers the tag from its own host, as a first-party set-up does: `/stats/` goes on to the ingest door with the
visitor's address in X-Forwarded-For. The address is the one thing that is made up: all of this runs on one machine.
"""

import http.client
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TypeVar

from playwright.sync_api import Page

PREFIX = "/stats"
HTML = "text/html; charset=utf-8"
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<script async src="{script}" data-site-id="{site_key}"></script></head>
<body><h1>{title}</h1><p><a href="/pricing">Prices</a> <a href="/contact/demo">Ask for a demonstration</a></p>
<div>{filler}</div></body></html>"""
FORWARDED = ("content-type", "origin", "user-agent", "accept-language", "sec-gpc", "dnt")


class ClientSite:
    """`host` is the name under which the browser opens it; `address` the visitor's that the door is told."""

    def __init__(self, *, host: str, track_port: int, site_key: str, address: str) -> None:
        self.site_key = site_key
        self.address = address
        self.track_port = track_port
        self.server = _Server(("127.0.0.1", 0), _handler(self))
        self.url = f"http://{host}:{self.server.server_port}"

    def page(self, path: str) -> str:
        title = "Prices" if path.startswith("/pricing") else "A client's website"
        script = f"{PREFIX}/b.js"
        return PAGE.format(title=title, script=script, site_key=self.site_key, filler="<p>Text.</p>" * 200)

    def content(self, path: str) -> tuple[int, str, bytes]:
        """Return status, type and content of an address of this site."""
        return 200, HTML, self.page(path).encode()

    def take(self, path: str, body: bytes) -> None:
        """Hear what a page sends to its own site."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A browser may break off what it no longer wants."""


Site = TypeVar("Site", bound=ClientSite)


def _handler(site: ClientSite) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            if self.path.startswith(f"{PREFIX}/"):
                self._forward()
            else:
                self._answer(*site.content(self.path))

        def do_POST(self) -> None:
            if self.path.startswith(f"{PREFIX}/"):
                self._forward()
            else:
                site.take(self.path, self.rfile.read(int(self.headers.get("content-length") or 0)))
                self._answer(204, "text/plain", b"")

        def _forward(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = {name: self.headers[name] for name in FORWARDED if name in self.headers}
            headers["X-Forwarded-For"] = site.address
            onward = http.client.HTTPConnection("127.0.0.1", site.track_port, timeout=30)
            try:
                onward.request(self.command, self.path.removeprefix(PREFIX), body, headers)
                answer = onward.getresponse()
                self._answer(answer.status, answer.headers.get("content-type", "text/plain"), answer.read())
            finally:
                onward.close()

        def _answer(self, status: int, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: the tests do."""

    return Handler


def answered(page: Page) -> None:
    """Wait until the page has the answer to what its tag sent: a page that is closed before may lose it.

    A browser gives a closing page half a second, in which a busy machine may not get to it.
    """
    page.wait_for_function(
        "performance.getEntriesByType('resource').some(e => e.name.endsWith('/track/batch') && e.responseEnd)"
    )


@contextmanager
def client_site(*, host: str, track_port: int, site_key: str, address: str) -> Iterator[ClientSite]:
    with running(ClientSite(host=host, track_port=track_port, site_key=site_key, address=address)) as site:
        yield site


@contextmanager
def running(site: Site) -> Iterator[Site]:
    thread = Thread(target=site.server.serve_forever, daemon=True)
    thread.start()
    try:
        yield site
    finally:
        site.server.shutdown()
        site.server.server_close()
        thread.join()
