"""The rows that knowledge is kept in, held while they are changed."""

from collections.abc import Iterable, Sequence

from ..models import CompanyClient


def rows_lock(*, client_id: int, company_ids: Iterable[int]) -> Sequence[CompanyClient]:
    """Return the client's rows of these companies, locked in one order; companies it doesn't know are left out.

    Within a transaction. Two who change the same companies wait for each other and never block each other.
    """
    rows = CompanyClient.objects.select_for_update().filter(client_id=client_id, company_id__in=set(company_ids))
    return list(rows.order_by("id"))
