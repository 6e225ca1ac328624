"""What goes from the writer's and the workers' processes to whoever watches a site: that there is something new.

What is new, the watchers' board reads from the rows. A message that gets lost costs them one tick's patience.
"""

import asyncio
from functools import cache
from threading import Thread

from channels.layers import get_channel_layer

from apps.companies.facts import CompanyMatched
from apps.scoring.facts import ScoreChanged, TemperatureChanged
from apps.tracking.facts import EventsStored

# A message that isn't out by then counts as lost.
PATIENCE_SECONDS = 2.0


def group_name(schema: str, site_id: int) -> str:
    """Return the channel group of a site; the schema comes first, so that agencies can't meet in one."""
    return f"{schema}.live.{site_id}"


def announce_events(fact: EventsStored) -> None:
    if not fact.is_backfill and fact.session_ids:
        _send(fact.schema, fact.site_id)


def announce_companies(fact: CompanyMatched) -> None:
    if fact.session_ids:
        _send(fact.schema, fact.site_id)


def announce_scores(fact: ScoreChanged) -> None:
    if not fact.is_backfill:
        _send(fact.schema, fact.site_id)


def announce_temperature(fact: TemperatureChanged) -> None:
    if not fact.is_backfill:
        _send(fact.schema, fact.site_id)


def _send(schema: str, site_id: int) -> None:
    """Tell a site's watchers. Raises RedisError or TimeoutError, which is an OSError."""
    message = get_channel_layer().group_send(group_name(schema, site_id), {"type": "visits.changed"})
    asyncio.run_coroutine_threadsafe(message, _loop()).result(PATIENCE_SECONDS)


@cache
def _loop() -> asyncio.AbstractEventLoop:
    """Return this process's loop for messages: the layer's connection belongs to a loop, and so outlives a message."""
    loop = asyncio.new_event_loop()
    Thread(target=loop.run_forever, name="live-messages", daemon=True).start()
    return loop
