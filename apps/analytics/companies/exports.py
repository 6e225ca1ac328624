"""Companies and their visits as files."""

from collections.abc import Iterator, Sequence

from django.db.models import QuerySet
from django.http import StreamingHttpResponse

from apps.core.downloads import Cell, csv_stream, json_stream, xlsx_stream
from apps.sites.models import Site
from apps.tracking.models import Session

from . import listing
from .columns import FIRST_HEADS, first_cells
from .list_page import Reading
from .shown import shown_of

FORMATS = {"csv": csv_stream, "json": json_stream, "xlsx": xlsx_stream}
# Figures are read for so many companies at once.
SLICE_ROWS = 500

VISIT_HEADER = (
    "Started (UTC)",
    "Ended (UTC)",
    "Site",
    "Entry page",
    "Exit page",
    "Page views",
    "Engaged seconds",
    "Source",
    "Channel",
    "Campaign",
    "Country",
    "City",
    "Device",
    "Browser",
)


def companies_file(file_format: str, reading: Reading) -> StreamingHttpResponse:
    """Return all that is listed, whatever the page, in the shown columns and order. `file_format`: one of FORMATS.

    Which companies are in it, in which order, and their scores are of the moment when the file began; figures are read
    in slices while it is sent. As many rows as there are (XLSX: as a sheet can hold).
    """
    head = [*FIRST_HEADS, *(head for column in reading.asked.columns for head in column.heads)]
    span = reading.asked.period.span
    return FORMATS[file_format](f"companies-{span.first}-{span.last}", head, _lines(reading))


def _lines(reading: Reading) -> Iterator[Sequence[Cell]]:
    columns = reading.asked.columns
    names = {column.name for column in columns}
    listed = listing.company_list(reading.wanted, limit=None).rows
    for start in range(0, len(listed), SLICE_ROWS):
        shown = shown_of(
            listed[start : start + SLICE_ROWS],
            reading,
            with_pages="pages" in names,
            with_confidence="confidence" in names,
        )
        for one in shown:
            yield [*first_cells(one), *(cell for column in columns for cell in column.cells(one))]


def visits_csv(domain: str, visits: QuerySet[Session], sites: Sequence[Site]) -> StreamingHttpResponse:
    """Return all of a company's visits, read while they are sent."""
    names = {site.id: site.name for site in sites}
    return csv_stream(
        f"visits-of-{domain}",
        VISIT_HEADER,
        (
            (
                visit.started_at.isoformat(timespec="seconds"),
                visit.ended_at.isoformat(timespec="seconds"),
                names[visit.site_id],
                visit.entry_path,
                visit.exit_path,
                visit.pageviews,
                round(visit.engaged_ms / 1000),
                visit.source,
                visit.channel,
                visit.campaign,
                visit.country,
                visit.city,
                visit.device,
                visit.browser,
            )
            for visit in visits.iterator(chunk_size=SLICE_ROWS)
        ),
    )
