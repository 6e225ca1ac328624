"""Files too long to be made at once: sent while they are read."""

import csv
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from io import StringIO

from asgiref.sync import sync_to_async
from django.http import StreamingHttpResponse

from apps.core.exports import BYTE_ORDER_MARK, harmless
from apps.core.tenancy import call_in_schema, current_schema

CHUNK_ROWS = 500

Cell = str | int | float | None


def csv_stream(filename: str, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> StreamingHttpResponse:
    """Return a download like `core.exports.csv_response` whose `rows` read the database while they are sent."""
    response = StreamingHttpResponse(
        _chunks(current_schema(), _texts(header, rows)), content_type="text/csv; charset=utf-8"
    )
    response["Content-Disposition"] = f'attachment; filename="{filename}.csv"'
    return response


def _texts(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[str]:
    """Return the file in pieces of some hundred lines."""
    buffer = StringIO(BYTE_ORDER_MARK)
    buffer.seek(0, 2)
    writer = csv.writer(buffer)
    writer.writerow(header)
    for index, row in enumerate(rows, start=1):
        writer.writerow([harmless(cell) for cell in row])
        if index % CHUNK_ROWS == 0:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


async def _chunks(schema: str, texts: Iterator[str]) -> AsyncIterator[str]:
    """Read the pieces where Django runs synchronous views. The middleware has left by then: name the schema anew."""
    while (text := await sync_to_async(call_in_schema)(schema, next, texts, None)) is not None:
        yield text
