"""The overview of a site: figures and chart at once, panels that fetch themselves, and all of it as CSV."""

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_vary_headers

from apps.agencies.requests import agency_request
from apps.agencies.roles import Permission
from apps.core.exports import csv_response
from apps.installation.selectors import silences_open
from apps.installation.silence.words import silence_text
from apps.sites.access import site_or_404
from apps.sites.models import Site
from apps.tracking.filter_bar import added_filter_url
from apps.tracking.selectors import session_any, session_extent, site_live_counts

from .. import overview as page
from ..metrics import DEFINITIONS, Metric, metric_value
from ..panels import PANELS, panel_view
from ..report import Report, report_read
from ..reports import Course, course, figures
from ..trust import trust_view
from .goals import goals_panel


def overview(request: HttpRequest, slug: str) -> HttpResponse:
    """Show how a site is doing in a period. Before its first event: what is missing."""
    site = site_or_404(request, slug, Permission.READ)
    if (url := added_filter_url(request.GET, path=request.path)) is not None:
        return HttpResponseRedirect(url)
    if not session_any(site_id=site.id):
        return _waiting(request, site)
    report = report_read(request, site)
    metric = page.metric_read(request.GET.get("metric", ""))
    live = site_live_counts([site.id], now=report.period.now).get(site.id, 0)
    # Who is there now has been heard, whenever the alarm is cleared.
    silence = None if live else silences_open([site.id]).get(site.id)
    extent = session_extent(site_id=site.id, zone=report.zone)
    compares = page.has_before(report.period, extent)
    found = figures(site_id=site.id, period=report.period, filters=report.filters, compares=compares)
    sums = found.totals
    is_empty = not sums.current.visits and not sums.current.pageviews
    context = {
        "site": site,
        "report": report,
        "metric": metric,
        "silence": silence_text(silence, now=report.period.now) if silence else "",
        "may_manage": _may_manage(request),
        "sentence": page.sentence(report.period, sums),
        "live": live,
        "picker": report.picker(),
        "filter_bar": report.filter_bar(),
        "figures": page.figures(report, sums, metric),
        "chart": page.chart(report, found.current, found.previous, metric),
        "current_label": report.period.days_label,
        "previous_label": page.previous_label(report.period) if compares else "",
        "has_weekends": page.has_weekends(found.current),
        "granularities": page.granularity_links(report),
        "notes": page.notes(report.period, extent),
        "is_empty": is_empty,
        "offer": page.offer(report, extent) if is_empty else None,
        "panels": [
            (panel, report.url("site-panel", panel.name, metric=page.metric_text(metric))) for panel in PANELS.values()
        ],
        "goals_url": report.url("site-panel", "goals"),
        "trust_url": report.url("site-panel", "trust"),
        "csv_url": report.url("site-course-csv"),
    }
    return render(request, "analytics/overview.html", context)


def panel(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    """Answer with one panel. Without HTMX: with the page that shows it in full."""
    site = site_or_404(request, slug, Permission.READ)
    report = report_read(request, site)
    if name == "trust":
        may_manage = _may_manage(request)
        parked_url = reverse("tracking:site-parked", args=[site.slug]) if may_manage else ""
        trust = trust_view(report, parked_url=parked_url)
        context = {"trust": trust, "site": site, "may_manage": may_manage}
        response = render(request, "analytics/_trust.html", context)
        patch_vary_headers(response, ["HX-Request"])
        return response
    if name == "goals":
        return goals_panel(request, report)
    if name not in PANELS:
        raise Http404
    view = panel_view(report, PANELS[name], request.GET.get("tab", ""), request.GET.get("metric", ""))
    if not request.headers.get("HX-Request"):
        return HttpResponseRedirect(view.all_url)
    response = render(request, "analytics/_panel.html", {"view": view, "site": site})
    patch_vary_headers(response, ["HX-Request"])
    return response


def course_csv(request: HttpRequest, slug: str) -> HttpResponse:
    """Answer with the chart's table as CSV: all metrics, bucket by bucket, beside those they are compared with."""
    site = site_or_404(request, slug, Permission.EXPORT)
    report = report_read(request, site)
    current, previous = _courses(report)
    head = ["From", "To", *(definition.label for definition in DEFINITIONS.values())]
    if previous is not None:
        head += ["Before: from", "Before: to", *(f"Before: {one.label}" for one in DEFINITIONS.values())]
    rows = (
        [*_cells(current, index), *(_cells(previous, index) if previous is not None else [])]
        for index, bucket in enumerate(current.buckets)
        if bucket.start <= report.period.now
    )
    return csv_response(f"{site.slug}-{report.file_days}", head, rows)


def _cells(one: Course, index: int) -> list[str | int | float | None]:
    if index >= len(one.buckets):
        return [""] * (2 + len(Metric))
    bucket, zone = one.buckets[index], one.span.zone
    values = (metric_value(metric, one.tallies[index]) for metric in DEFINITIONS)
    return [
        bucket.start.astimezone(zone).isoformat(),
        bucket.end.astimezone(zone).isoformat(),
        *(round(value, 4) if isinstance(value, float) else value for value in values),
    ]


def _courses(report: Report) -> tuple[Course, Course | None]:
    period, filters = report.period, report.filters
    current = course(site_id=report.site.id, span=period.span, granularity=period.granularity, filters=filters)
    if period.comparison is None:
        return current, None
    return current, course(
        site_id=report.site.id, span=period.comparison, granularity=period.granularity, filters=filters
    )


def _waiting(request: HttpRequest, site: Site) -> HttpResponse:
    return render(request, "analytics/waiting.html", {"site": site, "may_manage": _may_manage(request)})


def _may_manage(request: HttpRequest) -> bool:
    return agency_request(request).membership.may(Permission.MANAGE_SITES)
