"""Advisory locks of the hot path: who writes sessions and events of a site, and who makes partitions, takes turns.

They last until the transaction ends. The writer, retention, deletion and recomputing all take a site's lock first.
"""

import hashlib
from collections.abc import Iterable

from django.db import connection

from apps.core.tenancy import current_schema


def site_lock(site_ids: Iterable[int]) -> None:
    """Wait for the locks of sites of the current agency. Sorted, so that two takers can't wait for each other."""
    _lock(sorted({_key("site", str(site_id)) for site_id in site_ids}))


def partitions_lock() -> None:
    """Wait until nobody else makes or drops leaves of the current agency's event table."""
    _lock([_key("partitions")])


def rollups_try_lock() -> bool:
    """Be the one who builds rollups of the current agency until the transaction ends; False if somebody else is."""
    return try_lock("rollups")


def try_lock(name: str) -> bool:
    """Be the one who does `name` for the current agency until the transaction ends; False if somebody else does."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_key(name)])
        return bool(cursor.fetchone()[0])


def _lock(keys: list[int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(key) FROM unnest(%s::bigint[]) AS key", [keys])


def _key(*parts: str) -> int:
    """Return the lock's number: PostgreSQL knows numbers only, and they are shared by all agencies of a database."""
    digest = hashlib.blake2b("\x1f".join((current_schema(), *parts)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)
