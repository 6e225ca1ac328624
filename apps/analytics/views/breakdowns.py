"""A dimension in full, as a page and as CSV."""

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render

from apps.agencies.roles import Permission
from apps.core.exports import csv_response
from apps.sites.access import site_or_404
from apps.tracking.filter_bar import added_filter_url

from ..breakdowns import DIMENSIONS, Dimension
from ..report import Report, report_read
from ..tables import Table, asked_read, table, table_csv


def breakdown(request: HttpRequest, slug: str, dimension_name: str) -> HttpResponse:
    """Show all values of a dimension with their figures; searched, sorted, in pages."""
    site = site_or_404(request, slug, Permission.READ)
    dimension = _dimension_or_404(dimension_name)
    if (url := added_filter_url(request.GET, path=request.path)) is not None:
        return HttpResponseRedirect(url)
    report = report_read(request, site)
    asked = asked_read(request.GET, dimension)
    shown = table(report, dimension, asked)
    context = {
        "site": site,
        "report": report,
        "picker": report.picker(compares=False),
        "filter_bar": report.filter_bar(),
        "asked": asked,
        "table": shown,
        "tabs": _tabs(report, shown),
        "overview_url": report.url("site-overview"),
        "csv_url": report.url("site-breakdown-csv", dimension.name, q=asked.search, sort=request.GET.get("sort", "")),
    }
    return render(request, "analytics/breakdown.html", context)


def breakdown_csv(request: HttpRequest, slug: str, dimension_name: str) -> HttpResponse:
    """Answer with the same table as CSV: all its pages."""
    site = site_or_404(request, slug, Permission.EXPORT)
    dimension = _dimension_or_404(dimension_name)
    report = report_read(request, site)
    head, rows = table_csv(report, dimension, asked_read(request.GET, dimension))
    return csv_response(f"{site.slug}-{dimension.name}-{report.file_days}", head, rows)


def _dimension_or_404(name: str) -> Dimension:
    """Return a dimension that has a page here. Companies have their own."""
    if name not in DIMENSIONS or name == "companies":
        raise Http404
    return DIMENSIONS[name]


def _tabs(report: Report, shown: Table) -> list[dict[str, object]]:
    dimensions = [one for one in DIMENSIONS.values() if one.panel == shown.dimension.panel and one.name != "companies"]
    if shown.dimension.panel in ("", "channels"):
        dimensions = [one for one in DIMENSIONS.values() if one.panel in ("", "channels")]
    return [
        {
            "url": report.url("site-breakdown", one.name),
            "label": one.plural[0].upper() + one.plural[1:],
            "is_current": one is shown.dimension,
        }
        for one in dimensions
    ]
