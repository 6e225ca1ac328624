"""The page of one company."""

from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from apps.agencies.access import require
from apps.agencies.requests import agency_request
from apps.agencies.roles import Permission
from apps.companies.models import CompanyClient
from apps.companies.selectors import company_known_to
from apps.core.formats import number, share
from apps.sites.access import site_or_404, sites_visible
from apps.sites.models import Site
from apps.tracking.models import Session

from . import one, page_words
from .exports import visits_csv
from .list_page import page_of
from .one import TIMELINE_VISITS

EXPORT_ROWS = 10_000


def site_company(request: HttpRequest, slug: str, company_id: int) -> HttpResponse:
    """Show a company as one of the site's client's: its visits on all of that client's sites. Else 404."""
    site = site_or_404(request, slug, Permission.READ)
    member = agency_request(request)
    known = company_known_to(company_id=company_id, client_id=site.client_id)
    if known is None:
        raise Http404
    sites = [each for each in sites_visible(member.membership) if each.client_id == site.client_id]
    visits = one.company_visits(company_id=company_id, site_ids=[each.id for each in sites])
    if request.GET.get("format") == "csv":
        require(member.membership, Permission.EXPORT)
        return visits_csv(known.company.domain, visits[:EXPORT_ROWS], sites)
    return render(request, "companies/company.html", _company_context(request, site, sites, visits, known))


def _company_context(
    request: HttpRequest, site: Site, sites: Sequence[Site], visits: QuerySet[Session], known: CompanyClient
) -> dict[str, Any]:
    company, zone = known.company, ZoneInfo(site.time_zone)
    grounds = one.company_grounds(company_id=company.id, site_ids=[each.id for each in sites])
    totals = one.company_totals(visits)
    page = page_of(request.GET.get("page", ""))
    start = (page - 1) * TIMELINE_VISITS
    timeline = one.company_timeline(visits[start : start + TIMELINE_VISITS])
    countries = one.company_tops(visits.exclude(country=""), "country", limit=1)
    return {
        "site": site,
        "company": company,
        "known": known,
        "kind_label": page_words.kind_label(company.kind),
        "zone": zone,
        "totals": totals,
        "grounds": page_words.ground_lines(company, grounds),
        "confidence": page_words.confidence(grounds),
        "doubt": page_words.DOUBTS.get(company.kind, page_words.DOUBTS["business"]),
        "network": grounds[0].evidence.get("asn", "") if grounds else "",
        "sentence": page_words.summary(company, visits=totals["visits"], pages=one.company_top_pages(visits)),
        "country": countries[0][0] if countries else "",
        "timeline": page_words.timeline_days(timeline, zone=zone, sites={each.id: each for each in sites}),
        "older_url": f"{request.path}?page={page + 1}" if totals["visits"] > start + TIMELINE_VISITS else "",
        "newer_url": f"{request.path}?page={page - 1}" if page > 1 else "",
        "sources": _source_bars(visits, totals["visits"]),
        "list_url": reverse("companies:site-companies", args=[site.slug]),
        "may_export": agency_request(request).membership.may(Permission.EXPORT),
    }


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
