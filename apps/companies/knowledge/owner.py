"""Whose a company is among the agency's people, for one client."""

from collections.abc import Iterable

from django.db import transaction

from apps.agencies.models import Agency, User
from apps.core.errors import Refused

from ..models import CompanyClient
from .entries import entries_write
from .people import by_id, colleagues
from .rows import rows_lock


def owner_set(*, agency: Agency, client_id: int, company_ids: Iterable[int], user_id: int | None, by: User) -> int:
    """Give companies of a client to a member, None: to nobody; return how many changed. May run twice.

    Raises Refused for somebody who isn't a member or doesn't see the client.
    """
    owner = None
    if user_id is not None:
        owner = by_id(colleagues(agency, client_id=client_id)).get(user_id)
        if owner is None:
            raise Refused("The owner is to be a member of the agency who sees this client.")
    with transaction.atomic():
        changed = [row for row in rows_lock(client_id=client_id, company_ids=company_ids) if row.owner_id != user_id]
        for row in changed:
            row.owner_id = user_id
        CompanyClient.objects.bulk_update(changed, ["owner_id"])
        text = f"gave it to {owner.name}" if owner else "took it from its owner"
        entries_write(client_id=client_id, company_ids=[row.company_id for row in changed], text=text, by=by)
    return len(changed)
