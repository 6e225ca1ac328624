"""One look at a site for all of a process's watchers: however many they are, the rows are read once a frame.

A message only says that there is something new; what it is, is read from the rows. So a lost message delays a change
until the next tick, and no more.
"""

import asyncio
import logging
from contextlib import suppress
from weakref import WeakValueDictionary

from django.db import DatabaseError

from apps.core.tenancy import acall_in_schema

from .access import Watch
from .picture import Picture, picture_now

logger = logging.getLogger(__name__)

# What changes within this many seconds goes out in one frame: four frames a second at most.
FRAME_SECONDS = 0.25
# A look at the rows takes at most one part in so many of the time: a site with very many visitors gets fewer frames.
SHARE = 3
# Those who left go, even if nothing else happens, this often.
TICK_SECONDS = 10.0


class Board:
    """`picture` is the latest; None after the database couldn't be read. Looks while somebody watches."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._news: set[asyncio.Event] = set()
        self._wake = asyncio.Event()
        self._looking: asyncio.Task[None] | None = None
        self.picture: Picture | None = None

    def join(self, news: asyncio.Event) -> None:
        """Have `news` set after each look, the first of which is made now."""
        self._news.add(news)
        self._wake.set()
        if self._looking is None:
            self._looking = asyncio.create_task(self._look())

    async def leave(self, news: asyncio.Event) -> None:
        self._news.discard(news)
        if not self._news and self._looking is not None:
            looking, self._looking = self._looking, None
            looking.cancel()
            with suppress(asyncio.CancelledError):
                await looking

    def wake(self) -> None:
        """Look soon: something has changed."""
        self._wake.set()

    async def _look(self) -> None:
        clock = asyncio.get_running_loop()
        try:
            while True:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), TICK_SECONDS)
                self._wake.clear()
                began = clock.time()
                self.picture = await self._picture()
                self._tell()
                await asyncio.sleep(max(FRAME_SECONDS, (clock.time() - began) * (SHARE - 1)))
        finally:
            if self._looking is asyncio.current_task():
                # It broke. Whoever watches would wait in vain: told that there is no picture, they connect again.
                self._looking, self.picture = None, None
                self._tell()

    def _tell(self) -> None:
        for news in self._news:
            news.set()

    async def _picture(self) -> Picture | None:
        try:
            return await acall_in_schema(self._watch.schema, picture_now, self._watch, self.picture)
        except DatabaseError as error:
            logger.warning("a site couldn't be looked at: %s", type(error).__name__)
            return None


# Boards go with their last watcher. By loop as well: a board's tasks live on the loop that it was made on.
_boards: WeakValueDictionary[tuple[asyncio.AbstractEventLoop, Watch], Board] = WeakValueDictionary()


def board_of(watch: Watch) -> Board:
    """Return the process's board of a site, made if nobody watches it yet. To be called on the loop."""
    key = (asyncio.get_running_loop(), watch)
    board = _boards.get(key)
    if board is None:
        board = _boards[key] = Board(watch)
    return board
