"""How the slim door sends what it answers: ASGI messages, with the request's id on each."""

from collections.abc import Awaitable, Callable, MutableMapping
from http import HTTPStatus
from typing import Any

import msgspec

from apps.core.request_ids import HEADER, request_id

from .answers import HEADERS, Answer

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

ACCEPTED_HEADERS = [
    (name.lower().encode(), value.encode()) for name, value in (HEADERS | {"Content-Type": "application/json"}).items()
]
REQUEST_ID = HEADER.lower().encode()

to_json = msgspec.json.Encoder().encode


async def respond(send: Send, status: int, body: bytes, headers: dict[str, str], *, is_head: bool = False) -> None:
    encoded = [(name.lower().encode(), value.encode("latin-1", "replace")) for name, value in headers.items()]
    if status not in (204, 304):
        encoded.append((b"content-length", str(len(body)).encode()))
    encoded.append((REQUEST_ID, request_id.get().encode()))
    await send({"type": "http.response.start", "status": status, "headers": encoded})
    await send({"type": "http.response.body", "body": b"" if is_head else body})


async def respond_json(
    send: Send, status: int, data: object, headers: dict[str, str], *, is_head: bool = False
) -> None:
    await respond(send, status, to_json(data), headers | {"Content-Type": "application/json"}, is_head=is_head)


async def respond_answer(send: Send, answer: Answer, headers: dict[str, str] | None = None) -> None:
    await respond_json(send, answer.status, answer.data, HEADERS | answer.headers | (headers or {}))


async def respond_accepted(send: Send, body: bytes) -> None:
    """Send the one answer that nearly everybody gets."""
    own = ((b"content-length", str(len(body)).encode()), (REQUEST_ID, request_id.get().encode()))
    await send({"type": "http.response.start", "status": HTTPStatus.ACCEPTED, "headers": [*ACCEPTED_HEADERS, *own]})
    await send({"type": "http.response.body", "body": body})


async def respond_not_allowed(send: Send, methods: tuple[str, ...]) -> None:
    data = {"accepted": 0, "rejected": [{"field": "method", "why": f"must be one of {', '.join(methods)}"}]}
    await respond_json(send, 405, data, HEADERS | {"Allow": ", ".join(methods)})
