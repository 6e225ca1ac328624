"""Tables as files that a spreadsheet opens: in UTF-8, and harmless."""

import csv
from collections.abc import Iterable, Sequence
from io import StringIO

from django.http import HttpResponse

# A spreadsheet takes a cell that begins so for a formula (OWASP, "CSV Injection").
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
# Without it Excel reads UTF-8 as something else.
BYTE_ORDER_MARK = "\ufeff"


def harmless(cell: object) -> object:
    """Return a cell that no spreadsheet runs: a text that looks like a formula gets an apostrophe before it."""
    if isinstance(cell, str) and cell.startswith(FORMULA_STARTS):
        return f"'{cell}"
    return "" if cell is None else cell


def csv_response(filename: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> HttpResponse:
    """Return a download named `filename` (without its ending).

    Made as a whole, while the agency's schema is chosen: a stream is read when that is over. The caller bounds `rows`.
    """
    text = StringIO()
    text.write(BYTE_ORDER_MARK)
    writer = csv.writer(text)
    writer.writerow(header)
    for row in rows:
        writer.writerow([harmless(cell) for cell in row])
    response = HttpResponse(text.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{filename}.csv"'
    return response
