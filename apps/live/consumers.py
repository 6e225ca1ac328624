"""The live page's socket: collects what changed and sends a few frames a second, as HTMX out-of-band fragments.

The consumer names the agency's schema at every hop to the database. Nothing that a browser sends is obeyed.
"""

import asyncio
from collections import deque
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from channels.generic.websocket import AsyncWebsocketConsumer
from django.contrib.auth.models import AnonymousUser
from django.db import DatabaseError
from django.http import Http404
from django.template.loader import render_to_string

from apps.core.tenancy import acall_in_schema

from . import presence
from .access import Watch, watch_or_404
from .frames import group_name

# What changes within this many seconds goes out in one frame: four frames a second at most.
FRAME_SECONDS = 0.25
# Those who left go, "since" moves on, and the membership is looked at again, this often.
TICK_SECONDS = 10.0
# Close codes of ours (RFC 6455, 7.4.2 leaves 4000-4999 to applications).
NOT_FOUND = 4404


class LiveConsumer(AsyncWebsocketConsumer):
    watch: Watch
    user_id: int | None = None

    async def connect(self) -> None:
        host = _host(self.scope)
        user = self.scope.get("user") or AnonymousUser()
        self.user_id = user.pk
        if not _is_same_origin(self.scope, host):
            await self.close()
            return
        try:
            self.watch = await self._may_watch(host)
        except Http404:
            await self.close()
            return
        self.host = host
        self.only_companies = b"show=companies" in self.scope["query_string"]
        self.changed: set[UUID] = set()
        self.shown: deque[UUID] = deque()
        self.told: deque[UUID] = deque(maxlen=presence.FEED_ROWS * 4)
        self.wake = asyncio.Event()
        await self.channel_layer.group_add(self._group, self.channel_name)
        await self.accept()
        self.sender = asyncio.create_task(self._send_frames())

    async def disconnect(self, code: int) -> None:
        if hasattr(self, "sender"):
            self.sender.cancel()
            with suppress(asyncio.CancelledError):
                await self.sender
            await self.channel_layer.group_discard(self._group, self.channel_name)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Ignore what a browser says: the page only listens."""

    async def visits_changed(self, message: dict[str, Any]) -> None:
        self.changed.update(UUID(session_id) for session_id in message["session_ids"])
        self.wake.set()

    @property
    def _group(self) -> str:
        return group_name(self.watch.schema, self.watch.site_id)

    async def _may_watch(self, host: str) -> Watch:
        slug = self.scope["url_route"]["kwargs"]["slug"]
        return await acall_in_schema("public", watch_or_404, host=host, user_id=self.user_id, slug=slug)

    async def _send_frames(self) -> None:
        """Send what is there at once, then a frame after each change, and one each tick."""
        try:
            await self._send_frame(is_first=True)
            while True:
                try:
                    await asyncio.wait_for(self.wake.wait(), TICK_SECONDS)
                except TimeoutError:
                    await self._may_watch(self.host)
                self.wake.clear()
                await self._send_frame()
                await asyncio.sleep(FRAME_SECONDS)
        except Http404:
            await self.close(code=NOT_FOUND)
        except DatabaseError:
            # The browser connects again by itself and then shows what is so.
            await self.close(code=1011)

    async def _send_frame(self, *, is_first: bool = False) -> None:
        changed, self.changed = self.changed, set()
        render = self._render_all if is_first else self._render_changes
        for html in await acall_in_schema(self.watch.schema, render, changed):
            await self.send(text_data=html)

    # The two below run on a thread, inside the agency's schema. Table rows travel in messages of their own: a browser
    # drops a row that it parses behind anything but rows.

    def _render_all(self, changed: set[UUID]) -> list[str]:
        """Return the fragments that bring a page up to date that was loaded, or cut off, some time ago."""
        site_id = self.watch.site_id
        visits = presence.visits_now(site_id, only_companies=self.only_companies)
        feed = presence.feed(site_id)
        self.shown = deque(visit.id for visit in visits)
        self.told.extend(line.id for line in feed)
        context = self._context() | {"visits": visits, "feed": feed, "oob": True}
        return [render_to_string(f"live/{name}.html", context) for name in ("_first_frame", "_visits")]

    def _render_changes(self, changed: set[UUID]) -> list[str]:
        """Return the fragments of what changed."""
        visits = presence.visits_by_id(self.watch.site_id, changed) if changed else []
        updated = [visit for visit in visits if visit.id in self.shown]
        arrived = [
            visit
            for visit in reversed(visits)
            if visit.id not in self.shown and (visit.company_id or not self.only_companies)
        ]
        self.shown.extendleft(visit.id for visit in reversed(arrived))
        gone = self._gone()
        lines = presence.feed(self.watch.site_id, session_ids=changed) if changed else []
        lines = [line for line in lines if line.id not in self.told]
        self.told.extend(line.id for line in lines)
        context = self._context() | {"updated": updated, "gone": gone, "arrived": arrived, "lines": lines}
        names = ["_frame"] + ["_rows_changed"] * bool(updated or gone) + ["_rows_arrived"] * bool(arrived)
        return [render_to_string(f"live/{name}.html", context) for name in names]

    def _context(self) -> dict[str, Any]:
        now = presence.now_of(self.watch.site_id)
        return {"now": now, "slug": self.watch.slug, "zone": self.watch.zone, "rows": presence.ROWS}

    def _gone(self) -> list[UUID]:
        """Return the shown visits that have left or no longer fit the list."""
        there = set(presence.present(self.watch.site_id).filter(id__in=list(self.shown)).values_list("id", flat=True))
        gone = [session_id for session_id in self.shown if session_id not in there]
        self.shown = deque(session_id for session_id in self.shown if session_id in there)
        while len(self.shown) > presence.ROWS:
            gone.append(self.shown.pop())
        return gone


def _host(scope: dict[str, Any]) -> str:
    """Return the host that was asked for, without its port."""
    return urlsplit("//" + _header(scope, b"host")).hostname or ""


def _is_same_origin(scope: dict[str, Any], host: str) -> bool:
    """Return whether the page that opens the socket is this host's own: cookies ride along whoever opens it."""
    return urlsplit(_header(scope, b"origin")).hostname == host


def _header(scope: dict[str, Any], name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), "")
