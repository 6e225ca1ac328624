"""A destination as its provider sees it: settings, and secrets in clear, for as long as a request is made."""

from django.urls import reverse

from apps.agencies.hosts import agency_url
from apps.agencies.models import Agency
from apps.core.crypto import SealBroken
from apps.core.tenancy import current_schema
from apps.sites.models import Site

from .models import Destination
from .providers.base import Outcome, SiteFacts, Target, Verdict
from .secrets import secrets_open

# What becomes of a destination where `target_of` raises SealBroken.
SEALED = Verdict(
    Outcome.REFUSED, "secrets_sealed", "Its secrets can’t be opened with this server’s key: enter them again."
)


def target_of(destination: Destination) -> Target:
    """Return a destination's target. Raises SealBroken where the server's key isn't that of its secrets any more.

    Two queries.
    """
    return Target(
        destination_id=destination.id,
        settings={name: str(value) for name, value in destination.settings.items()},
        secrets=secrets_open(destination.secrets_sealed),
        base_url=destination.stand_in_url,
        is_test_mode=destination.is_test_mode,
        site=_site_facts(destination.site_id),
    )


def secrets_held(destination: Destination) -> dict[str, str]:
    """Return a destination's secrets; none where the server's key isn't theirs any more: a person has to enter them."""
    try:
        return secrets_open(destination.secrets_sealed)
    except SealBroken:
        return {}


def _site_facts(site_id: int) -> SiteFacts:
    site = Site.objects.filter(id=site_id).first()
    slug = Agency.objects.filter(schema_name=current_schema()).values_list("slug", flat=True).first()
    if site is None or slug is None:
        return SiteFacts()
    return SiteFacts(site.name, site.time_zone, agency_url(slug, reverse("analytics:site-visits", args=[site.slug])))
