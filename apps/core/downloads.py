"""Files too long to be made at once: sent while they are read."""

import csv
import json
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from io import StringIO
from itertools import islice
from tempfile import TemporaryFile
from typing import TypeVar

import xlsxwriter
from asgiref.sync import sync_to_async
from django.http import StreamingHttpResponse

from .exports import BYTE_ORDER_MARK, harmless
from .tenancy import call_in_schema, current_schema

CHUNK_ROWS = 500
CHUNK_BYTES = 65_536
# A sheet's bounds (Microsoft, "Excel specifications and limits"): rows, its head among them, and letters in a cell.
MOST_SHEET_ROWS = 1_048_576
MOST_CELL_LETTERS = 32_767
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

Cell = str | int | float | datetime | None
Piece = TypeVar("Piece", str, bytes)


def csv_stream(filename: str, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> StreamingHttpResponse:
    """Return a download like `exports.csv_response` whose `rows` read the database while they are sent."""
    return _download(f"{filename}.csv", "text/csv; charset=utf-8", _csv(header, rows))


def json_stream(filename: str, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> StreamingHttpResponse:
    """Return a download of a list of objects, each with `header` as its names; moments as ISO 8601."""
    return _download(f"{filename}.json", "application/json", _json(header, rows))


def xlsx_stream(filename: str, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> StreamingHttpResponse:
    """Return a download for spreadsheets. Written to a temporary file row by row, and sent when it is whole.

    Texts are cells of text, whatever they begin with: none is a formula, a link or a number. Moments are in UTC.
    """
    return _download(f"{filename}.xlsx", XLSX, _xlsx(header, rows))


def _download(name: str, content_type: str, pieces: Iterator[Piece]) -> StreamingHttpResponse:
    response = StreamingHttpResponse(_chunks(current_schema(), pieces), content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _csv(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[str]:
    """Return the file in pieces of some hundred lines."""
    buffer = StringIO(BYTE_ORDER_MARK)
    buffer.seek(0, 2)
    writer = csv.writer(buffer)
    writer.writerow(header)
    for index, row in enumerate(rows, start=1):
        writer.writerow([harmless(_written(cell)) for cell in row])
        if index % CHUNK_ROWS == 0:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def _json(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[str]:
    yield "["
    joint = "\n"
    for row in rows:
        values = dict(zip(header, map(_written, row), strict=True))
        yield joint + json.dumps(values, ensure_ascii=False)
        joint = ",\n"
    yield "\n]\n"


def _xlsx(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[bytes]:
    with TemporaryFile() as file:
        options = {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
            "nan_inf_to_errors": True,
            "default_date_format": "yyyy-mm-dd hh:mm:ss",
        }
        with xlsxwriter.Workbook(file, options) as book:
            sheet = book.add_worksheet()
            sheet.freeze_panes(1, 0)
            sheet.set_column(0, len(header) - 1, 18)
            head = book.add_format({"bold": True})
            for place, label in enumerate(header):
                sheet.write_string(0, place, label, head)
            for line, row in enumerate(islice(rows, MOST_SHEET_ROWS - 1), start=1):
                for place, cell in enumerate(row):
                    if isinstance(cell, str):
                        sheet.write_string(line, place, cell[:MOST_CELL_LETTERS])
                    elif isinstance(cell, datetime):
                        sheet.write_datetime(line, place, cell.astimezone(UTC).replace(tzinfo=None))
                    elif cell is not None:
                        sheet.write_number(line, place, cell)
        file.seek(0)
        while piece := file.read(CHUNK_BYTES):
            yield piece


def _written(cell: Cell) -> str | int | float | None:
    return cell.isoformat(timespec="seconds") if isinstance(cell, datetime) else cell


async def _chunks(schema: str, pieces: Iterator[Piece]) -> AsyncIterator[Piece]:
    """Read the pieces where Django runs synchronous views. The middleware has left by then: name the schema anew."""
    while (piece := await sync_to_async(call_in_schema)(schema, next, pieces, None)) is not None:
        yield piece
