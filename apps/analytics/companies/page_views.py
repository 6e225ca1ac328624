"""The page of one company."""

from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse

from apps.agencies.access import require
from apps.agencies.requests import agency_request
from apps.agencies.roles import Permission
from apps.companies.corrections import merged_into
from apps.companies.models import Company, CompanyClient
from apps.companies.profiles.panel import profile_panel
from apps.companies.selectors import company_known_to, company_spoken_for
from apps.core import clock
from apps.core.formats import number, share
from apps.core.period_picker import address, pairs_without
from apps.sites.access import site_or_404, sites_visible
from apps.sites.models import Site
from apps.tracking.models import Session

from . import one, page_words
from .exports import visits_csv
from .ground_words import against_lines, ground_lines
from .knowing import knowing
from .list_page import page_of
from .neighbours import list_query, neighbours
from .people import people_of
from .score import company_score
from .score_words import score_view
from .timeline import Show, Timeline, timeline
from .timeline_words import timeline_days


def site_company(request: HttpRequest, slug: str, company_id: int) -> HttpResponse | StreamingHttpResponse:
    """Show a company as one of the site's client's: its visits on all of that client's sites. Else 404."""
    site = site_or_404(request, slug, Permission.READ)
    known = company_known_to(company_id=company_id, client_id=site.client_id)
    if known is None or known.first_stored is None:
        company = known.company if known else company_spoken_for(company_id=company_id, client_id=site.client_id)
        if company and (url := _merged_url(site, company)):
            return HttpResponseRedirect(url)
    if known is None:
        raise Http404
    if request.GET.get("format") == "csv":
        require(agency_request(request).membership, Permission.EXPORT)
        sites = _sites(request, site)
        visits = one.company_visits(company_id=company_id, site_ids=[each.id for each in sites])
        return visits_csv(known.company.domain, visits, sites)
    return company_page(request, site, known)


def company_page(
    request: HttpRequest, site: Site, known: CompanyClient, *, draft: str = "", draft_error: str = ""
) -> HttpResponse:
    """Show the page; with a note that was refused, and why, answer 422."""
    sites = _sites(request, site)
    visits = one.company_visits(company_id=known.company_id, site_ids=[each.id for each in sites])
    context = _context(request, site, sites, visits, known)
    context["knowing"] = knowing(agency_request(request), known, draft=draft, draft_error=draft_error)
    return render(request, "companies/company.html", context, status=422 if draft_error else 200)


def _sites(request: HttpRequest, site: Site) -> list[Site]:
    visible = sites_visible(agency_request(request).membership)
    return [each for each in visible if each.client_id == site.client_id]


def _merged_url(site: Site, company: Company) -> str:
    """Return the page of what a company was merged into; empty where it wasn't, or the client doesn't know it."""
    into = Company.objects.filter(domain=merged_into(company.domain)).first()
    if into is None or into == company or company_known_to(company_id=into.id, client_id=site.client_id) is None:
        return ""
    return reverse("companies:site-company", args=[site.slug, into.id])


def _context(
    request: HttpRequest, site: Site, sites: Sequence[Site], visits: QuerySet[Session], known: CompanyClient
) -> dict[str, Any]:
    company, zone, site_ids = known.company, ZoneInfo(site.time_zone), [each.id for each in sites]
    grounds = one.company_grounds(company_id=company.id, site_ids=site_ids)
    totals = one.company_totals(visits)
    shown, page = _shown(request.GET.get("show", "")), page_of(request.GET.get("page", ""))
    line = timeline(visits, company_id=company.id, site_ids=site_ids, show=shown, page=page)
    scored = company_score(site, company, at=clock.now(), zone=zone)
    countries = one.company_tops(visits.exclude(country=""), "country", limit=1)
    return {
        "site": site,
        "company": company,
        "known": known,
        "kind_label": page_words.kind_label(company.kind),
        "zone": zone,
        "totals": totals,
        "grounds": ground_lines(company, grounds),
        "against": against_lines(grounds),
        "confidence": page_words.confidence(grounds),
        "doubt": page_words.DOUBTS.get(company.kind, page_words.DOUBTS["business"]),
        "network": next((ground.evidence.get("asn", "") for ground in grounds if ground.ground == "network"), ""),
        "sentence": page_words.summary(company, visits=totals["visits"], pages=one.company_top_pages(visits)),
        "country": countries[0][0] if countries else "",
        "rules_url": reverse("scoring:site-scoring", args=[site.slug]),
        "may_change_rules": agency_request(request).membership.may(Permission.MANAGE_RULES),
        "score": score_view(scored, site, zone=zone) if scored else None,
        "profile": profile_panel(
            company, membership=agency_request(request).membership, site_slug=site.slug, zone=zone
        ),
        "seat": page_words.seat(company),
        "people": people_of(visits, since=totals["first_at"], until=totals["last_at"]),
        "timeline": timeline_days(line.items, sent=line.sent, zone=zone, sites={each.id: each for each in sites}),
        "timeline_tabs": _tabs(request, shown, totals["visits"], line.events),
        "sources": _source_bars(visits, totals["visits"]),
        "neighbours": neighbours(request, site, company_id=company.id),
        "list_query": list_query(request),
        "list_url": reverse("companies:site-companies", args=[site.slug]),
        "may_export": agency_request(request).membership.may(Permission.EXPORT),
        **_pages(request, page, line),
        "may_correct": agency_request(request).membership.may(Permission.EDIT_COMPANIES),
    }


def _shown(text: str) -> Show:
    return Show(text) if text in list(Show) else Show.ALL


def _tabs(request: HttpRequest, shown: Show, visits: int, events: int) -> list[dict[str, Any]]:
    counted = {Show.ALL: None, Show.VISITS: visits, Show.EVENTS: events}
    kept = pairs_without(request.GET, {"show"})
    return [
        {
            "label": show.value.capitalize(),
            "count": count,
            "url": address(request.path, [*kept, ("show", show.value)] if show is not Show.ALL else kept) + "#tl",
            "is_current": show is shown,
        }
        for show, count in counted.items()
    ]


def _pages(request: HttpRequest, page: int, line: Timeline) -> dict[str, str]:
    kept = pairs_without(request.GET)

    def url(wanted: int) -> str:
        return address(request.path, [*kept, ("page", str(wanted))] if wanted > 1 else kept) + "#tl"

    return {"older_url": url(page + 1) if line.has_more else "", "newer_url": url(page - 1) if page > 1 else ""}


def _source_bars(visits: QuerySet[Session], total: int) -> list[dict[str, Any]]:
    sources = one.company_tops(visits, "source", limit=6)
    return [
        {
            "name": source or "Direct",
            "value": number(count),
            "share": share(count / total),
            "width": 100 * count / sources[0][1],
        }
        for source, count in sources
    ]
