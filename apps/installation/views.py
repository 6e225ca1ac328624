"""`/s/<site>/settings/check`: ask for a check, watch it, read what stands in the way."""

from http import HTTPStatus

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from apps.agencies.requests import agency_request
from apps.agencies.roles import Permission
from apps.core import clock
from apps.core.errors import Refused
from apps.sites.access import site_or_404
from apps.sites.models import Site

from .browser.launching import chromium_find
from .models import SiteCheck
from .selectors import check_get, checks_of, silences_open
from .services import LIMIT, TooMany, check_start, checks_close_overdue
from .silence.words import silence_text
from .texts import answers_of, state_text


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def checks(request: HttpRequest, slug: str) -> HttpResponse:
    """Show a site's last check, or start one (POST, `url`: the page; empty: the site's first domain)."""
    site = site_or_404(request, slug, Permission.MANAGE_SITES)
    if request.method != "POST":
        checks_close_overdue(site_id=site.id)
        last = checks_of(site.id)
        return _page(request, site, last, last[0] if last else None)
    written = request.POST.get("url", "")
    try:
        check = check_start(site=site, written=written, requested_by=str(agency_request(request).user))
    except Refused as refusal:
        response = _page(request, site, checks_of(site.id), None, written=written, error=str(refusal))
        if isinstance(refusal, TooMany):
            response.status_code = HTTPStatus.TOO_MANY_REQUESTS
            response["Retry-After"] = str(refusal.seconds)
        return response
    if written and check.url != written and check.url.rstrip("/") != written.rstrip("/"):
        messages.info(request, f"The page that is checked is {check.url}")
    return HttpResponseRedirect(reverse("installation:check", args=[site.slug, check.id]))


@require_safe
@never_cache
def check(request: HttpRequest, slug: str, check_id: int) -> HttpResponse:
    """Show one check; for HTMX its fragment, which asks again while it is under way."""
    site = site_or_404(request, slug, Permission.MANAGE_SITES)
    checks_close_overdue(site_id=site.id)
    found = check_get(site_id=site.id, check_id=check_id)
    if found is None:
        raise Http404
    if request.headers.get("HX-Request"):
        response = render(request, "installation/_check.html", _check(site, found))
    else:
        response = _page(request, site, checks_of(site.id), found)
    patch_vary_headers(response, ["HX-Request"])
    return response


def _page(
    request: HttpRequest,
    site: Site,
    last: list[SiteCheck],
    shown: SiteCheck | None,
    *,
    written: str = "",
    error: str = "",
) -> HttpResponse:
    silence = silences_open([site.id]).get(site.id)
    context = {
        "site": site,
        "written": written or (shown.url if shown else ""),
        "error": error,
        "placeholder": site.domains.values_list("host", flat=True).first() or "",
        "earlier": [_line(site, one) for one in last if shown is None or one.id != shown.id],
        "has_browser": bool(chromium_find(settings.BEACON_CHROMIUM)),
        "silence": silence_text(silence, now=clock.now()) if silence else "",
        **(_check(site, shown) if shown else {}),
    }
    return render(request, "installation/checks.html", context, status=422 if error else 200)


def _check(site: Site, found: SiteCheck) -> dict[str, object]:
    answers = answers_of(found) if found.finished_at else []
    return {
        "site": site,
        "check": found,
        "check_url": reverse("installation:check", args=[site.slug, found.id]),
        "is_running": found.finished_at is None,
        "state_text": state_text(found),
        "limit": round(LIMIT.total_seconds()),
        "answer": answers[0] if answers else None,
        "others": answers[1:],
        "evidence": found.result.get("evidence", []),
        "took": (found.finished_at - found.created_at).total_seconds() if found.finished_at else None,
    }


def _line(site: Site, one: SiteCheck) -> dict[str, object]:
    answers = answers_of(one) if one.finished_at else []
    return {
        "check": one,
        "url": reverse("installation:check", args=[site.slug, one.id]),
        "answer": answers[0] if answers else None,
    }
