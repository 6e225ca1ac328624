"""The live page. Everything on it is rendered at once; the socket keeps it true."""

from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from apps.agencies.requests import agency_request
from apps.agencies.roles import Permission
from apps.sites.access import site_or_404

from .access import Watch
from .picture import Picture
from .presence import presence_now


def live(request: HttpRequest, slug: str) -> HttpResponse:
    """Show who is on the site now. `?show=companies` leaves out visits that are no company's."""
    site = site_or_404(request, slug, Permission.READ)
    schema = str(agency_request(request).agency.schema_name)
    watch = Watch(schema=schema, site_id=site.id, slug=site.slug, zone=ZoneInfo(site.time_zone))
    picture = Picture(watch, presence_now(site.id))
    only_companies = request.GET.get("show") == "companies"
    context = picture.context() | {
        "site": site,
        "visits": picture.visits(only_companies=only_companies),
        "only_companies": only_companies,
    }
    return render(request, "live/live.html", context)
