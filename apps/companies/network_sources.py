"""Who told a visit's network: the local databases, or IPinfo."""

from collections.abc import Iterable
from uuid import UUID

from .enrichment.providers.base import Source
from .models import NetworkLookup


def sources_of(session_ids: Iterable[UUID]) -> dict[UUID, str]:
    """Return who told the networks of visits; without those that the local databases told. One query."""
    rows = NetworkLookup.objects.filter(session_id__in=list(session_ids)).exclude(source=Source.LOCAL.value)
    return dict(rows.values_list("session_id", "source"))
