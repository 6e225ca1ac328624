"""What makes and revokes API keys. The doors are told, so that a revoked one is worth nothing at once."""

import logging
from collections.abc import Iterable, Sequence

import redis
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest

from apps.core import clock

from ..api_keys import INGEST, key_hash, key_hashes, new_key, shown_prefix
from ..models import Agency, ApiKey

logger = logging.getLogger(__name__)
# As apps.tracking.routes hears it.
DOORS_CHANNEL, KEYS_CHANGED = "beacon:site-routes", "api-key"


def api_key_create(*, agency: Agency, name: str, scopes: Iterable[str] = (INGEST,)) -> str:
    """Make a key and return it: it can't be shown again."""
    key = new_key()
    ApiKey.objects.create(
        agency=agency, name=name, prefix=shown_prefix(key), key_hash=key_hash(key), scopes=list(scopes)
    )
    return key


def api_key_of(request: HttpRequest, *, scope: str) -> ApiKey | None:
    """Return the key that a request shows, where it is this host's agency's, in force, and has the scope. One query."""
    kind, _, key = request.headers.get("Authorization", "").partition(" ")
    agency: Agency | None = getattr(request, "agency", None)
    if kind.lower() != "bearer" or not key or agency is None:
        return None
    keys = ApiKey.objects.filter(agency=agency, revoked_at=None, scopes__contains=[scope])
    hashes = key_hashes(key.strip())
    found = keys.filter(key_hash__in=hashes).first()
    if found is not None:
        api_key_take_over(api_key=found, hashes=hashes)
    return found


def api_key_take_over(*, api_key: ApiKey, hashes: Sequence[bytes]) -> None:
    """Keep a key that was shown by its hash under the present server's key, the first of `hashes`. May run twice.

    No query where it is kept so already. Nobody but its holder knows the key: there is no other moment to do it.
    """
    if bytes(api_key.key_hash) != hashes[0]:
        ApiKey.objects.filter(id=api_key.id).update(key_hash=hashes[0])


def api_key_revoke(*, api_key: ApiKey) -> None:
    with transaction.atomic():
        api_key.revoked_at = clock.now()
        api_key.save(update_fields=["revoked_at"])
        transaction.on_commit(_tell_doors)


def _tell_doors() -> None:
    try:
        server = redis.Redis.from_url(settings.REDIS_CACHE_URL, socket_connect_timeout=2, socket_timeout=5)
        server.publish(DOORS_CHANNEL, KEYS_CHANGED)
    except redis.RedisError as error:
        # They read keys anew every few seconds anyway.
        logger.warning("doors weren't told of a revoked key: %s", type(error).__name__)
