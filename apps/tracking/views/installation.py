"""Fragments that wait for the first event, and the days of the ledger."""

from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from apps.agencies.roles import Permission
from apps.core import clock
from apps.sites.access import site_or_404

from ..arrival import arrival_of
from ..ledger import ledger_by_day, ledger_sum

TRUST_DAYS = 14


@require_safe
@never_cache
def arrival(request: HttpRequest, slug: str) -> HttpResponse:
    """Answer the installation panel of the settings page; it asks again while nothing has come."""
    site = site_or_404(request, slug, Permission.MANAGE_SITES)
    return render(request, "tracking/_arrival.html", {"site": site, "arrival": arrival_of(site.id)})


@require_safe
@never_cache
def waiting(request: HttpRequest, slug: str) -> HttpResponse:
    """Answer the overview's waiting panel: nothing new (204), or that the first event is there."""
    site = site_or_404(request, slug, Permission.READ)
    found = arrival_of(site.id)
    if not found.has_arrived:
        return HttpResponse(status=204)
    return render(request, "sites/_arrived.html", {"site": site, "arrival": found})


@require_safe
@never_cache
def trust(request: HttpRequest, slug: str) -> HttpResponse:
    """Answer the ledger of the last days, day by day with their sum."""
    site = site_or_404(request, slug, Permission.READ)
    today = clock.today()
    first = today - timedelta(days=TRUST_DAYS - 1)
    context = {
        "site": site,
        "days": ledger_by_day(site_id=site.id, first=first, last=today),
        "total": ledger_sum(site_id=site.id, first=first, last=today),
        "day_count": TRUST_DAYS,
    }
    return render(request, "tracking/_trust.html", context)
