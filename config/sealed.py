"""Every column in which something lies sealed under the server's key: what `manage.py seal_anew` goes through.

Not here: what lies in "volatile" (access tokens of Google), which is asked for again, and what travels under hourly
keys (apps.tracking.sealing), which aren't the server's.
"""

from typing import Any

from apps.agencies.models import Salt, SiteRoute
from apps.core.resealing import SealedColumn
from apps.destinations import secrets
from apps.destinations.models import Destination
from apps.sites import exclusions
from apps.sites.models import Site
from apps.tracking import import_jobs, match_keys, salts
from apps.tracking.models import ConversionMatch, ImportJob


def _ignored_taken(settings: dict[str, Any]) -> bytes | None:
    return exclusions.from_text(settings.get("ignored_addresses") or "")


def _ignored_put(settings: dict[str, Any], sealed: bytes) -> dict[str, Any]:
    return {**settings, "ignored_addresses": exclusions.to_text(sealed)}


# In the public schema.
SHARED = (
    SealedColumn(Salt, "wrapped", salts.PURPOSE, salts.salt_context),
    SealedColumn(
        SiteRoute,
        "settings",
        exclusions.PURPOSE,
        lambda _: exclusions.PURPOSE.encode(),
        take=_ignored_taken,
        put=_ignored_put,
    ),
)
# In each agency's.
AGENCYS = (
    SealedColumn(Site, "ignored_addresses_sealed", exclusions.PURPOSE, lambda _: exclusions.PURPOSE.encode()),
    SealedColumn(Destination, "secrets_sealed", secrets.PURPOSE, lambda _: secrets.PURPOSE.encode()),
    SealedColumn(ConversionMatch, "sealed", match_keys.PURPOSE, lambda event_id: event_id.bytes),
    SealedColumn(ImportJob, "salts_wrapped", import_jobs.PURPOSE, import_jobs.salts_context),
)
