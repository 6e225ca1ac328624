"""The live page. Everything on it is rendered at once; the socket keeps it true."""

from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from apps.agencies.roles import Permission
from apps.sites.access import site_or_404

from . import presence


def live(request: HttpRequest, slug: str) -> HttpResponse:
    """Show who is on the site now. `?show=companies` leaves out visits that are no company's."""
    site = site_or_404(request, slug, Permission.READ)
    only_companies = request.GET.get("show") == "companies"
    context = {
        "site": site,
        "slug": site.slug,
        "zone": ZoneInfo(site.time_zone),
        "now": presence.now_of(site.id),
        "visits": presence.visits_now(site.id, only_companies=only_companies),
        "feed": presence.feed(site.id),
        "only_companies": only_companies,
        "rows": presence.ROWS,
    }
    return render(request, "live/live.html", context)
