"""Thousands of values as one query parameter. psycopg builds arrays value by value, which costs more than the query."""

from collections.abc import Iterable
from uuid import UUID

import msgspec


def numbers(values: Iterable[int]) -> str:
    """Return an array's text for `%s::bigint[]` and its like."""
    return "{" + ",".join(map(str, values)) + "}"


def uuids(values: Iterable[UUID]) -> str:
    """Return an array's text for `%s::uuid[]`."""
    return "{" + ",".join([value.hex for value in values]) + "}"


def records(rows: list[dict[str, object]]) -> str:
    """Return rows for `json_to_recordset(%s)`; moments, days and ids become texts that PostgreSQL reads."""
    return msgspec.json.encode(rows).decode()
