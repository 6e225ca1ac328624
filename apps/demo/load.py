"""Simulated visits as fast as asked: for measuring, and for filling a site with something to look at."""

import asyncio
import random
import time
from collections.abc import Callable

from apps.core import clock

from .journeys import visit
from .payloads import events, milliseconds
from .sender import Sender
from .world import World


async def load(
    world: World,
    sender: Sender,
    *,
    visits: int,
    rate: float,
    tasks: int = 16,
    draw: random.Random | None = None,
    on_visit: Callable[[], None] = lambda: None,
) -> float:
    """Send `visits` whole visits, at most `rate` a second (0: no limit), and return the seconds it took.

    Each visit has just ended: its times lie in the last minutes.
    """
    draw = draw or random.Random()
    queue: asyncio.Queue[int] = asyncio.Queue()
    for number in range(visits):
        queue.put_nowait(number)
    started = time.monotonic()

    async def worker() -> None:
        while not queue.empty():
            number = queue.get_nowait()
            if rate:
                await asyncio.sleep(max(0.0, started + number / rate - time.monotonic()))
            coming = visit(world, clock.now(), draw)
            ended = coming.steps[-1]
            shift = clock.now() - ended.at
            for step in coming.steps:
                step.at += shift
            await sender.send(coming, list(events(coming)), sent_at=milliseconds(clock.now()))
            on_visit()

    async with asyncio.TaskGroup() as group:
        for _ in range(tasks):
            group.create_task(worker())
    return time.monotonic() - started
