"""A local service that answers for a company's domain, and keeps to the contract that such services document.

`GET /v2/companies?domain=<domain>` with `Authorization: Bearer <token>`: 200 with the company, 404 for one that isn't
known, 422 for what is no domain, 401 for another token, 202 while it looks.
"""

import json
import re
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

from .ipinfo import Scripted

TOKEN = "t0ken-of-acme"
LATER = Scripted(202, b'{"status": "pending"}')
DOMAIN = re.compile(r"[a-z0-9.-]+\.[a-z]+")


def company(**fields: Any) -> dict[str, Any]:
    """Return a company as Clearbit's endpoint had it."""
    whole = {
        "name": "Varnholt",
        "category": {"sector": "Industrials", "industry": "Machinery"},
        "metrics": {"employees": None, "employeesRange": "201-500"},
        "geo": {"city": "Graz", "country": "Austria", "countryCode": "AT"},
        "tech": ["nginx", "HubSpot", "NGINX"],
    }
    return whole | fields


class FakeAcme:
    """`companies`: by domain; others aren't known to it. `asked`: domains in order; `script`: answers instead."""

    def __init__(self) -> None:
        self.companies: dict[str, Any] = {}
        self.asked: list[str] = []
        self.script: deque[Scripted] = deque()
        self.let_go, self.has_come = Event(), Event()
        self.let_go.set()
        self.url = ""

    def answer(self, path: str, token: str) -> tuple[int, bytes, dict[str, str]]:
        parts = urlsplit(path)
        if parts.path != "/v2/companies":
            return 400, b'{"error": "no such endpoint"}', {}
        if token != f"Bearer {TOKEN}":
            return 401, b'{"error": {"type": "auth_required"}}', {}
        domain = parse_qs(parts.query).get("domain", [""])[0]
        self.asked.append(domain)
        if self.script:
            scripted = self.script.popleft()
            return scripted.status, scripted.body, scripted.headers
        if not DOMAIN.fullmatch(domain):
            return 422, b'{"error": {"type": "params_invalid"}}', {}
        if domain not in self.companies:
            return 404, b'{"error": {"type": "unknown_record"}}', {}
        return 200, json.dumps(self.companies[domain]).encode(), {"Content-Type": "application/json"}


@contextmanager
def fake_acme() -> Iterator[FakeAcme]:
    fake = FakeAcme()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            fake.has_come.set()
            fake.let_go.wait(30)
            status, answer, headers = fake.answer(self.path, self.headers.get("Authorization", ""))
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
    fake.url = f"http://127.0.0.1:{server.server_address[1]}/v2/companies?domain={{domain}}"
    try:
        yield fake
    finally:
        fake.let_go.set()
        server.shutdown()
        server.server_close()
        thread.join()
