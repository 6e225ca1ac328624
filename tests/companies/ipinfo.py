"""A local IPinfo that keeps to the documented contract of its batch endpoint, and what tests say to it.

Addresses that anybody may look up are public ones by nature; what is said of them here is made up.
"""

import json
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any, cast

from apps.tracking import valkey

TOKEN = "t0ken-of-the-tests"
BANK, TELECOM, HOST, SCHOOL, NOBODY = "9.9.1.1", "9.10.1.1", "9.11.1.1", "9.12.1.1", "9.14.1.1"
PATHS = {"/batch": "core", "/batch/lite": "lite", "/legacy/batch": "legacy"}
MOST_ENTRIES = 1_000


def core(
    name: str = "Varnholt AG",
    domain: str = "varnholt.example",
    *,
    type_: str = "business",
    asn: str = "AS64510",
    city: str = "Graz",
    country: str = "AT",
    **flags: Any,
) -> dict[str, Any]:
    """Return an entry as Core has it. `flags`: is_anonymous, is_hosting, is_mobile, and what Plus adds."""
    geo = {
        "city": city, "region": "Styria", "region_code": "6", "country": "Austria", "country_code": country,
        "continent": "Europe", "continent_code": "EU", "latitude": 47.07, "longitude": 15.44,
        "timezone": "Europe/Vienna", "postal_code": "8010",
    }  # fmt: skip
    none = {"is_anonymous": False, "is_anycast": False, "is_hosting": False, "is_mobile": False, "is_satellite": False}
    return {"geo": geo, "as": {"asn": asn, "name": name, "domain": domain, "type": type_}, **none, **flags}


@dataclass(frozen=True, slots=True)
class Scripted:
    """What is answered instead of the entries, once."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


def limited(**headers: str) -> Scripted:
    body = {"title": "Rate limit exceeded", "message": "Upgrade your plan"}
    return Scripted(429, json.dumps(body).encode(), {name.replace("_", "-"): text for name, text in headers.items()})


BROKEN = Scripted(500, b"Internal Server Error")
FORBIDDEN = Scripted(403, b'{"title": "Forbidden", "message": "No permission for this product"}')


class FakeIPinfo:
    """`entries`: by address; others aren't known to it. `asked`: the addresses of each request that was answered.

    `let_go`: while it is unset, requests wait; `has_come` says that one does.
    """

    def __init__(self) -> None:
        self.entries: dict[str, Any] = {}
        self.asked: list[list[str]] = []
        self.refused = 0
        self.lines: list[str] = []  # request lines, as an access log would have them
        self.script: deque[Scripted] = deque()
        self.let_go, self.has_come = Event(), Event()
        self.let_go.set()
        self.url = ""

    def answer(self, path: str, token: str, body: bytes) -> tuple[int, bytes, dict[str, str]]:
        """Return status, body and headers to a POST, by the contract or as the script has it."""
        if path not in PATHS:
            return 404, b'{"status":404,"error":{"title":"Wrong path","message":"Please provide a valid path"}}', {}
        if token != f"Bearer {TOKEN}":
            return 401, b'{"title": "Unknown token", "message": "Your token is invalid"}', {}
        try:
            asked = json.loads(body)
        except ValueError:
            asked = None
        if not isinstance(asked, list) or not all(isinstance(one, str) for one in asked) or len(asked) > MOST_ENTRIES:
            return 400, b'{"error": "Wrong batch"}', {}
        if self.script:
            scripted = self.script.popleft()
            self.refused += 1
            return scripted.status, scripted.body, scripted.headers
        self.asked.append(asked)
        found = {one: self.entries[one] for one in asked if one in self.entries}
        return 200, json.dumps(found).encode(), {"Content-Type": "application/json"}


def stored(pattern: str) -> dict[bytes, bytes]:
    """Return what "volatile" holds under names of a pattern, values put together as they lie there."""
    client = valkey.volatile()
    found: dict[bytes, bytes] = {}
    for name in cast("list[bytes]", client.keys(pattern)):
        if client.type(name) == b"hash":
            fields = cast("dict[bytes, bytes]", client.hgetall(name))
            found[name] = b" ".join(word for pair in fields.items() for word in pair)
        elif client.type(name) == b"string":
            found[name] = cast("bytes", client.get(name))
    return found


@contextmanager
def fake_ipinfo() -> Iterator[FakeIPinfo]:
    fake = FakeIPinfo()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            fake.lines.append(self.requestline)
            fake.has_come.set()
            fake.let_go.wait(30)
            status, answer, headers = fake.answer(self.path, self.headers.get("Authorization", ""), body)
            try:
                self.send_response(status)
                for name, text in headers.items():
                    self.send_header(name, text)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)
            except OSError:
                pass  # it was waited for too long

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    fake.url = f"http://127.0.0.1:{server.server_address[1]}/batch"
    try:
        yield fake
    finally:
        fake.let_go.set()
        server.shutdown()
        server.server_close()
        thread.join()
