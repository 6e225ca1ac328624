"""Running inside an agency's schema, wherever no request has chosen it: tasks, commands, sockets, the cache."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

from asgiref.sync import sync_to_async
from django.db import close_old_connections, connection
from django_tenants.utils import schema_context

P = ParamSpec("P")
R = TypeVar("R")


@contextmanager
def in_schema(schema: str) -> Iterator[None]:
    """Run the block's queries in `schema`; the one before comes back afterwards."""
    with schema_context(schema):
        yield


def current_schema() -> str:
    return str(getattr(connection, "schema_name", "public"))


def call_in_schema(schema: str, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    with in_schema(schema):
        return function(*args, **kwargs)


async def acall_in_schema(schema: str, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Run a synchronous `function` in `schema` from async code.

    Each hop lands on a thread whose connection may have served another agency, so the schema is named anew every time.
    """

    def call() -> R:
        close_old_connections()
        try:
            return call_in_schema(schema, function, *args, **kwargs)
        finally:
            close_old_connections()

    return await sync_to_async(call, thread_sensitive=False)()


def cache_key(key: str, key_prefix: str, version: int) -> str:
    """Django's KEY_FUNCTION: agencies never share a cache entry."""
    return f"{current_schema()}:{key_prefix}:{version}:{key}"


def schema_name(agency_id: int) -> str:
    """Return the schema of an agency: after its id, never its slug, which may change and collide."""
    return f"a_{agency_id}"


def quoted(identifier: str) -> str:
    """Return an SQL identifier, quoted. Raises ValueError for anything but letters, digits and underscores."""
    if not identifier.replace("_", "").isalnum():
        raise ValueError(f"not an identifier: {identifier!r}")
    return f'"{identifier}"'
