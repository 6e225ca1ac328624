"""A host for the tests' pages, and a stand-in of the ingest door that answers as its contract says and remembers."""

import json
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import monotonic
from typing import Any

from tests.tracker.contract import problems

Json = dict[str, Any]
DEADLINE_SECONDS = 30


@dataclass(frozen=True)
class Answer:
    """What the door says to one request. `is_drop`: nothing, the connection breaks. `held`: not before it is set."""

    status: int = 202
    headers: dict[str, str] = field(default_factory=dict)
    is_drop: bool = False
    body: bytes = b'{"accepted": 1}'
    held: threading.Event | None = None


@dataclass(frozen=True)
class Received:
    path: str
    headers: dict[str, str]
    body: Json
    status: int
    at: float

    @property
    def events(self) -> list[Json]:
        return list(self.body["events"])


@dataclass(frozen=True)
class Page:
    html: str
    headers: dict[str, str] = field(default_factory=dict)


class Recorder:
    """One server with an address of its own: pages by path, files by path, and the door under `/api/track/batch`."""

    def __init__(self) -> None:
        self.pages: dict[str, Page] = {}
        self.script = b""
        self.scripts: dict[str, str] = {}
        self.plan: deque[Answer] = deque()
        self.always = Answer()
        # The names of events that make any request too large, whenever it comes.
        self.oversized: set[str] = set()
        self.received: list[Received] = []
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.problems: list[str] = []
        self.allowed_problems: set[str] = set()
        self.changed = threading.Condition()
        # A GET of one of these is answered when the test opens it.
        self.gates: dict[str, threading.Event] = {}

    @property
    def events(self) -> list[Json]:
        """All events of accepted batches, in the order of arrival, repeated ones too."""
        return [event for request in self.received if request.status == 202 for event in request.events]

    def of(self, kind: str) -> list[Json]:
        return [event for event in self.events if event["kind"] == kind]

    def wait(self, condition: Callable[[], object]) -> None:
        """Return when `condition` holds; fail with what came instead where it doesn't in time."""
        with self.changed:
            if not self.changed.wait_for(condition, DEADLINE_SECONDS):
                seen = [(request.status, request.events) for request in self.received]
                raise AssertionError(f"waited in vain; received: {json.dumps(seen, indent=1)}")

    def has_come(self, condition: Callable[[], object], *, seconds: float) -> bool:
        """Say whether `condition` holds within that time, for what may be lost and tried again."""
        with self.changed:
            return bool(self.changed.wait_for(condition, seconds))

    def wait_of(self, kind: str, count: int = 1) -> list[Json]:
        """Return the first `count` accepted events of a kind."""
        self.wait(lambda: len(self.of(kind)) >= count)
        return self.of(kind)[:count]

    def take(self, path: str, headers: dict[str, str], body: bytes) -> Answer:
        with self.changed:
            content = json.loads(body)
            if self.oversized & {event.get("name") for event in content["events"]}:
                answer = Answer(413)
            else:
                answer = self.plan.popleft() if self.plan else self.always
            self.problems += [problem for problem in problems(content) if problem not in self.allowed_problems]
            self.received.append(Received(path, headers, content, 0 if answer.is_drop else answer.status, monotonic()))
            self.changed.notify_all()
            return answer

    def note(self, path: str, headers: dict[str, str]) -> None:
        with self.changed:
            self.requests.append((path, headers))
            self.changed.notify_all()


@contextmanager
def serving(recorder: Recorder) -> Iterator[str]:
    """Serve on a free port of this machine; give the address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = self.path.split("?")[0]
            recorder.note(self.path, dict(self.headers))
            if path in recorder.gates:
                recorder.gates[path].wait(DEADLINE_SECONDS)
            if path.endswith("/b.js"):
                self.reply(200, recorder.script, {"Content-Type": "text/javascript"})
            elif path in recorder.scripts:
                self.reply(200, recorder.scripts[path].encode(), {"Content-Type": "text/javascript"})
            elif path in recorder.pages:
                page = recorder.pages[path]
                self.reply(200, page.html.encode(), {"Content-Type": "text/html; charset=utf-8", **page.headers})
            else:
                self.reply(204, b"", {})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            answer = recorder.take(self.path, dict(self.headers), body)
            if answer.held:
                answer.held.wait(DEADLINE_SECONDS)
            if answer.is_drop:
                self.close_connection = True
                return
            cors = {
                "Access-Control-Allow-Origin": "*",
                "Access-Control-Expose-Headers": "Beacon-Reason, Retry-After",
                "Cache-Control": "no-store",
            }
            self.reply(answer.status, answer.body, cors | answer.headers)

        def reply(self, status: int, body: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Stay silent."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            """A browser that closes its connections is part of the tests."""

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
