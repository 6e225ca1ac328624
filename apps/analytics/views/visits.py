"""The list of visits, one visit, and its deletion."""

from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from apps.agencies.requests import agency_request
from apps.agencies.roles import Permission
from apps.companies.erase import visit_forget
from apps.core import formats
from apps.core.downloads import csv_stream
from apps.destinations.keeping import deliveries_forget, deliveries_held
from apps.scoring.selectors import visit_explained
from apps.sites.access import site_or_404
from apps.sites.models import Site
from apps.tracking.filter_bar import added_filter_url
from apps.tracking.locks import site_lock
from apps.tracking.models import Session
from apps.tracking.selectors import session_extent, session_get

from ..companies.score_words import visit_score
from ..overview import Offer, offer
from ..report import Report, report_read
from ..visit_timeline import visit_view
from ..visits import (
    CSV_HEAD,
    aside_counts,
    cursor_read,
    visit_lines,
    visit_page,
    visit_set,
)

DELETED = "The visit and its events go for good, and leave all figures. The ledger keeps their number as erased."
STAYS = "What destinations have received of it, only they can erase."


def visits(request: HttpRequest, slug: str) -> HttpResponse:
    """List a period's visits, newest first; `?show=aside` those in nobody's figures, by reason."""
    site = site_or_404(request, slug, Permission.READ)
    if (url := added_filter_url(request.GET, path=request.path)) is not None:
        return HttpResponseRedirect(url)
    report = report_read(request, site)
    is_aside, reason = _asked(request)
    chosen = visit_set(report, aside=is_aside, reason=reason)
    after = cursor_read(request.GET.get("after", ""))
    page = visit_page(chosen, after)
    reasons = aside_counts(report)
    people = visit_set(report).count()
    context = {
        "site": site,
        "report": report,
        "picker": report.picker(compares=False),
        "filter_bar": report.filter_bar(),
        "page": page,
        "is_aside": is_aside,
        "tabs": _tabs(report, people, reasons, is_aside=is_aside, reason=reason),
        "reasons": reasons,
        "people": people,
        "aside_total": sum(count for _, _, count in reasons),
        "is_first": after is None,
        "first_url": report.own_url(),
        "next_url": report.own_url(after=page.following.text) if page.following else None,
        "trust_url": report.url("site-panel", "trust"),
        "csv_url": report.url("site-visits-csv", show="aside" if is_aside else "", reason=reason),
        "offer": _offer(report) if not page.rows and not report.filters else None,
    }
    return render(request, "analytics/visits.html", context)


def visits_csv(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Answer with the listed visits as CSV, all of them."""
    site = site_or_404(request, slug, Permission.EXPORT)
    report = report_read(request, site)
    is_aside, reason = _asked(request)
    chosen = visit_set(report, aside=is_aside, reason=reason)
    what = "set-aside-visits" if is_aside else "visits"
    return csv_stream(f"{site.slug}-{what}-{report.file_days}", CSV_HEAD, visit_lines(report, chosen))


def visit(request: HttpRequest, slug: str, visit_id: UUID) -> HttpResponse:
    """Show one visit as a timeline. The id of a visit that was joined to another leads on to that."""
    site = site_or_404(request, slug, Permission.READ)
    session = _session_or_404(site, visit_id)
    if session.id != visit_id:
        return HttpResponseRedirect(reverse("analytics:site-visit", args=[site.slug, session.id]))
    report = report_read(request, site)
    view = visit_view(session, zone=report.zone, site_slug=site.slug)
    explanation = visit_explained(session)
    context = {
        "site": site,
        "report": report,
        "session": session,
        "view": view,
        "score": visit_score(explanation) if explanation else None,
        "company_url": report.company_url(session.company_id) if session.company_id else "",
        "visits_url": report.url("site-visits"),
        "delete_url": reverse("analytics:site-visit-delete", args=[site.slug, session.id]),
        "may_correct": agency_request(request).membership.may(Permission.EDIT_COMPANIES) and not session.set_aside,
        "may_delete": agency_request(request).membership.may(Permission.MANAGE_RULES),
        "goes": _what_goes(session, view.deliveries),
        "question": _question(view.deliveries),
    }
    return render(request, "analytics/visit.html", context)


@require_http_methods(["GET", "POST"])
def visit_delete(request: HttpRequest, slug: str, visit_id: UUID) -> HttpResponse:
    """Ask, and delete one visit with its events for good. The ledger keeps count of what was erased."""
    site = site_or_404(request, slug, Permission.MANAGE_RULES)
    session = _session_or_404(site, visit_id)
    if request.method == "GET":
        deliveries = deliveries_held(site_id=site.id, session_id=session.id)
        context = {
            "site": site,
            "session": session,
            "goes": _what_goes(session, deliveries),
            "question": _question(deliveries),
        }
        return render(request, "analytics/visit_delete.html", context)
    with transaction.atomic():
        site_lock([site.id])  # else a late event could join it to another visit in between
        session = _session_or_404(site, session.id)
        deliveries_forget(site_id=site.id, session_id=session.id)
        erased = visit_forget(site_id=site.id, session_id=session.id)
    messages.success(request, f"The visit and its {formats.number(erased)} events are deleted.")
    return HttpResponseRedirect(reverse("analytics:site-visits", args=[site.slug]))


def _offer(report: Report) -> Offer | None:
    return offer(report, session_extent(site_id=report.site.id, zone=report.zone))


def _session_or_404(site: Site, visit_id: UUID) -> Session:
    session = session_get(site_id=site.id, session_id=visit_id)
    if session is None:
        raise Http404
    return session


def _question(deliveries: int) -> str:
    return f"{DELETED} {STAYS}" if deliveries else DELETED


def _what_goes(session: Session, deliveries: int) -> list[dict[str, str]]:
    counted = [("Page views", session.pageviews), ("Events", session.events)]
    if deliveries:
        counted.append(("Deliveries to destinations", deliveries))
    return [{"label": label, "value": formats.number(count)} for label, count in counted]


def _asked(request: HttpRequest) -> tuple[bool, str]:
    return request.GET.get("show") == "aside", request.GET.get("reason", "")[:40].replace("\x00", "")


def _tabs(
    report: Report, people: int, reasons: list[tuple[str, str, int]], *, is_aside: bool, reason: str
) -> list[dict[str, object]]:
    aside = sum(count for _, _, count in reasons)
    tabs: list[dict[str, object]] = [
        {"url": report.url("site-visits"), "label": "People", "count": people, "is_current": not is_aside},
        {
            "url": report.url("site-visits", show="aside"),
            "label": "Set aside",
            "count": aside,
            "is_current": is_aside and not reason,
        },
    ]
    if is_aside and len(reasons) > 1:
        tabs += [
            {
                "url": report.url("site-visits", show="aside", reason=value),
                "label": label,
                "count": count,
                "is_current": reason == value,
            }
            for value, label, count in reasons
        ]
    return tabs
