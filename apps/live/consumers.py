"""The live page's socket: a few frames a second of HTMX out-of-band fragments, of what has changed on this screen.

The site is looked at by the board, for all watchers at once. The only thing that a browser can ask for is the whole
picture anew, which its page does after a pause.
"""

import asyncio
import logging
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.db import DatabaseError
from django.http import Http404
from redis.exceptions import RedisError

from apps.core.tenancy import acall_in_schema

from .access import Watch, watch_or_404
from .board import FRAME_SECONDS, board_of
from .frames import group_name
from .viewer import Viewer

logger = logging.getLogger(__name__)

# Whether this person may still watch is asked again this often.
CHECK_SECONDS = 10.0
# Close codes. Those from 4000 on are an application's own (RFC 6455, 7.4.2); after the other one a browser comes back.
NOT_FOUND = 4404
INTERNAL_ERROR = 1011


class LiveConsumer(AsyncWebsocketConsumer):
    watch: Watch
    sender: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        self.host = _host(self.scope)
        self.session_key = self.scope["cookies"].get(settings.SESSION_COOKIE_NAME, "")
        if not _is_same_origin(self.scope, self.host):
            await self.close()
            return
        try:
            self.watch = await self._may_watch()
            await self.channel_layer.group_add(self._group, self.channel_name)
        except Http404:
            await self.close()
            return
        except (DatabaseError, RedisError) as error:
            logger.warning("nobody can watch now: %s", type(error).__name__)
            await self.close()
            return
        self.viewer = Viewer(only_companies=b"show=companies" in self.scope["query_string"])
        self.news = asyncio.Event()
        self.board = board_of(self.watch)
        await self.accept()
        self.board.join(self.news)
        self.sender = asyncio.create_task(self._send_pictures())

    async def disconnect(self, code: int) -> None:
        if self.sender is None:
            return
        self.sender.cancel()
        with suppress(asyncio.CancelledError):
            await self.sender
        await self.board.leave(self.news)
        # The group's place is lost with the server that is away.
        with suppress(RedisError):
            await self.channel_layer.group_discard(self._group, self.channel_name)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Send everything anew, whatever was said: the page has let messages pass."""
        if self.sender is not None and self.board.picture is not None:
            self.viewer.forget()
            self.news.set()

    async def visits_changed(self, message: dict[str, Any]) -> None:
        self.board.wake()

    @property
    def _group(self) -> str:
        return group_name(self.watch.schema, self.watch.site_id)

    async def _may_watch(self) -> Watch:
        slug = self.scope["url_route"]["kwargs"]["slug"]
        return await acall_in_schema("public", watch_or_404, host=self.host, session_key=self.session_key, slug=slug)

    async def _send_pictures(self) -> None:
        """Send each picture that the board has, as far as it differs from what was sent."""
        clock = asyncio.get_running_loop()
        check_at = clock.time() + CHECK_SECONDS
        try:
            while True:
                await self.news.wait()
                self.news.clear()
                if clock.time() >= check_at:
                    await self._may_watch()
                    check_at = clock.time() + CHECK_SECONDS
                if self.board.picture is None:
                    await self.close(code=INTERNAL_ERROR)
                    return
                for html in self.viewer.messages(self.board.picture):
                    await self.send(text_data=html)
                await asyncio.sleep(FRAME_SECONDS)
        except Http404:
            await self.close(code=NOT_FOUND)
        except DatabaseError:
            await self.close(code=INTERNAL_ERROR)


def _host(scope: dict[str, Any]) -> str:
    """Return the host that was asked for, without its port; empty for none that can be read."""
    return _hostname("//" + _header(scope, b"host"))


def _is_same_origin(scope: dict[str, Any], host: str) -> bool:
    """Return whether the page that opens the socket is this host's own: cookies ride along whoever opens it."""
    return bool(host) and _hostname(_header(scope, b"origin")) == host


def _hostname(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:  # such as a bracket that isn't closed
        return ""


def _header(scope: dict[str, Any], name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), "")
