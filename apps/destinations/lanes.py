"""How many workers may send to one destination at once, and turns that end: so that none is held up by another's.

A lane is PostgreSQL's advisory lock of a worker's own connection: gone with it, however the worker ends.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

from apps.core.tenancy import current_schema

LANES = 2
# How many of a sender's threads (BEACON_SENDER_THREADS) work for one agency at once: half of them, so that an agency
# whose receivers all answer slowly leaves room for the others.
AGENCY_LANES = 8


@contextmanager
def lane(destination_id: int) -> Iterator[int | None]:
    """Give a free lane of a destination of this agency, from 0; None where all are taken, its own or the agency's."""
    with _place(f"{current_schema()}:destination:{destination_id}", LANES) as number:
        if number is None:
            yield None
            return
        with _place(f"{current_schema()}:destinations", AGENCY_LANES) as of_agency:
            yield None if of_agency is None else number


@contextmanager
def only_one(what: str) -> Iterator[bool]:
    """Say whether nobody else is at this in this agency; until the block ends nobody is then."""
    name = f"{current_schema()}:destinations:{what}"
    is_free = _lock("pg_try_advisory_lock", name, 0)
    try:
        yield is_free
    finally:
        if is_free:
            _lock("pg_advisory_unlock", name, 0)


@contextmanager
def _place(name: str, most: int) -> Iterator[int | None]:
    taken = next((number for number in range(most) if _lock("pg_try_advisory_lock", name, number)), None)
    try:
        yield taken
    finally:
        if taken is not None:
            _lock("pg_advisory_unlock", name, taken)


def _lock(function: str, name: str, number: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(hashtext(%s), %s)", [name, number])
        row = cursor.fetchone()
    return bool(row and row[0])
