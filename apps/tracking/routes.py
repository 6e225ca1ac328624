"""Site key -> schema, site and its settings, kept in process so that the door asks no database for an event.

A route is fresh for `FRESH_SECONDS` or until somebody publishes its key on `CHANNEL`. A stale one still answers while
it is read anew in the background, and for as long as the database is away: known sites go on. Unknown keys are
remembered too, briefly and in bounded number. API keys are kept the same way, by their hashes.
"""

import logging
from collections.abc import Iterable

import msgspec
from django.db import DatabaseError, InterfaceError, OperationalError
from django.db.models import F

from apps.agencies.models import ApiKey, SiteRoute
from apps.agencies.services.api_keys import api_key_take_over
from apps.core.crypto import SealBroken
from apps.sites.exclusions import from_text, networks_open
from apps.sites.models import DEFAULT_RETENTION_DAYS, Site

from .address import Network
from .loading import Kept, Unavailable

logger = logging.getLogger(__name__)

CHANNEL = "beacon:site-routes"
# Published instead of a site's key when an API key was made or revoked.
API_KEYS_CHANGED = "api-key"
FRESH_SECONDS = 15.0
ABSENT_SECONDS = 5.0
MOST = 50_000
MAX_SITE_KEY = 32


class Route(msgspec.Struct, frozen=True):
    """What the door must know of a site. `retention_days` None: for ever; `rate_per_second` 0: the installation's."""

    site_key: str
    schema: str
    site_id: int
    status: str
    domains: tuple[str, ...] = ()
    has_hash_routes: bool = False
    allows_null_origin: bool = False
    retention_days: int | None = DEFAULT_RETENTION_DAYS
    ignored: tuple[Network, ...] = ()
    ignored_agents: tuple[str, ...] = ()  # in lower case
    rate_per_second: int = 0
    query_parameters: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()  # names, as of apps.sites.switches
    requires_consent: bool = False
    honours_dnt: bool = False

    @property
    def is_paused(self) -> bool:
        return self.status == Site.Status.PAUSED


class Client(msgspec.Struct, frozen=True):
    """Who holds an API key: an agency by its schema, with what the key is for."""

    schema: str
    scopes: tuple[str, ...]


def _read_route(site_key: str) -> Route | None:
    try:
        row = SiteRoute.objects.filter(site_key=site_key, agency__is_active=True).first()
    except (OperationalError, InterfaceError) as error:
        raise Unavailable("the database is away") from error
    if row is None or row.status == Site.Status.ARCHIVED:
        return None
    return Route(
        site_key=row.site_key,
        schema=row.schema,
        site_id=row.site_id,
        status=row.status,
        domains=tuple(plain_host(domain) for domain in row.domains),
        has_hash_routes=bool(row.settings.get("hash_routes")),
        allows_null_origin=bool(row.settings.get("allows_null_origin")),
        retention_days=row.settings.get("retention_days", DEFAULT_RETENTION_DAYS),
        ignored=_ignored(row),
        ignored_agents=tuple(row.settings.get("ignored_user_agents") or ()),
        rate_per_second=row.settings.get("rate_per_second") or 0,
        query_parameters=tuple(row.settings.get("query_parameters") or ()),
        extras=tuple(row.settings.get("extras") or ()),
        requires_consent=bool(row.settings.get("requires_consent")),
        honours_dnt=bool(row.settings.get("honours_dnt")),
    )


def _ignored(row: SiteRoute) -> tuple[Network, ...]:
    try:
        return tuple(networks_open(from_text(row.settings.get("ignored_addresses") or "")))
    except SealBroken:
        # The secret key has changed. Counting too much shows; refusing a site's whole traffic would lose it.
        logger.warning("The ignored addresses of site %s in %s can't be read any more", row.site_id, row.schema)
        return ()


def _read_client(key_hashes: str) -> Client | None:
    hashes = [bytes.fromhex(key_hash) for key_hash in key_hashes.split()]
    try:
        row = (
            ApiKey.objects.filter(key_hash__in=hashes, revoked_at__isnull=True, agency__is_active=True)
            .annotate(schema=F("agency__schema_name"))
            .first()
        )
    except (OperationalError, InterfaceError) as error:
        raise Unavailable("the database is away") from error
    if row is None:
        return None
    try:
        api_key_take_over(api_key=row, hashes=hashes)
    except (DatabaseError, InterfaceError) as error:
        # The key holds all the same; it is taken over when it is read the next time.
        logger.warning("API key %s couldn't be kept under the new server key: %s", row.id, type(error).__name__)
    return Client(row.schema, tuple(row.scopes))


routes: Kept[Route] = Kept(_read_route, fresh_seconds=FRESH_SECONDS, absent_seconds=ABSENT_SECONDS, most=MOST)
clients: Kept[Client] = Kept(_read_client, fresh_seconds=FRESH_SECONDS, absent_seconds=ABSENT_SECONDS, most=MOST)


def route_of(site_key: str) -> Route | None:
    """Return the route of a site that exists and isn't archived. Raises NotLoaded, whose loading raises Unavailable."""
    return routes.get(site_key) if len(site_key) <= MAX_SITE_KEY and site_key.isprintable() else None


def client_of(key_hashes: Iterable[bytes]) -> Client | None:
    """Return who holds the API key of one of these; None where it is unknown or revoked. Raises NotLoaded."""
    return clients.get(" ".join(key_hash.hex() for key_hash in key_hashes))


def heard(message: str) -> None:
    """Take note of what was published on CHANNEL."""
    if message == API_KEYS_CHANGED:
        clients.forget_all()
    else:
        routes.forget(message)


def plain_host(host: str) -> str:
    """Return a host in the form in which they are compared: lower case, without `www.` and port."""
    host = host.lower().strip().rstrip(".")
    if not host.startswith("["):
        host = host.partition(":")[0]
    return host.removeprefix("www.")
