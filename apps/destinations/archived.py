"""Sites of which nothing leaves: archived ones, by themselves or with their client, and those of an inactive agency.

What is queued of them waits, as at a destination that is off, and goes once the site is resumed.
"""

from django.db.models import Exists, Q, QuerySet

from apps.agencies.models import Agency
from apps.core.tenancy import current_schema
from apps.sites.models import Site

ARCHIVED = Q(status=Site.Status.ARCHIVED) | Q(client__archived_at__isnull=False)
REASON = "site_archived"
WORDS = "The site is archived: nothing is sent. What was due waits, until it is too old for the provider."


def is_archived(site: Site) -> bool:
    """Return whether a site is archived, by itself or with its client, which it has."""
    return bool(site.status == Site.Status.ARCHIVED or site.client.archived_at)


def sites_archived() -> QuerySet[Site]:
    return Site.objects.filter(ARCHIVED)


def may_leave(site_id: int) -> bool:
    """Return whether a site's conversions may leave by now. One query."""
    active = Agency.objects.filter(schema_name=current_schema(), is_active=True)
    return Site.objects.filter(~ARCHIVED, Exists(active), id=site_id).exists()


def agency_is_active() -> bool:
    return bool(Agency.objects.filter(schema_name=current_schema(), is_active=True).exists())
