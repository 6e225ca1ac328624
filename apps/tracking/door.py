"""The slim ASGI way in: `/b.js`, `/api/track/*`, the same by sites' own paths, `/health`, `/ready`, `/metrics`.

Before Django and its host checks. It reads the body within bounds, calls the endpoint's view inline on the loop, loads
in a thread what the view lacks, and answers when the inbox says that all is durable. What it doesn't know goes to
`pages`, or is a plain 404. It needs no lifespan events: everything starts with the first request.
"""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from http import HTTPStatus
from time import perf_counter
from typing import Any, TypeVar

from django.conf import settings

from apps.core import clock
from apps.core.metering import Busy
from apps.core.request_ids import id_from, request_id

from . import exposition, health
from .address import FORWARDED, X_FORWARDED_FOR
from .answers import Answer, answer_unavailable
from .apis import (
    MOST_LOADS,
    PIXEL_HEADERS,
    PREFLIGHT_HEADERS,
    IngestApi,
    PixelApi,
    SlimRequest,
    SlimResponse,
    TrackBatchApi,
    TrackEventApi,
    limits,
    pixel_headers,
)
from .body import BodyTurned, most_bytes, too_large
from .door_files import respond_file
from .door_paths import BATCH, EVENT, EXTRAS, PIXEL, SCHEMA, SCRIPT, usual_path
from .door_responses import (
    REQUEST_ID,
    App,
    Receive,
    Scope,
    Send,
    respond,
    respond_accepted,
    respond_answer,
    respond_json,
    respond_not_allowed,
    to_json,
)
from .door_tally import DoorTally
from .inbox import Inbox, Load
from .intake import Head
from .keeper import Keeper
from .loading import NotLoaded, Unavailable, in_thread
from .pixel import GIF
from .routes import routes
from .steps import user_agent

Value = TypeVar("Value")

logger = logging.getLogger(__name__)

# An honest body comes in one piece or soon after; who dribbles it holds a place that others need.
BODY_SECONDS = 15.0
LOADING_THREADS = 4
# For /ready and for /metrics, one each. They wait for whichever server hangs, and what is loaded for events mustn't.
ASKING_THREADS = 2

VIEWS: dict[str, type[IngestApi]] = {BATCH: TrackBatchApi, EVENT: TrackEventApi, PIXEL: PixelApi}
METHODS = {BATCH: ("POST",), EVENT: ("POST",), PIXEL: ("GET", "HEAD")}
READ_METHODS = ("GET", "HEAD")
READ_PATHS = frozenset({SCRIPT, SCHEMA, "/health", "/ready", "/metrics"})
HEADER_FIELDS = {
    b"content-type": "content_type",
    b"content-encoding": "content_encoding",
    b"origin": "origin",
    b"authorization": "authorization",
    b"user-agent": "user_agent",
    b"accept-language": "accept_language",
    b"referer": "referer",
    b"sec-gpc": "gpc",
    b"dnt": "dnt",
    b"x-forwarded-for": "x_forwarded_for",
    b"forwarded": "forwarded",
    b"beacon-proxy-key": "proxy_key",
    b"beacon-client-address": "proxied_address",
    b"sec-ch-ua": "hint_brands",
    b"sec-ch-ua-mobile": "hint_mobile",
    b"sec-ch-ua-platform": "hint_platform",
    b"sec-fetch-site": "fetch_site",
    b"sec-fetch-mode": "fetch_mode",
    b"sec-fetch-dest": "fetch_dest",
}
# May come several times and then mean one list: of addresses, or nothing that could be believed.
LISTS = {"x_forwarded_for", "forwarded", "told_address", "proxy_key", "proxied_address"}
if settings.BEACON_CLIENT_ADDRESS_HEADER not in ("", X_FORWARDED_FOR, FORWARDED):
    HEADER_FIELDS[settings.BEACON_CLIENT_ADDRESS_HEADER.lower().encode()] = "told_address"


class Gone(Exception):
    """The client hung up before its body was complete."""


class Door:
    """The ASGI application. `pages`: what answers everything else. `is_kept_fresh`: with a keeper in the background."""

    def __init__(self, pages: App | None = None, *, is_kept_fresh: bool = True) -> None:
        self._pages = pages
        self._inbox: Inbox | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._loads: dict[str, asyncio.Future[object]] = {}
        self._asked: dict[str, asyncio.Future[Any]] = {}
        self._threads = ThreadPoolExecutor(LOADING_THREADS, thread_name_prefix="door-loading")
        self._askers = ThreadPoolExecutor(ASKING_THREADS, thread_name_prefix="door-asking")
        self._keeper = Keeper(limits) if is_kept_fresh else None
        self._readiness = health.Readiness(has_routes=lambda: len(routes) > 0)
        self._tally = DoorTally()
        user_agent.parser()  # made before the first visitor would wait for it

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        path = scope["path"] if scope["type"] == "http" else ""
        view = VIEWS.get(path)
        if view is None and path not in READ_PATHS:
            path = usual_path(path)
            view = VIEWS.get(path)
        if view is not None:
            name_request(scope)
            await self._track(view, path, scope, receive, send)
        elif path in READ_PATHS or path.startswith(EXTRAS):
            name_request(scope)
            await self._read(path, scope, send)
        elif self._pages is not None:
            await self._pages(scope, receive, send)
        elif scope["type"] == "http":
            await respond(send, 404, b"Not found\n", {"Content-Type": "text/plain"}, is_head=scope["method"] == "HEAD")

    async def close(self) -> None:
        """Let what was taken become durable, then stop."""
        if self._inbox is not None:
            await self._inbox.close()
        self._tally.hand_on()
        if self._keeper is not None:
            await asyncio.to_thread(self._keeper.end)
        self._threads.shutdown(wait=False)
        self._askers.shutdown(wait=False)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                await self.close()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _track(self, view: type[IngestApi], path: str, scope: Scope, receive: Receive, send: Send) -> None:
        began = perf_counter()
        method = scope["method"]
        if method == "OPTIONS":
            await respond(send, 204, b"", PREFLIGHT_HEADERS)
            return
        if method not in METHODS[path]:
            await respond_not_allowed(send, (*METHODS[path], "OPTIONS"))
            return
        if method == "HEAD":
            await respond(send, HTTPStatus.OK, GIF, PIXEL_HEADERS, is_head=True)
            return
        head = head_of(scope, view)
        try:
            body = b"" if view is PixelApi else await read_body(receive, head)
        except BodyTurned as error:
            answer = Answer(
                error.status, {"accepted": 0, "rejected": [{"field": error.fault.field, "why": error.fault.why}]}
            )
            await respond_answer(send, answer, {"Connection": "close"})
            self._tally.note(view.door, answer.status, began, 0, None)
            return
        except Gone:
            return
        query = scope["query_string"].decode("latin-1")
        request = SlimRequest(method, head, body, query)
        refused = None
        try:
            answer, load = await self._answer(view, request)
            refused = load.refused
        except Unavailable as error:
            answer = answer_unavailable(error)
        if view is PixelApi:
            await respond(send, HTTPStatus.OK, GIF, pixel_headers(answer))
        elif answer.status == HTTPStatus.ACCEPTED and not answer.headers:
            await respond_accepted(send, to_json(answer.data))
        else:
            await respond_answer(send, answer)
        self._tally.note(view.door, answer.status, began, answer.data["accepted"], refused and refused.counts)

    async def _answer(self, view: type[IngestApi], request: SlimRequest) -> tuple[Answer, Load]:
        """Return the view's answer, after loading what it lacks (nearly always nothing), once all is durable."""
        for _ in range(MOST_LOADS):
            try:
                response = view().dispatch(request)
            except NotLoaded as missing:
                await self._load(missing)
                continue
            assert isinstance(response, SlimResponse)
            await self._put(response.load)
            return response.answer, response.load
        raise Unavailable("the site's settings can't be read")

    async def _load(self, missing: NotLoaded) -> None:
        """Load what is missing. What has a name is loaded once for all who wait for it."""
        self._on_loop()
        if not missing.name:
            await self._in_thread(self._threads, missing.load)
            return
        load = self._loads.get(missing.name)
        if load is None:
            load = self._loads[missing.name] = asyncio.ensure_future(self._in_thread(self._threads, missing.load))
            load.add_done_callback(lambda _: self._loads.pop(missing.name, None))
        await asyncio.shield(load)  # one who hangs up ends nobody else's waiting

    async def _put(self, load: Load) -> None:
        if load.envelopes or load.refused:
            self._on_loop()
            assert self._inbox is not None
            await self._inbox.put(load)

    def _in_thread(self, threads: ThreadPoolExecutor, call: Callable[[], Value]) -> asyncio.Future[Value]:
        """Begin a call that blocks, under the request's id."""
        loop = asyncio.get_running_loop()
        return loop.run_in_executor(threads, copy_context().run, in_thread, call)

    async def _ask(self, what: str, call: Callable[[], Value]) -> Value:
        """Return what the call says of the servers. Who comes while it is being made waits for the same answer."""
        asked = self._asked.get(what)
        if asked is None:
            asked = self._asked[what] = self._in_thread(self._askers, call)
            asked.add_done_callback(lambda _: self._asked.pop(what))
        value: Value = await asyncio.shield(asked)  # one who hangs up takes it from nobody
        return value

    def _on_loop(self) -> asyncio.AbstractEventLoop:
        """Return the running loop, with an inbox and the keeper started on the first call."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop = loop
            self._inbox = Inbox(settings.REDIS_URL)
            self._loads = {}
        if self._keeper is not None and self._keeper.ident is None:
            self._keeper.start()
        return loop

    async def _read(self, path: str, scope: Scope, send: Send) -> None:
        method = scope["method"]
        if method == "OPTIONS":
            await respond(send, 204, b"", PREFLIGHT_HEADERS)
        elif method not in READ_METHODS:
            await respond_not_allowed(send, (*READ_METHODS, "OPTIONS"))
        elif path in (SCRIPT, SCHEMA) or path.startswith(EXTRAS):
            await respond_file(path, scope, send)
        elif path == "/health":
            await respond_json(send, 200, health.alive(), health.HEADERS, is_head=method == "HEAD")
        elif path == "/metrics":
            await self._metrics(scope, send)
        else:
            is_ready, checks = await self._ask(path, self._readiness.look)
            status = 200 if is_ready else 503
            await respond_json(send, status, health.body_of(is_ready, checks), health.HEADERS, is_head=method == "HEAD")

    async def _metrics(self, scope: Scope, send: Send) -> None:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        client = scope.get("client")
        status = exposition.admission(client[0] if client else "", headers)
        is_head = scope["method"] == "HEAD"
        if status != HTTPStatus.OK:
            text = exposition.REFUSAL.encode()
            await respond(send, status, text, exposition.refusal_headers(status), is_head=is_head)
            return
        self._tally.hand_on()
        try:
            text = await self._ask("/metrics", lambda: exposition.metrics_text(self._readiness))
        except Busy:
            text = exposition.BUSY.encode()
            await respond(send, HTTPStatus.SERVICE_UNAVAILABLE, text, exposition.BUSY_HEADERS, is_head=is_head)
            return
        await respond(send, status, text, exposition.HEADERS, is_head=is_head)


def name_request(scope: Scope) -> None:
    """Set the request's id for the rest of its task: servers give each request a task of its own."""
    given = None
    for name, value in scope["headers"]:
        if name == REQUEST_ID:
            given = value.decode("latin-1")
            break
    request_id.set(id_from(given))


def head_of(scope: Scope, view: type[IngestApi]) -> Head:
    client = scope.get("client")
    fields: dict[str, str] = {}
    for name, value in scope["headers"]:
        field = HEADER_FIELDS.get(name)
        if field is None:
            continue
        text = value.decode("latin-1")
        if field in LISTS and field in fields:
            text = f"{fields[field]},{text}"
        fields[field] = text
    return Head(view.door, clock.now_ms(), client[0] if client else "", **fields)


async def read_body(receive: Receive, head: Head) -> bytes:
    """Return the whole body. Raises BodyTurned where it is too large or too slow, Gone where the client hung up."""
    message = await receive()
    if message["type"] == "http.disconnect":
        raise Gone
    body: bytes = message.get("body", b"")
    if message.get("more_body"):
        body = await _read_rest(receive, body, most=most_bytes(has_key=bool(head.authorization)), head=head)
    return body


async def _read_rest(receive: Receive, body: bytes, *, most: int, head: Head) -> bytes:
    chunks, size = [body], len(body)
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise Gone
                chunks.append(message.get("body", b""))
                size += len(chunks[-1])
                if size > most:
                    raise too_large(has_key=bool(head.authorization))
                if not message.get("more_body"):
                    return b"".join(chunks)
    except TimeoutError:
        raise BodyTurned(HTTPStatus.REQUEST_TIMEOUT, "body", f"didn't arrive within {BODY_SECONDS:.0f} s") from None
