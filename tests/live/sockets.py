"""What a test hears on a socket."""

import re
from collections.abc import Awaitable, Callable
from html import unescape
from typing import ParamSpec, TypeVar

from channels.testing import WebsocketCommunicator

from apps.core.tenancy import acall_in_schema

P = ParamSpec("P")
R = TypeVar("R")

PATIENCE_SECONDS = 30.0
TAG = re.compile(r"<[^>]+>")


def apart(function: Callable[P, R]) -> Callable[P, Awaitable[R]]:
    """Return `function` for async tests: on a thread of its own, whose connection is closed when it is done."""

    def call(*args: P.args, **kwargs: P.kwargs) -> Awaitable[R]:
        return acall_in_schema("public", function, *args, **kwargs)

    return call


async def heard(socket: WebsocketCommunicator, *wanted: str) -> str:
    """Return all that came until each of `wanted` was among it. Fails with TimeoutError where it doesn't come."""
    text = ""
    while not all(piece in text for piece in wanted):
        text += await socket.receive_from(timeout=PATIENCE_SECONDS)
    return text


def words(html: str) -> str:
    """Return what a reader sees of a fragment."""
    return " ".join(unescape(TAG.sub(" ", html)).split())
