"""Clients' pages and Beacon's door on one port of this machine, under names that the guard pins to it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from urllib.parse import urlsplit

from apps.core.outbound import Guard
from apps.installation.findings import SiteFacts

PAGES = Path(__file__).parent / "pages"
TRACKER = Path(__file__).parents[2] / "static" / "dist" / "tracker" / "b.js"
KEY = "site-key-of-the-tests"
HOST = "shop.example"
DOOR = "door.example"
BUNDLE = "undefinedFunction(); load('{track}/b.js', '{key}');"
# The paths of proxied doors: k7 is forgotten, k8 only passes the script on, the others are right.
PROXIED = ("k8", "k9", "stats")


class World:
    """Pages lie at `/<name>`; a name of digits is answered with that status. `posts`: what the door was sent."""

    def __init__(self) -> None:
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.port = self.server.server_port
        self.posts: list[tuple[str, str]] = []
        names = (HOST, f"www.{HOST}", "elsewhere.example", DOOR, "slow.example")
        self.pins = dict.fromkeys(names, "127.0.0.1")

    @property
    def track(self) -> str:
        return f"http://{DOOR}:{self.port}"

    def guard(self) -> Guard:
        """The operator allows private addresses; no name is asked of the system."""
        return Guard(allows_private=True, pins=self.pins, lookup=lambda _: [])

    def url(self, page: str, host: str = HOST) -> str:
        return f"http://{host}:{self.port}/{page}"

    def facts(self, *, hosts: tuple[str, ...] = (HOST,), status: str = "active") -> SiteFacts:
        script_url = f"{self.track}/b.js"
        tag = f'<script async src="{script_url}" data-site-id="{KEY}"></script>'
        return SiteFacts(KEY, hosts, status, script_url, tag)

    def text(self, text: str) -> str:
        return text.replace("{track}", self.track).replace("{key}", KEY)

    def judge(self, body: bytes, origin: str) -> tuple[int, str]:
        """Return what the door answers: status and Beacon-Reason, as apps.tracking does for these three cases."""
        key = str(json.loads(body).get("site_key"))
        self.posts.append((key, origin))
        if key != KEY:
            return 404, "site"
        host = (urlsplit(origin).hostname or "").removeprefix("www.")
        return (202, "bot_declared") if host == HOST else (403, "origin")


def _handler(world: World) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0].strip("/")
            folder, _, name = path.rpartition("/")
            host = self.headers.get("Host", "").partition(":")[0]
            if (path == "b.js" and host == DOOR) or (name == "b.js" and folder in PROXIED):
                self._answer(200, "text/javascript", TRACKER.read_bytes())
            elif path == "held.js":
                self._answer(200, "text/javascript", b"/* waits */")
            elif path == "bundle.js":
                self._answer(200, "text/javascript", world.text(BUNDLE).encode())
            elif path == "picture":
                self._answer(200, "image/png", b"\x89PNG")
            elif path == "no_gzip":
                self._answer(200, "text/html", b"<h1>plain</h1>", ("content-encoding", "gzip"))
            elif path == "never":
                self.server.stopping.wait(30)  # type: ignore[attr-defined]
            elif path.startswith("to/"):
                self._redirect(path.removeprefix("to/"))
            elif path.isdigit():
                self._answer(int(path), "text/html", b"<h1>Sorry</h1>")
            else:
                self._page(path)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            folder = self.path.split("/")[1]
            if not self.path.endswith("/api/track/batch") or folder not in ("api", "k9", "stats"):
                self._answer(404, "text/html", b"<h1>Not found</h1>")
                return
            status, reason = world.judge(body, self.headers.get("Origin", ""))
            self._answer(status, "application/json", b"{}", ("Beacon-Reason", reason))

        def _page(self, name: str) -> None:
            file = PAGES / f"{name or 'well'}.html"
            if file.is_file():
                self._answer(200, "text/html; charset=utf-8", world.text(file.read_text("utf-8")).encode())
            else:
                self._answer(404, "text/html", b"<h1>Not found</h1>")

        def _redirect(self, target: str) -> None:
            self.send_response(302)
            self.send_header("location", {"elsewhere": world.url("well", "elsewhere.example"), "self": "/to/self",
                                          "private": "http://10.1.2.3/", "www": world.url("well", f"www.{HOST}"),
                                          "file": "file:///etc/passwd", "none": "//[domain]/"}[target])  # fmt: skip
            self.send_header("content-length", "0")
            self.end_headers()

        def _answer(self, status: int, kind: str, body: bytes, *more: tuple[str, str]) -> None:
            self.send_response(status)
            exposed = ("access-control-allow-origin", "*"), ("access-control-expose-headers", "Beacon-Reason")
            for name, value in (("content-type", kind), ("content-length", str(len(body))), *exposed, *more):
                if value:
                    self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: the tests do."""

    return Handler


@contextmanager
def world_up() -> Iterator[World]:
    world = World()
    world.server.stopping = Event()  # type: ignore[attr-defined]
    thread = Thread(target=world.server.serve_forever, daemon=True)
    thread.start()
    try:
        yield world
    finally:
        world.server.stopping.set()  # type: ignore[attr-defined]
        world.server.shutdown()
        world.server.server_close()
        thread.join()
