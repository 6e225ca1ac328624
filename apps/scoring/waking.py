"""Waking whoever makes scores: one task an agency waits to begin at most, so that a busy site floods no workers.

A task that begins lets the next one be asked for, and only then takes the marks: what is committed later than that asks
anew. So none waits for the sweep, unless a message is lost.
"""

from apps.tracking.valkey import volatile

# Marks of this long are taken together.
TOGETHER_SECONDS = 0.25
# A task that got lost keeps others from being asked for no longer than this.
LOST_MS = 10_000


def may_ask(schema: str) -> bool:
    """Return whether no task is waiting for this agency; from now on one is. Raises RedisError."""
    return bool(volatile().set(_key(schema), 1, nx=True, px=LOST_MS))


def begun(schema: str) -> None:
    """Let the next task be asked for. Raises RedisError."""
    volatile().delete(_key(schema))


def _key(schema: str) -> str:
    return f"beacon:scores-asked:{schema}"
