"""Since when a client knows a company, by the visits that count.

A client's row is widened by each visit when it is matched, and outlives it. A visit that is set aside later, by a rule
or for how it behaves, is nobody's any more, and may come back: so what rests on such a visit is found out when it is
asked.
"""

from datetime import datetime
from typing import TYPE_CHECKING, TypedDict

from django.db.models import Case, DateTimeField, F, OuterRef, Q, QuerySet, Subquery, When

from apps.sites.models import Site
from apps.tracking.models import Session

from .models import CompanyClient

if TYPE_CHECKING:
    from django_stubs_ext import WithAnnotations


class Seen(TypedDict):
    """What is asked beside a row: the first stored visit, the first counted one, and when the company was first seen.

    The last may be in a visit that is gone; None where all of the company's visits are set aside, or another's by
    corrections.
    """

    first_stored: datetime | None
    first_counted: datetime | None
    first_at: datetime | None


def known_seen() -> "QuerySet[WithAnnotations[CompanyClient, Seen]]":
    """Return what clients know of companies, seen on their present sites. Each moment is a look into an index."""
    sites = Site.objects.filter(client_id=OuterRef(OuterRef("client_id"))).values("id")
    visits = Session.objects.filter(company_id=OuterRef("company_id"), site_id__in=sites).order_by("started_at")
    moments = visits.values("started_at")
    rows = CompanyClient.objects.annotate(
        first_stored=Subquery(moments[:1]), first_counted=Subquery(moments.filter(set_aside="")[:1])
    )
    # Visits go oldest first. Where one from then is still there, so are all that were counted since.
    is_gone = Q(first_stored__isnull=True) | Q(first_stored__gt=F("first_seen_at"))
    return rows.annotate(
        first_at=Case(
            When(is_left=True, then=None),
            When(is_gone, then=F("first_seen_at")),
            default=F("first_counted"),
            output_field=DateTimeField(),
        )
    )
