"""Fragments that wait for the first event, and the days of the ledger."""

from datetime import date, timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from apps.agencies.requests import agency_request
from apps.agencies.roles import Permission
from apps.core import clock
from apps.core.exports import csv_response
from apps.sites.access import site_or_404

from ..advice import NO_RULES
from ..arrival import arrival_of
from ..ledger import ledger_by_day, ledger_sum
from ..ledger_lines import accepted_terms, day_view, received_terms, table_head, table_rows
from ..newest import watch
from ..rules.selectors import rule_names

TRUST_DAYS = 14


@require_safe
@never_cache
def arrival(request: HttpRequest, slug: str) -> HttpResponse:
    """Answer the installation panel, which asks twice a second: nothing new (204), or all of it."""
    site = site_or_404(request, slug, Permission.MANAGE_SITES)
    version = watch(site.id)
    if request.GET.get("v") == version:
        return HttpResponse(status=204)
    context = {"site": site, "arrival": arrival_of(site.id, version=version)}
    return render(request, "tracking/_arrival.html", context)


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
    membership = agency_request(request).membership
    today = clock.today()
    first = today - timedelta(days=TRUST_DAYS - 1)
    parked_url = reverse("tracking:site-parked", args=[site.slug]) if membership.may(Permission.MANAGE_RULES) else ""
    total = ledger_sum(site_id=site.id, first=first, last=today)
    days = ledger_by_day(site_id=site.id, first=first, last=today)
    rules = rule_names(site_id=site.id) if total.adjusted else NO_RULES
    context = {
        "site": site,
        "days": [(day, day_view(line, parked_url=parked_url, rules=rules)) for day, line in days.items()],
        "received": received_terms(total),
        "accepted": accepted_terms(total, parked_url=parked_url),
        "moved": day_view(total, rules=rules).moved,
        "day_count": TRUST_DAYS,
        "csv_url": reverse("tracking:site-trust-csv", args=[site.slug]) if membership.may(Permission.EXPORT) else "",
    }
    return render(request, "tracking/_trust.html", context)


@require_safe
def trust_csv(request: HttpRequest, slug: str) -> HttpResponse:
    """Answer with the whole ledger, a row for each day, newest first."""
    site = site_or_404(request, slug, Permission.EXPORT)
    days = ledger_by_day(site_id=site.id, first=date.min, last=date.max)
    return csv_response(
        f"{site.slug}-ledger", table_head(days.values(), rules=rule_names(site_id=site.id)), table_rows(days)
    )
