"""A site's goals and what came of them: their own page, and a panel of the overview. Everybody who reads sees them."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.cache import patch_vary_headers

from apps.agencies.requests import agency_request
from apps.agencies.roles import Permission
from apps.sites.access import site_or_404
from apps.tracking.filter_bar import added_filter_url
from apps.tracking.goals.selectors import goals_archived

from ..goals import goal_panel, goal_rows
from ..report import Report, report_read


def goals(request: HttpRequest, slug: str) -> HttpResponse:
    """List a site's goals with a period's conversions; their table alone where it asks how far the past is."""
    site = site_or_404(request, slug, Permission.READ)
    if (url := added_filter_url(request.GET, path=request.path)) is not None:
        return HttpResponseRedirect(url)
    report = report_read(request, site)
    rows = goal_rows(report)
    context = {
        "site": site,
        "report": report,
        "rows": rows,
        "is_moving": any(row.is_moving for row in rows),
        "own_url": report.own_url(),
        "may_manage": _may_manage(request),
    }
    if request.headers.get("HX-Request"):
        response = render(request, "analytics/_goal_table.html", context)
    else:
        context |= {
            "picker": report.picker(compares=False),
            "filter_bar": report.filter_bar(),
            "archived": list(goals_archived(site_id=site.id)) if _may_manage(request) else [],
        }
        response = render(request, "analytics/goals.html", context)
    patch_vary_headers(response, ["HX-Request"])
    return response


def goals_panel(request: HttpRequest, report: Report) -> HttpResponse:
    """Answer with the overview's panel. Without HTMX: with the page that shows it in full."""
    if not request.headers.get("HX-Request"):
        return HttpResponseRedirect(report.url("site-goals"))
    context = {
        "site": report.site,
        "panel": goal_panel(report),
        "goals_url": report.url("site-goals"),
        "may_manage": _may_manage(request),
    }
    response = render(request, "analytics/_goals.html", context)
    patch_vary_headers(response, ["HX-Request"])
    return response


def _may_manage(request: HttpRequest) -> bool:
    return agency_request(request).membership.may(Permission.MANAGE_RULES)
