"""Clients of the two Valkeys for synchronous code, one a process. The door's own way to the streams is `inbox`."""

from functools import cache

import redis
from django.conf import settings

# Whoever waits longer than this is better off being told.
CONNECT_SECONDS = 2.0
ANSWER_SECONDS = 5.0


@cache
def durable() -> redis.Redis:
    """Return the client of the event streams' server."""
    return client(settings.REDIS_URL)


@cache
def volatile() -> redis.Redis:
    """Return the client of the server that may forget: limits, sealing keys, messages."""
    return client(settings.REDIS_CACHE_URL)


def get_bytes(name: str) -> bytes | None:
    """Return what "volatile" holds under a name."""
    held = volatile().get(name)
    return held.encode() if isinstance(held, str) else held


def client(url: str) -> redis.Redis:
    return redis.Redis.from_url(url, socket_connect_timeout=CONNECT_SECONDS, socket_timeout=ANSWER_SECONDS)


class Messages:
    """What is published on a channel of "volatile", from now on."""

    def __init__(self, channel: str) -> None:
        self._pubsub = redis.client.PubSub(volatile().connection_pool, ignore_subscribe_messages=True)
        self._pubsub.subscribe(channel)

    def heard(self, seconds: float) -> list[str]:
        """Return what was published, after waiting for `seconds` at most. Raises RedisError if the server is away."""
        found: list[str] = []
        message = self._pubsub.get_message(timeout=seconds)
        while message is not None:
            data = message["data"]
            found.append(data.decode(errors="replace") if isinstance(data, bytes) else str(data))
            message = self._pubsub.get_message(timeout=0)
        return found
