"""The `ingest` process' HTTP: uvicorn's, with bounds on what it leaves open: size and time of a head, connections.

Whoever stands at the internet's end sends heads without end, heads byte by byte, and connections that say nothing. Each
gets a clear answer and the door. Bodies are the application's to bound, because only it knows how large one may be.
"""

import asyncio
import resource
from collections.abc import Awaitable, Callable
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from config import env

MOST_HEAD_BYTES = 32 * 1024
HEAD_SECONDS = 10.0
# For everything else that a process keeps open: servers, files.
OTHER_FILES = 200

Send = Callable[[Any], Awaitable[None]]
# As the door's own answers: a page's script may read them.
HEADERS = (
    (b"content-type", b"text/plain"),
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", b"Retry-After"),
    (b"cache-control", b"no-store"),
    (b"connection", b"close"),
)
TOO_SLOW = b"".join(
    (
        b"HTTP/1.1 408 Request Timeout\r\n",
        *(name + b": " + value + b"\r\n" for name, value in HEADERS),
        b"content-length: 0\r\n\r\n",
    )
)


def connections_allowed(most: int) -> int:
    """Return how many connections this process can hold, after asking the system for as many as it gives."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = most + OTHER_FILES
    if soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return min(most, max(soft - OTHER_FILES, soft // 2))


class Refusal:
    """An application that says one thing to everybody."""

    def __init__(self, status: int, text: bytes, *headers: tuple[bytes, bytes]) -> None:
        self.status = status
        self.text = text
        self.headers = [*HEADERS, *headers, (b"content-length", str(len(text)).encode())]

    async def __call__(self, scope: Any, receive: Any, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        await send({"type": "http.response.body", "body": self.text})


TOO_LARGE = Refusal(431, b"The head of the request is larger than 32 KiB.\n")
TOO_MANY = Refusal(503, b"Too many connections: come again in a few seconds.\n", (b"retry-after", b"5"))


class BoundedProtocol(HttpToolsProtocol):
    """One connection. An ordinary request, whose head comes in one piece, costs a comparison or two."""

    most_connections = connections_allowed(env.integer("BEACON_MOST_CONNECTIONS", 8_000, least=1))

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._head_bytes = 0
        self._chunk_bytes = 0
        self._head_timer: asyncio.TimerHandle | None = self.loop.call_later(HEAD_SECONDS, self._refuse_slow)

    def connection_lost(self, exc: Exception | None) -> None:
        self._end_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._chunk_bytes = len(data)
        super().data_received(data)
        if self._is_in_head():
            self._wait_for_head(len(data))
        elif self._head_timer is not None:
            self._end_timer()

    def on_headers_complete(self) -> None:
        refusal = self._refusal()
        self._head_bytes = 0
        if refusal is None:
            super().on_headers_complete()
            return
        application, self.app = self.app, refusal
        super().on_headers_complete()
        self.app = application

    def _is_in_head(self) -> bool:
        """A new request's scope has no method until its headers are complete."""
        return self.scope is None or "method" not in self.scope

    def _wait_for_head(self, more: int) -> None:
        """The parser keeps a half head: not for ever, and not of any size."""
        self._head_bytes += more
        if self._head_bytes > MOST_HEAD_BYTES:
            self._end(
                b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
                + b"".join(name + b": " + value + b"\r\n" for name, value in TOO_LARGE.headers)
                + b"\r\n"
                + TOO_LARGE.text
            )
        elif self._head_timer is None:
            self._head_timer = self.loop.call_later(HEAD_SECONDS, self._refuse_slow)

    def _refusal(self) -> Refusal | None:
        if len(self.connections) > self.most_connections:
            return TOO_MANY
        # Only what came in large or several pieces can be too large.
        if self._head_bytes + self._chunk_bytes > MOST_HEAD_BYTES:
            size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
            if size > MOST_HEAD_BYTES:
                return TOO_LARGE
        return None

    def _refuse_slow(self) -> None:
        self._head_timer = None
        self._end(TOO_SLOW)

    def _end(self, answer: bytes) -> None:
        self._end_timer()
        if not self.transport.is_closing():
            self.transport.write(answer)
            self.transport.close()

    def _end_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None
