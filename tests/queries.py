"""Counting what is asked of the database."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection
from django.test.utils import CaptureQueriesContext

# Choosing the schema and nesting transactions depend on what ran before; they ask nothing.
_SILENT = ("SET ", "SAVEPOINT ", "RELEASE ")


@contextmanager
def queries_asked(count: int) -> Iterator[None]:
    """Fail unless the block asks the database `count` things."""
    with CaptureQueriesContext(connection) as captured:
        yield
    asked = [query["sql"] for query in captured if not query["sql"].startswith(_SILENT)]
    assert len(asked) == count, "\n".join(sql[:160] for sql in asked)
