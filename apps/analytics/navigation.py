"""The context processor of the app's shell: what base.html needs, made when a template asks, so not for fragments."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from django.core.cache import cache
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from redis.exceptions import RedisError

from apps.agencies.requests import AgencyRequest, is_agency_request
from apps.agencies.roles import Permission, Role
from apps.core import clock
from apps.core.period_picker import address
from apps.destinations.attention import needing_attention
from apps.scoring.selectors import hot_counts
from apps.sites.access import sites_visible
from apps.sites.models import Site

from .portfolio import site_domain
from .site_health import SiteHealth, TagState, site_health

SITES_SHOWN = 6
COUNTS_SECONDS = 20
_STATES = {TagState.SILENT: "silent", TagState.WAITING: "waiting"}
_ROLES = {role.value: role.value.capitalize() for role in Role}


@dataclass(frozen=True, slots=True)
class NavSite:
    name: str
    domain: str
    slug: str
    url: str
    live_count: int | None
    state: str


@dataclass(frozen=True, slots=True)
class NavItem:
    url: str
    label: str
    icon: str
    is_current: bool
    count: int | None = None
    is_live: bool = False
    counts: str = ""  # what `count` counts, read out behind it
    key: str = ""


@dataclass(frozen=True, slots=True)
class NavGroup:
    label: str
    items: Sequence[NavItem]


def navigation(request: HttpRequest) -> Mapping[str, object]:
    """Give templates `navigation`; nothing on the public host and for somebody who isn't in."""
    if not is_agency_request(request):
        return {}
    return {"navigation": SimpleLazyObject(lambda: _navigation(request))}


def _navigation(request: AgencyRequest) -> dict[str, Any]:
    """Return what the shell shows. Two queries for the sites, three for how they are.

    One, or a few where companies were merged, for who is hot on this site, and one for its destinations: not within
    COUNTS_SECONDS after the last.
    """
    visible = sites_visible(request.membership).prefetch_related("domains")
    sites = [site for site in visible if site.status != Site.Status.ARCHIVED or _is_here(request, site)]
    health = site_health(sites, now=clock.now())
    shown = sorted((_site(site, health[site.id]) for site in sites), key=_most_alive)
    here = next((site for site in sites if _is_here(request, site)), None)
    groups = _site_groups(request, here, health[here.id]) if here else _agency_groups(request)
    user = request.membership.user
    return {
        "agency": {"name": request.agency.name, "url": "/"},
        "site": next((site for site in shown if here and site.slug == here.slug), None),
        "sites": shown,
        "sites_shown": shown[:SITES_SHOWN],
        "sites_more": max(0, len(shown) - SITES_SHOWN),
        "groups": groups,
        "tabs": groups[0].items[:4],
        "user": {"name": user.name, "email": user.email, "role": _ROLES.get(request.membership.role, "")},
        "logout_url": reverse("agencies:logout"),
        "find_url": address(reverse("analytics:find"), [("site", here.slug)] if here else []),
    }


def _hot(site: Site) -> int:
    """Return how many companies are hot on a site."""
    return _kept(
        f"navigation-hot:{site.id}:{site.client_id}", lambda: hot_counts([site.id], at=clock.now()).get(site.id, 0)
    )


def _needing(site: Site) -> int:
    """Return how many of a site's destinations need a person."""
    return _kept(f"navigation-destinations:{site.id}", lambda: needing_attention(site_id=site.id, now=clock.now()))


def _kept(key: str, count: Callable[[], int]) -> int:
    """Return a count, or what it was COUNTS_SECONDS ago at most."""
    with suppress(RedisError):
        kept = cache.get(key)
        if isinstance(kept, int):
            return kept
    counted = count()
    with suppress(RedisError):
        cache.set(key, counted, COUNTS_SECONDS)
    return counted


def _is_here(request: HttpRequest, site: Site) -> bool:
    match = request.resolver_match
    return match is not None and match.kwargs.get("slug") == site.slug


def _most_alive(site: NavSite) -> tuple[int, str]:
    return (-(site.live_count or 0), site.name)


def _site(site: Site, health: SiteHealth) -> NavSite:
    is_counted = health.state not in (TagState.WAITING, TagState.PAUSED, TagState.IMPORTED, TagState.ARCHIVED)
    return NavSite(
        name=site.name,
        domain=site_domain(site),
        slug=site.slug,
        url=reverse("analytics:site-overview", args=[site.slug]),
        live_count=health.live if is_counted else None,
        state=_STATES.get(health.state, "live" if health.live else "idle"),
    )


def _site_groups(request: AgencyRequest, site: Site, health: SiteHealth) -> list[NavGroup]:
    def item(name: str, label: str, icon: str, **more: Any) -> NavItem:
        url = reverse(name, args=[site.slug])
        return NavItem(url, label, icon, is_current=_is_under(request, url, exact=name.endswith("overview")), **more)

    groups = [
        NavGroup(
            "",
            [
                item("analytics:site-overview", "Overview", "chart-line"),
                item(
                    "live:site-live", "Live", "radio", count=health.live, is_live=bool(health.live), counts="live now"
                ),
                item("companies:site-companies", "Companies", "building-2", count=_hot(site) or None, counts="hot"),
                item("analytics:site-visits", "Visits", "footprints"),
                item("analytics:site-goals", "Goals", "target"),
                item("alerts:site-alerts", "Alerts", "bell"),
            ],
        )
    ]
    set_up = [
        item("destinations:page", "Destinations", "send", count=_needing(site) or None, counts="needing attention"),
        item("scoring:site-scoring", "Scoring", "gauge"),
    ]
    if request.membership.may(Permission.MANAGE_SITES):
        set_up.append(item("tracking:site-settings", "Settings", "settings"))
    return [*groups, NavGroup("Set up", set_up)]


def _agency_groups(request: AgencyRequest) -> list[NavGroup]:
    def item(name: str, label: str, icon: str) -> NavItem:
        url = reverse(name)
        return NavItem(url, label, icon, is_current=_is_under(request, url, exact=url == "/"))

    items = [
        item("analytics:portfolio", "Portfolio", "inbox"),
        item("companies:companies", "Companies", "building-2"),
    ]
    if request.membership.may(Permission.MANAGE_SITES):
        items.append(item("sites:settings", "Settings", "settings"))
    return [NavGroup("", items)]


def _is_under(request: HttpRequest, url: str, *, exact: bool) -> bool:
    # A breakdown is the overview in full.
    path = request.path
    if exact:
        return path == url or (url != "/" and path.startswith(f"{url}breakdown/"))
    return path == url or path.startswith(f"{url}/")
