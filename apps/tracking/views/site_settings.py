"""`/s/<site>/settings`: is it set up right? And the ways in which a site changes, moves, rests and goes."""

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from apps.agencies.requests import agency_request
from apps.agencies.roles import Permission
from apps.core.crypto import SealBroken
from apps.core.errors import Refused
from apps.sites.access import site_or_404
from apps.sites.exclusions import networks_open
from apps.sites.forms import FOR_EVER, ExtrasForm, IgnoredForm, MoveForm, PrivacyForm, SiteForm
from apps.sites.models import Site
from apps.sites.path_token import path_token
from apps.sites.proxy_key import PROXY_HEADER, proxy_key
from apps.sites.selectors import clients_open
from apps.sites.services import site_change, site_ignore, site_move, site_set_status
from apps.sites.snippet import own_path_tag_of, tag_of

from ..address import client_address, trust
from ..arrival import arrival_of
from ..erase import site_holdings, site_remove
from ..recount import site_set_zone

STATUS_TEXTS = {
    Site.Status.ACTIVE: "{} counts again.",
    Site.Status.PAUSED: "{} is paused: events are refused and counted as such.",
    Site.Status.ARCHIVED: "{} is archived: its data stays, nothing more is taken.",
}


@require_http_methods(["GET", "HEAD", "POST"])
def site_settings(request: HttpRequest, slug: str) -> HttpResponse:
    """Show a site's settings and save the general ones. A wrong form comes back with 422."""
    site = site_or_404(request, slug, Permission.MANAGE_SITES)
    form = SiteForm(request.POST or None, initial=_initial(site))
    if form.is_valid():
        _save(site, form)
        messages.success(request, "Saved.")
        return _back(site)
    return _page(request, site, form=form)


@require_POST
def site_own_visits(request: HttpRequest, slug: str) -> HttpResponse:
    """Set the addresses that aren't counted."""
    site = site_or_404(request, slug, Permission.MANAGE_SITES)
    form = IgnoredForm(request.POST)
    if not form.is_valid():
        return _page(request, site, ignored=form)
    site_ignore(site=site, networks=form.cleaned_data["addresses"])
    messages.success(request, "Saved: from now on these addresses aren’t counted.")
    return _back(site)


@require_POST
def site_change_client(request: HttpRequest, slug: str) -> HttpResponse:
    """Move a site to another client; one that the member can't see isn't a choice."""
    site = site_or_404(request, slug, Permission.MANAGE_SITES)
    form = MoveForm(request.POST, clients=clients_open(agency_request(request).membership))
    if not form.is_valid():
        return _page(request, site, move=form)
    site_move(site=site, client=form.cleaned_data["client"])
    messages.success(request, f"{site} belongs to {site.client} now.")
    return _back(site)


@require_POST
def site_change_status(request: HttpRequest, slug: str) -> HttpResponse:
    """Pause, archive or resume a site (`status`)."""
    site = site_or_404(request, slug, Permission.MANAGE_SITES)
    status = request.POST.get("status", "")
    if status in Site.Status.values:
        try:
            site_set_status(site=site, status=Site.Status(status))
        except Refused as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, STATUS_TEXTS[Site.Status(status)].format(site))
    return _back(site)


@require_http_methods(["GET", "HEAD", "POST"])
def site_delete_page(request: HttpRequest, slug: str) -> HttpResponse:
    """Say what deleting a site erases, and do it once its address was typed."""
    site = site_or_404(request, slug, Permission.MANAGE_SITES)
    name, is_confirmed = site.name, request.POST.get("confirm", "").strip() == site.slug
    if request.method == "POST" and is_confirmed:
        site_remove(site)
        messages.success(request, f"{name} is deleted. What was stored of it is being erased.")
        return HttpResponseRedirect(reverse("sites:settings"))
    context = {"site": site, "holdings": site_holdings(site.id), "is_wrong": request.method == "POST"}
    return render(request, "tracking/site_delete.html", context, status=422 if request.method == "POST" else 200)


def _page(
    request: HttpRequest,
    site: Site,
    *,
    form: SiteForm | None = None,
    ignored: IgnoredForm | None = None,
    move: MoveForm | None = None,
) -> HttpResponse:
    clients = clients_open(agency_request(request).membership)
    forms = [given for given in (form, ignored, move) if given is not None and given.is_bound]
    context = {
        "site": site,
        "tag": tag_of(site),
        "own_path_tag": own_path_tag_of(site),
        "own_path": path_token(site.site_key),
        "extras": ExtrasForm(initial=dict.fromkeys(site.extras, True)),
        "privacy": PrivacyForm(initial={name: getattr(site, name) for name in PrivacyForm.base_fields}),
        "proxy_header": f"{PROXY_HEADER}: {proxy_key(site.site_key)}",
        "arrival": arrival_of(site.id),
        "form": form or SiteForm(initial=_initial(site)),
        "ignored": ignored or IgnoredForm(initial={"addresses": _ignored_text(site)}),
        "move": move or MoveForm(clients=clients, initial={"client": site.client_id}),
        "has_other_clients": clients.exclude(id=site.client_id).exists(),
        "own_address": _own_address(request),
        "statuses": Site.Status,
    }
    return render(request, "tracking/site_settings.html", context, status=422 if forms else 200)


def _save(site: Site, form: SiteForm) -> None:
    values = form.cleaned_data
    with transaction.atomic():
        site_change(
            site=site,
            name=values["name"],
            domains=values["domains"],
            retention_days=values["retention"],
            hash_routes=values["hash_routes"],
            rate_per_second=values["rate_per_second"],
            query_parameters=values["query_parameters"],
            allows_null_origin=values["allows_null_origin"],
        )
        site_set_zone(site=site, time_zone=values["time_zone"])


def _initial(site: Site) -> dict[str, object]:
    return {
        "name": site.name,
        "domains": "\n".join(site.domains.values_list("host", flat=True)),
        "time_zone": site.time_zone,
        "retention": FOR_EVER if site.retention_days is None else str(site.retention_days),
        "hash_routes": site.hash_routes,
        "rate_per_second": site.rate_per_second,
        "query_parameters": "\n".join(site.query_parameters),
        "allows_null_origin": site.allows_null_origin,
    }


def _ignored_text(site: Site) -> str:
    try:
        networks = networks_open(site.ignored_addresses_sealed)
    except SealBroken:
        # The installation's secret key has changed: what was sealed is lost and has to be written anew.
        return ""
    return "\n".join(_short(str(network)) for network in networks)


def _short(network: str) -> str:
    """Return a range of one address as the address."""
    return network.removesuffix("/32") if ":" not in network else network.removesuffix("/128")


def _own_address(request: HttpRequest) -> str:
    """Return the address that the member comes from, for them to see. It is stored nowhere."""
    return client_address(
        request.META.get("REMOTE_ADDR", ""),
        request.META.get("HTTP_X_FORWARDED_FOR", ""),
        request.META.get("HTTP_FORWARDED", ""),
        request.headers.get(settings.BEACON_CLIENT_ADDRESS_HEADER, ""),
        trust(),
    )


def _back(site: Site) -> HttpResponse:
    return HttpResponseRedirect(reverse("tracking:site-settings", args=[site.slug]))
