"""Simulated visits as they happen: each step at its own time, a few people on the site at any moment."""

import asyncio
import logging
import random
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from apps.core import clock

from .journeys import HOURS, Visit, bot_visit, scene_visit, visit
from .payloads import engagement, event, milliseconds, pageview
from .sender import DoorClosed, Sender
from .stories import scene_now
from .world import World

logger = logging.getLogger(__name__)
# However quiet the hour, somebody comes this often: a demo without anybody on it shows nothing.
LONGEST_GAP_SECONDS = 30.0
# So many are there within the first moments: who starts a demo looks at it at once.
FIRST_VISITS = 6
BOT_EVERY = 14  # visits
# Of the first ones this one is of a company with a story, and now and then another: somebody turns hot while one looks.
SCENE_FIRST = 3
SCENE_RATIO = 0.015
# People who read for minutes are real, but who looks at a demo shouldn't have to wait for them.
LONGEST_READ_SECONDS = 90.0


async def trickle(world: World, sender: Sender, *, draw: random.Random | None = None) -> None:
    """Send visits for ever; returns only when cancelled. An unreachable door is waited for."""
    draw = draw or random.Random()
    running: set[asyncio.Task[None]] = set()
    for number in range(2**62):
        start = clock.now()
        if number % BOT_EVERY == BOT_EVERY - 1:
            coming = bot_visit(world, start, draw)
        else:
            coming = _coming(world, start, draw, is_scene=number == SCENE_FIRST or draw.random() < SCENE_RATIO)
        task = asyncio.create_task(_browse(coming, sender))
        running.add(task)
        task.add_done_callback(running.discard)
        gap = 2.0 if number < FIRST_VISITS else _gap_seconds(world)
        await asyncio.sleep(draw.expovariate(1 / gap))


def _coming(world: World, start: datetime, draw: random.Random, *, is_scene: bool) -> Visit:
    scene = scene_now(world, start.astimezone(ZoneInfo(world.time_zone)).date(), draw) if is_scene else None
    return scene_visit(world, scene, start, draw) if scene else visit(world, start, draw)


def _gap_seconds(world: World) -> float:
    """Return the mean time between two visits at this hour of the site's day."""
    hour = clock.now().astimezone(ZoneInfo(world.time_zone)).hour
    an_hour = world.visits_a_day * HOURS[hour] / sum(HOURS)
    return min(3600 / max(an_hour, 1), LONGEST_GAP_SECONDS)


async def _browse(coming: Visit, sender: Sender) -> None:
    """Walk through one visit in real time."""
    try:
        for step in coming.steps:
            step.engaged_ms = min(step.engaged_ms, int(LONGEST_READ_SECONDS * 1000))
            step.at = clock.now()
            await sender.send(coming, [pageview(coming, step)], sent_at=milliseconds(step.at))
            await asyncio.sleep(step.engaged_ms / 2000)
            for action in step.actions:
                action.at = clock.now()
                await sender.send(coming, [event(coming, step, action)], sent_at=milliseconds(action.at))
            await asyncio.sleep(step.engaged_ms / 2000)
            if step.engaged_ms:
                left = step.at + timedelta(milliseconds=step.engaged_ms)
                await sender.send(coming, [engagement(step)], sent_at=max(milliseconds(left), clock.now_ms()))
            await asyncio.sleep(1)
    except DoorClosed as problem:
        logger.warning("A simulated visit was broken off: %s", problem)
