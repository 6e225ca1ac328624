"""The agency's first page, the same as CSV, and Find."""

from django.http import HttpResponse
from django.shortcuts import render

from apps.agencies.access import member_view
from apps.agencies.requests import AgencyRequest
from apps.agencies.roles import Permission
from apps.core import clock
from apps.core.exports import csv_response
from apps.sites.access import sites_visible
from apps.sites.models import Site

from .. import portfolio as page
from ..find import find


@member_view(Permission.READ)
def portfolio(request: AgencyRequest) -> HttpResponse:
    """Show what needs somebody, and a row for each site that the member may see."""
    found = page.portfolio(_sites(request), now=clock.now())
    only_needs = request.GET.get("show") == "needs"
    context = {
        "found": found,
        "sentence": page.sentence(found),
        "rows": [row for row in found.rows if row.needs or not only_needs],
        "with_needs": sum(bool(row.needs) for row in found.rows),
        "only_needs": only_needs,
        "may_manage": request.membership.may(Permission.MANAGE_SITES),
        "may_export": request.membership.may(Permission.EXPORT),
    }
    return render(request, "analytics/portfolio.html", context)


@member_view(Permission.EXPORT)
def portfolio_csv(request: AgencyRequest) -> HttpResponse:
    """Answer with the table of sites as CSV."""
    found = page.portfolio(_sites(request), now=clock.now())
    head = [
        "Site",
        "Client",
        "Domain",
        "Live now",
        "Visitors, 7 days",
        "Change",
        "Companies, 7 days",
        "Hot companies now",
        "Tag",
        "Deliveries",
        "Last event",
    ]
    rows = (
        [
            row.site.name,
            row.site.client.name,
            row.domain,
            row.health.live,
            row.visitors,
            row.change.text or row.change.word,
            row.companies,
            row.hot,
            row.state.text,
            row.deliveries.text,
            row.health.last_at.isoformat(timespec="seconds") if row.health.last_at else "",
        ]
        for row in found.rows
    )
    return csv_response("sites", head, rows)


@member_view(Permission.READ)
def find_page(request: AgencyRequest) -> HttpResponse:
    """Answer with what was found for `q` among what the member may see; `site` is where one is."""
    sites = [site for site in _sites(request) if site.status != Site.Status.ARCHIVED]
    here = next((site for site in sites if site.slug == request.GET.get("site")), None)
    results = find(request.GET.get("q", ""), sites=sites, here=here, now=clock.now())
    return render(request, "components/_find_results.html", {"results": results})


def _sites(request: AgencyRequest) -> list[Site]:
    return list(sites_visible(request.membership).prefetch_related("domains"))
