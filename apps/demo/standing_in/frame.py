"""A stand-in behind HTTP: reading requests, faults at will, and what it took, for whoever asks at `/_taken`.

Nothing of a request is kept but what the stand-in itself remembers, in memory, bounded.
"""

import argparse
import asyncio
import json
import random
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import parse_qsl

import uvicorn

MOST_BYTES = 8 * 1024 * 1024
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Ask:
    """A request. Header names are in lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the body as JSON. Raises ValueError."""
        return json.loads(self.body)

    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode("latin-1"), keep_blank_values=True))


@dataclass(frozen=True, slots=True)
class Reply:
    """`body`: text as it is, anything else as JSON."""

    status: int
    body: Any = ""
    headers: Mapping[str, str] = field(default_factory=dict)


class StandIn(Protocol):
    """One third party. `taken` counts what it accepted by the key it deduplicates by; a second one is counted too."""

    name: str
    taken: dict[str, int]

    def answer(self, ask: Ask) -> Reply: ...


@dataclass(slots=True)
class Faults:
    """How often something goes wrong (ratios 0-1): a 503 or 429 before anything is looked at, the connection dropped
    after it was taken, and an answer that comes late. `busy_seconds`: what a 429 asks to wait, 0: it doesn't say.
    """

    refuse_ratio: float = 0.0
    drop_ratio: float = 0.0
    slow_ratio: float = 0.0
    slow_seconds: float = 0.0
    busy_ratio: float = 0.0
    busy_seconds: int = 0
    chance: random.Random = field(default_factory=lambda: random.Random(7))


class Served:
    """The ASGI application around a stand-in."""

    def __init__(self, stand_in: StandIn, faults: Faults | None = None) -> None:
        self.stand_in = stand_in
        self.faults = faults or Faults()

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        ask = await _read(scope, receive)
        if ask is None:
            await _reply(send, Reply(413, "too large"))
            return
        if ask.path == "/_taken":
            await _reply(send, Reply(200, _told(self.stand_in)))
            return
        faults = self.faults
        if faults.chance.random() < faults.refuse_ratio:
            await _reply(send, Reply(503, "unavailable"))
            return
        if faults.chance.random() < faults.busy_ratio:
            asked = {"Retry-After": str(faults.busy_seconds)} if faults.busy_seconds else {}
            await _reply(send, Reply(429, "too many", asked))
            return
        reply = self.stand_in.answer(ask)
        if faults.chance.random() < faults.slow_ratio:
            await asyncio.sleep(faults.slow_seconds)
        if faults.chance.random() < faults.drop_ratio:
            # An answer that ends before it is whole has the server close the connection.
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1")]})
            return
        await _reply(send, reply)


def _told(stand_in: StandIn) -> dict[str, Any]:
    """Return what a stand-in took, and of one that drops in silence (`dropped`) also why it didn't."""
    told: dict[str, Any] = {"name": stand_in.name, "taken": stand_in.taken}
    dropped = getattr(stand_in, "dropped", None)
    return told if dropped is None else {**told, "dropped": dropped}


async def _read(scope: dict[str, Any], receive: Receive) -> Ask | None:
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > MOST_BYTES:
            return None
        if not message.get("more_body"):
            break
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    query = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
    return Ask(scope["method"], scope["path"], query, headers, bytes(body))


async def _reply(send: Send, reply: Reply) -> None:
    is_text = isinstance(reply.body, str)
    body = reply.body.encode() if is_text else json.dumps(reply.body).encode()
    kind = "text/plain" if is_text else "application/json"
    headers = {"Content-Type": kind, "Content-Length": str(len(body)), **reply.headers}
    pairs = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": reply.status, "headers": pairs})
    await send({"type": "http.response.body", "body": body})


@contextmanager
def serving(stand_in: StandIn, faults: Faults | None = None) -> Iterator[str]:
    """Serve in a thread on a free port of this machine; give the address."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(
            Served(stand_in, faults),
            log_level="critical",
            access_log=False,
            lifespan="off",
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(10)


def run(stand_in: StandIn, *, port: int) -> None:
    """Serve until interrupted, as `python -m` of a stand-in does: on this machine only."""
    serve(stand_in, parser_of(stand_in.name, port=port).parse_args())


def parser_of(name: str, *, port: int) -> argparse.ArgumentParser:
    """Return what all stand-ins understand on the command line; one may add its own."""
    parser = argparse.ArgumentParser(description=f"A local stand-in for {name}. It keeps nothing.")
    parser.add_argument("--port", type=int, default=port)
    parser.add_argument("--refuse", type=float, default=0.0, help="share of requests answered 503 (0-1)")
    parser.add_argument("--busy", type=float, default=0.0, help="share of requests answered 429 (0-1)")
    parser.add_argument("--busy-seconds", type=int, default=0, help="what a 429 asks to wait; 0: it doesn't say")
    parser.add_argument("--drop", type=float, default=0.0, help="share taken, but not answered (0-1)")
    parser.add_argument("--slow", type=float, default=0.0, help="share answered late (0-1)")
    parser.add_argument("--slow-seconds", type=float, default=3.0)
    return parser


def serve(stand_in: StandIn, given: argparse.Namespace) -> None:
    faults = Faults(given.refuse, given.drop, given.slow, given.slow_seconds, given.busy, given.busy_seconds)
    print(f"{stand_in.name}: http://127.0.0.1:{given.port}", flush=True)
    app: Any = Served(stand_in, faults)
    uvicorn.run(app, host="127.0.0.1", port=given.port, log_level="warning", access_log=False, lifespan="off")
