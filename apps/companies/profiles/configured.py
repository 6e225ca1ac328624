"""The installation's provider of profiles, by its settings; None where there is none: then nothing leaves."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from apps.companies.asking.breaker import Breaker
from apps.companies.asking.quota import Quota

from .mapping import FieldPaths, MappingError, mapping_load
from .providers.base import Provider
from .providers.http import HttpProvider
from .statistics import SERVICE


@dataclass(frozen=True, slots=True)
class Asking:
    provider: Provider
    breaker: Breaker
    quota: Quota


def is_configured() -> bool:
    return bool(settings.BEACON_PROFILE_URL)


def source_name() -> str:
    """Return what the service is called; empty where there is none."""
    return settings.BEACON_PROFILE_NAME or urlsplit(settings.BEACON_PROFILE_URL).hostname or ""


def profile_paths() -> FieldPaths:
    """Return where answers have our fields. Raises ImproperlyConfigured."""
    try:
        return mapping_load(settings.BEACON_PROFILE_MAPPING)
    except MappingError as error:
        raise ImproperlyConfigured(f"BEACON_PROFILE_MAPPING: {error}.") from None


def asking() -> Asking | None:
    url, token = settings.BEACON_PROFILE_URL, settings.BEACON_PROFILE_TOKEN
    if not url:
        return None
    provider = HttpProvider(
        source=source_name(), url=url, auth=settings.BEACON_PROFILE_AUTH, token=token, paths=profile_paths()
    )
    return Asking(
        provider=provider,
        breaker=Breaker(service=SERVICE, token=token, url=url),
        quota=Quota(settings.BEACON_PROFILE_BUDGET, service=SERVICE),
    )
