"""All providers by their key: the one table of kinds."""

from .base import Provider
from .ga4.provider import GA4
from .google_ads.provider import GoogleAds
from .meta.provider import Meta
from .slack.provider import Slack
from .webhook.provider import Webhook

_ALL: tuple[Provider, ...] = (GA4(), GoogleAds(), Meta(), Slack(), Webhook())
PROVIDERS = {provider.key: provider for provider in _ALL}


def provider_of(key: str) -> Provider | None:
    """Return a provider; None for one that this code doesn't know (a newer version's)."""
    return PROVIDERS.get(key)
