"""Companies of a list with all that a page or a file shows of them. As many queries for fifty as for one."""

from collections.abc import Sequence

from apps.tracking.filters import LONGEST_VISIT

from . import figures, matters
from .columns import Shown
from .figures import CompanyRow
from .list_page import Reading
from .listing import Listed
from .marks import confidences, marks_of


def shown_of(
    listed: Sequence[Listed],
    reading: Reading,
    *,
    with_pages: bool = True,
    with_confidence: bool = False,
) -> list[Shown]:
    """Return these companies, in their order. Two queries for what clients know, and one each for figures, pages and
    confidence.
    """
    wanted, span = reading.wanted, reading.asked.period.span
    rows = figures.company_rows(listed, wanted.visits)
    if with_pages:
        figures.company_pages_put(rows, listed, wanted.visits, since=span.start, until=span.end + LONGEST_VISIT)
    marks = marks_of(rows, wanted.sites, reading.people, wanted.merged) if rows else {}
    sure = confidences(rows, wanted.sites) if rows and with_confidence else {}
    places = {one.id: one for one in listed}
    sites = {site.id: site for site in wanted.sites}
    clients = len(wanted.client_ids)

    def one(row: CompanyRow) -> Shown:
        site = sites[row.site_id]
        labels, reads_longest = matters.page_labels(row.pages, reading.rules)
        return Shown(
            row=row,
            listed=places[row.id],
            site=site,
            marks=marks.get(row.id, ()),
            pages=labels,
            reads_longest=reads_longest,
            confidence_ratio=sure.get(row.id),
            clients=clients,
        )

    return [one(row) for row in rows]
