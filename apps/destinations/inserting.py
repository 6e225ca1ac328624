"""Rows to and from statements as one JSON text: for thousands of rows with texts in them an array a column is slow."""

from collections.abc import Sequence
from typing import Any

import msgspec
from django.db import connection
from django.db.models import AutoField, Model


def rows_json(rows: Sequence[Any]) -> str:
    """Return rows for `json_to_recordset`: structs or mappings with moments, ids and decimals as they are."""
    return msgspec.json.encode(rows).decode()


def rows_insert(rows: Sequence[Model]) -> None:
    """Insert rows of one model; those that are there already are left out. One query.

    The database gives the ids that it gives of itself. Not for columns of bytes.
    """
    if not rows:
        return
    fields = [field for field in rows[0]._meta.concrete_fields if not isinstance(field, AutoField)]
    columns = ", ".join(f'"{field.column}"' for field in fields)
    types = ", ".join(f'"{field.column}" {field.db_type(connection)}' for field in fields)
    given = [{field.column: getattr(row, field.attname) for field in fields} for row in rows]
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {rows[0]._meta.db_table} ({columns}) SELECT {columns} FROM json_to_recordset(%s::json)"
            f" AS given({types}) ON CONFLICT DO NOTHING",
            [rows_json(given)],
        )
