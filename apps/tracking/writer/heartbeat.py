"""The writer's sign of life in the volatile Valkey, for /ready, the runner and whoever waits for it."""

import json
import os
from collections.abc import Mapping
from typing import Any

import redis
from django.conf import settings

from apps.core import clock

KEY = "beacon:writer"
# Renewed each second: gone soon after the writer is.
KEPT_SECONDS = 10


def beat(
    client: redis.Redis, *, owner: str, positions: Mapping[int, str], lag_ms: int, stored: int, trouble: str
) -> None:
    """Say that the writer lives, how far it is, how long the last entries had waited, and what it waits for if so."""
    state = {
        "owner": owner,
        "pid": os.getpid(),
        "at_ms": clock.now_ms(),
        "positions": {str(partition): last for partition, last in positions.items()},
        "lag_ms": lag_ms,
        "stored": stored,
        "trouble": trouble,
    }
    client.set(KEY, json.dumps(state), ex=KEPT_SECONDS)


def writer_state() -> dict[str, Any] | None:
    """Return what a live writer said last (see `beat`), or None where there is none. Raises RedisError."""
    client = redis.Redis.from_url(settings.REDIS_CACHE_URL, socket_timeout=2, socket_connect_timeout=2)
    try:
        told = client.get(KEY)
    finally:
        client.close()
    return dict(json.loads(told)) if isinstance(told, bytes) else None
