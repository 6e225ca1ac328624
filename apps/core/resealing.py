"""Sealing anew, row by row and while everything goes on, what a former server's key sealed. Where: config.sealed."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any

from django.db import models

from .crypto import seal_anew

# Rows that are read at once.
SLICE = 500


def _itself(value: Any) -> Any:
    return value


def _instead(_: Any, sealed: bytes) -> Any:
    return sealed


@dataclass(frozen=True, slots=True)
class SealedColumn:
    """Where sealed bytes lie. `context` gives what they were sealed with by the row's primary key.

    `take` and `put`: how they lie in the column's value, where they aren't all of it.
    """

    model: type[models.Model]
    column: str
    purpose: str
    context: Callable[[Any], bytes]
    take: Callable[[Any], bytes | memoryview | None] = _itself
    put: Callable[[Any, bytes], Any] = _instead

    def __str__(self) -> str:
        return f"{self.model._meta.db_table}.{self.column}"


class Found(Enum):
    """What became of a row."""

    ANEW = "sealed anew"
    PRESENT = "sealed with the present key already"
    BROKEN = "opened by no key"


def column_seal_anew(column: SealedColumn) -> Iterator[tuple[Any, Found]]:
    """Seal a column's rows with the present key; yield each one's primary key, and what became of it.

    Each row is an update of its own, so that one may stop anywhere, no writer waits for long, and none is overwritten.
    Rows that come meanwhile are sealed with the present key. May run any number of times.
    """
    rows = column.model._base_manager.exclude(**{column.column: None}).order_by("pk")
    left = rows
    while held := list(left.values_list("pk", column.column)[:SLICE]):
        for pk, value in held:
            if found := _row_seal_anew(column, pk, value):
                yield pk, found
        left = rows.filter(pk__gt=held[-1][0])


def _row_seal_anew(column: SealedColumn, pk: Any, value: Any) -> Found | None:
    """Return what became of a row; None where nothing is sealed in it, or it is gone.

    It is changed only as it was read. One that was changed meanwhile is read again.
    """
    row = column.model._base_manager.filter(pk=pk)
    while value is not None:
        try:
            sealed = column.take(value)
            if not sealed:
                return None
            anew = seal_anew(column.purpose, sealed, column.context(pk))
        except ValueError:  # SealBroken, or not even base64
            return Found.BROKEN
        if anew is None:
            return Found.PRESENT
        if row.filter(**{column.column: value}).update(**{column.column: column.put(value, anew)}):
            return Found.ANEW
        value = row.values_list(column.column, flat=True).first()
    return None
