"""A company and those that are merged into it: what was written of any of them is read and taken back together.

Nothing is copied: once a merge is undone, each has its own again.
"""

from collections.abc import Sequence

from ..corrections import merged_here
from ..models import CompanyClient


def rows_together(known: CompanyClient) -> Sequence[CompanyClient]:
    """Return a client's row of a company, and its rows of those that are merged into it. One query; two where some are.

    The company's own is the first. `known` has its company.
    """
    domains = merged_here(known.company.domain)
    if not domains:
        return [known]
    rows = CompanyClient.objects.select_related("company").filter(
        client_id=known.client_id, company__domain__in=domains
    )
    return [known, *rows.order_by("company__domain")]


def ids_together(known: CompanyClient) -> list[int]:
    """Return the numbers of the company and of those that are merged into it. Queries as above."""
    return [row.company_id for row in rows_together(known)]
