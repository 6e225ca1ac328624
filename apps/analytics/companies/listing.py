"""Who came in a period: the companies of a list, in its order. What it says of them is in `figures`.

Everything is about visits of sites that the caller may see: the sites come in, and nothing else is looked at. In two
steps: which companies are listed, in which order; and the figures of those on the page, which are few.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.core.exceptions import EmptyResultSet
from django.db import connection

from .order import list_sql
from .wanted import Tab, Wanted

PAGE_ROWS = 50


@dataclass(frozen=True, slots=True)
class Listed:
    """A company in the list: on which sites it counts, the last seen first; its score now (0-100; None: none yet)."""

    id: int
    site_ids: Sequence[int]
    score: float | None
    temperature: str
    category: str


@dataclass(frozen=True, slots=True)
class CompanyList:
    """A page of the list. `counts`: companies by tab, whatever the page; of how many `visits`, how many `matched`."""

    rows: Sequence[Listed]
    counts: dict[Tab, int]
    visits: int
    matched: int


def company_list(wanted: Wanted, *, limit: int | None = PAGE_ROWS, offset: int = 0) -> CompanyList:
    """Return the companies of some visits in their order, and how many each tab has. Two queries.

    `limit` None: all of them.
    """
    none = CompanyList(rows=[], counts=dict.fromkeys(Tab, 0), visits=0, matched=0)
    if wanted.company_ids is not None and not wanted.company_ids:
        return none
    try:
        query, params = list_sql(wanted, limit, offset)
    except EmptyResultSet:  # of no site
        return none
    with connection.cursor() as cursor:
        cursor.execute(query, params)
        found = cursor.fetchall()
    counts = dict(zip(Tab, found[0], strict=False))
    rows = [
        Listed(company_id, site_ids, score, temperature or "", category or "")
        for company_id, site_ids, score, temperature, category in (row[len(Tab) + 2 :] for row in found)
        if company_id is not None
    ]
    return CompanyList(rows=rows, counts=counts, visits=found[0][len(Tab)], matched=found[0][len(Tab) + 1])
