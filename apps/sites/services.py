"""What changes clients and sites. A site's public route follows in the same transaction and is told to all doors."""

import logging
from collections.abc import Callable, Iterable
from functools import cache, partial, wraps
from typing import ParamSpec, TypeVar

import redis
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils.text import slugify

from apps.agencies.models import Agency, SiteRoute
from apps.core import clock, facts
from apps.core.errors import Refused
from apps.core.ids import public_key
from apps.core.tenancy import current_schema

from .exclusions import Network, networks_seal, to_text
from .facts import SiteMoved
from .identified import KINDS
from .models import DEFAULT_RETENTION_DAYS, Client, CompanyDefaults, Site, SiteDomain
from .switches import EXTRAS

logger = logging.getLogger(__name__)
ROUTES_CHANNEL = "beacon:site-routes"
SLUG_LENGTH = 60
NAMES_TAKEN = "There is a client of this name already."

P = ParamSpec("P")
R = TypeVar("R")


def _unique_name(change: Callable[P, R]) -> Callable[P, R]:
    """Turn the database's word on a name that is taken into ours."""

    @wraps(change)
    def changed(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            with transaction.atomic():
                return change(*args, **kwargs)
        except IntegrityError as error:
            raise Refused(NAMES_TAKEN) from error

    return changed


@_unique_name
def client_create(*, name: str) -> Client:
    """Make a client. Raises Refused for a name that is taken."""
    return Client.objects.create(name=name)


@_unique_name
def client_rename(*, client: Client, name: str) -> None:
    """Raises Refused for a name that is taken."""
    client.name = name
    client.save(update_fields=["name"])


def client_archive(*, client: Client) -> None:
    """Archive a client with all of its sites: their data stays and they count nothing more."""
    with transaction.atomic():
        client.archived_at = clock.now()
        client.save(update_fields=["archived_at"])
        for site in client.sites.exclude(status=Site.Status.ARCHIVED):
            site_set_status(site=site, status=Site.Status.ARCHIVED)


def client_restore(*, client: Client) -> None:
    """Bring a client back; its sites stay archived until each is resumed."""
    client.archived_at = None
    client.save(update_fields=["archived_at"])


def client_delete(*, client: Client) -> None:
    """Delete a client without sites. Raises Refused where there are some: each is moved or deleted by itself."""
    if client.sites.exists():
        raise Refused("This client still has sites: move or delete them first.")
    client.delete()


def site_create(
    *,
    client: Client,
    name: str,
    domains: Iterable[str],
    time_zone: str = "UTC",
    retention_days: int | None = DEFAULT_RETENTION_DAYS,
    slug: str = "",
    site_key: str = "",
) -> Site:
    """Make a site that takes events at once. `domains` are plain hosts. Raises Refused under an archived client."""
    _require_open(client)
    with transaction.atomic():
        site = Site.objects.create(
            client=client,
            name=name,
            slug=slug or _free_slug(name),
            site_key=site_key or public_key(),
            time_zone=time_zone,
            retention_days=retention_days,
        )
        _set_domains(site, domains)
        route_sync(site)
    return site


def site_change(
    *,
    site: Site,
    name: str,
    domains: Iterable[str],
    retention_days: int | None,
    hash_routes: bool,
    rate_per_second: int | None = None,
    query_parameters: Iterable[str] = (),
    allows_null_origin: bool = False,
) -> None:
    """Change what a site is called, where it is, what of it is taken and how long that stays. Address and key remain.

    The time zone is tracking's to change, because stored visits have to follow.
    """
    with transaction.atomic():
        site.name, site.retention_days, site.hash_routes = name, retention_days, hash_routes
        site.rate_per_second, site.query_parameters = rate_per_second, list(query_parameters)
        site.allows_null_origin = allows_null_origin
        site.save(
            update_fields=[
                "name",
                "retention_days",
                "hash_routes",
                "rate_per_second",
                "query_parameters",
                "allows_null_origin",
            ]
        )
        _set_domains(site, domains)
        route_sync(site)


def site_move(*, site: Site, client: Client) -> None:
    """Give a site to another client. Raises Refused for an archived one."""
    _require_open(client)
    with transaction.atomic():
        from_client_id = Site.objects.select_for_update().values_list("client_id", flat=True).get(id=site.id)
        site.client = client
        site.save(update_fields=["client"])
        facts.publish(SiteMoved(schema=current_schema(), site_id=site.id, from_client_id=from_client_id))


def site_set_status(*, site: Site, status: Site.Status) -> None:
    """Pause, archive or resume a site. Raises Refused for resuming under an archived client."""
    if status != Site.Status.ARCHIVED:
        _require_open(site.client)
    with transaction.atomic():
        site.status = status
        site.save(update_fields=["status"])
        route_sync(site)


def site_ignore(*, site: Site, networks: Iterable[Network]) -> None:
    """Have visits from these addresses not counted from now on; none to count all again."""
    with transaction.atomic():
        site.ignored_addresses_sealed = networks_seal(networks)
        site.save(update_fields=["ignored_addresses_sealed"])
        route_sync(site)


def site_ignore_agents(*, site: Site, parts: Iterable[str]) -> None:
    """Have events not counted from now on whose user agent contains one of these; none to count all again."""
    with transaction.atomic():
        site.ignored_user_agents = list(parts)
        site.save(update_fields=["ignored_user_agents"])
        route_sync(site)


def site_set_extras(*, site: Site, extras: Iterable[str]) -> None:
    """Have the site's pages load these of the tracker's extras from now on, and no others."""
    with transaction.atomic():
        site.extras = [name for name in EXTRAS if name in set(extras)]
        site.save(update_fields=["extras"])
        route_sync(site)


def site_set_privacy(*, site: Site, requires_consent: bool, honours_dnt: bool, allows_storage: bool) -> None:
    """Change what is taken of whom, and what the tag may keep on a device. The doors know within moments."""
    with transaction.atomic():
        site.requires_consent, site.honours_dnt, site.allows_storage = requires_consent, honours_dnt, allows_storage
        site.save(update_fields=["requires_consent", "honours_dnt", "allows_storage"])
        route_sync(site)


def site_set_company_kinds(*, site: Site, kinds: Iterable[str] | None) -> None:
    """Have organisations of these kinds become companies on the site; None: as the agency has it."""
    site.company_kinds = None if kinds is None else [name for name in KINDS if name in set(kinds)]
    site.save(update_fields=["company_kinds"])


def site_set_company_parameter(*, site: Site, parameter: str) -> None:
    """Have a parameter of the site's addresses tell companies; it is kept from now on. Empty: none does."""
    with transaction.atomic():
        site.company_parameter = parameter
        site.save(update_fields=["company_parameter"])
        route_sync(site)


def company_kinds_default(*, kinds: Iterable[str]) -> None:
    """Have organisations of these kinds become companies on the agency's sites that don't say otherwise."""
    chosen = [name for name in KINDS if name in set(kinds)]
    CompanyDefaults.objects.update_or_create(id=1, defaults={"kinds": chosen})


def site_delete(*, site: Site) -> None:
    """Delete a site's row and route. What was stored of it is tracking's to erase."""
    with transaction.atomic():
        SiteRoute.objects.filter(site_key=site.site_key).delete()
        _publish(site.site_key)
        site.delete()


def route_sync(site: Site) -> None:
    """Copy a site to its public route, in the caller's transaction, and tell the doors after it."""
    schema = current_schema()
    fields = {
        "status": site.status,
        "domains": list(site.domains.values_list("host", flat=True)),
        "settings": {
            "hash_routes": site.hash_routes,
            "allows_null_origin": site.allows_null_origin,
            "rate_per_second": site.rate_per_second,
            "query_parameters": site.kept_parameters,
            "retention_days": site.retention_days,
            "ignored_addresses": to_text(site.ignored_addresses_sealed),
            "ignored_user_agents": site.ignored_user_agents,
            "extras": site.extras,
            "requires_consent": site.requires_consent,
            "honours_dnt": site.honours_dnt,
        },
    }
    updated = SiteRoute.objects.filter(site_key=site.site_key).update(version=F("version") + 1, **fields)
    if not updated:
        agency = Agency.objects.only("id").get(schema_name=schema)
        SiteRoute.objects.create(site_key=site.site_key, agency=agency, schema=schema, site_id=site.id, **fields)
    _publish(site.site_key)


def _publish(site_key: str) -> None:
    transaction.on_commit(partial(_tell, site_key))


def _tell(site_key: str) -> None:
    try:
        _volatile().publish(ROUTES_CHANNEL, site_key)
    except redis.RedisError as error:
        # Doors read a route anew every few seconds anyway.
        logger.warning("doors weren't told of a changed site: %s", error)


@cache
def _volatile() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_CACHE_URL, socket_connect_timeout=2, socket_timeout=5)


def _require_open(client: Client) -> None:
    if client.archived_at is not None:
        raise Refused(f"{client.name} is archived: restore the client first.")


def _set_domains(site: Site, hosts: Iterable[str]) -> None:
    """Make `hosts` the site's domains; their order is kept, because the first one names the site."""
    wanted = list(dict.fromkeys(hosts))
    if list(site.domains.values_list("host", flat=True)) == wanted:
        return
    site.domains.all().delete()
    SiteDomain.objects.bulk_create(SiteDomain(site=site, host=host) for host in wanted)


def _free_slug(name: str) -> str:
    base = slugify(name)[:SLUG_LENGTH].strip("-") or "site"
    taken = set(Site.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    slug, number = base, 1
    while slug in taken:
        number += 1
        slug = f"{base}-{number}"
    return slug
