"""The reference: the least that an ASGI application can do and still be durable. It appends what it gets, by the
door's own coalescer, and says 202; no parsing, no site, no visitor, no Django.
"""

import gc
import os
from collections.abc import Awaitable, Callable
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.dev")
django.setup()

from django.conf import settings  # noqa: E402

from apps.tracking.inbox import Inbox, Load  # noqa: E402

ANSWER = b'{"accepted":1,"rejected":[]}'
HEADERS = [(b"content-type", b"application/json"), (b"content-length", str(len(ANSWER)).encode())]
inbox = Inbox(settings.REDIS_URL)
# As the door does.
gc.collect()
gc.freeze()
gc.set_threshold(50_000, 20, 50)


async def application(
    scope: dict[str, Any], receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]
) -> None:
    if scope["type"] != "http":
        return
    message = await receive()
    body = message["body"]
    while message.get("more_body"):
        message = await receive()
        body += message["body"]
    if body:
        await inbox.put(Load([(len(body) % settings.STREAM_PARTITIONS, body)]))
    await send({"type": "http.response.start", "status": 202, "headers": HEADERS})
    await send({"type": "http.response.body", "body": ANSWER})
