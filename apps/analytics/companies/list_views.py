"""Pages of companies: the list of a site, and of the whole agency."""

from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from apps.agencies.access import member_view, require
from apps.agencies.requests import AgencyRequest, agency_request
from apps.agencies.roles import Permission
from apps.companies.selectors import company_names_known
from apps.core.formats import number
from apps.core.period_picker import address, pairs_without, period_picker
from apps.sites.access import site_or_404, sites_visible
from apps.sites.models import Site
from apps.tracking.filter_bar import added_filter_url, filter_bar
from apps.tracking.filters import LONGEST_VISIT

from . import listing
from .exports import companies_csv
from .list_page import Asked, asked_of, listed, sentence, views_of, visits_kept, zone_of
from .listing import EXPORT_ROWS, PAGE_ROWS, CompanyRow
from .neighbours import row_url
from .page_words import kind_label


def site_companies(request: HttpRequest, slug: str) -> HttpResponse:
    """List the companies that were on a site. `?format=csv` gives all of them as a file."""
    site = site_or_404(request, slug, Permission.READ)
    return _companies(agency_request(request), [site], site=site)


@member_view(Permission.READ)
def all_companies(request: AgencyRequest) -> HttpResponse:
    """List the companies of all sites that the member may see, archived ones left out."""
    sites = sites_visible(request.membership).exclude(status=Site.Status.ARCHIVED)
    return _companies(request, list(sites), site=None)


def _companies(request: AgencyRequest, sites: Sequence[Site], *, site: Site | None) -> HttpResponse:
    redirect = added_filter_url(request.GET, path=request.path)
    if redirect:
        return HttpResponseRedirect(redirect)
    asked = asked_of(request.GET, zone=zone_of(sites))
    kept = visits_kept(sites, asked)
    shown = kept.of(asked)
    if request.GET.get("format") == "csv":
        require(request.membership, Permission.EXPORT)
        return companies_csv(listed(shown, asked, limit=EXPORT_ROWS).rows, asked.period.span, sites)
    companies = listed(shown, asked)
    span = asked.period.span
    listing.company_pages_put(companies.rows, shown, since=span.start, until=span.end + LONGEST_VISIT)
    counted = listing.visits_counted(kept.shown)
    names = company_names_known(_filtered_ids(asked), client_ids=[one.client_id for one in sites])
    context = {
        "site": site,
        "is_agency_wide": site is None,
        "picker": period_picker(asked.period, path=request.path, query=request.GET, compares=False),
        "filter_bar": filter_bar(
            asked.filters,
            path=request.path,
            query=request.GET,
            company_names={str(company_id): name for company_id, name in names.items()},
        ),
        "problems": [problem for problem in (asked.period.problem, *asked.filters.problems) if problem],
        "views": views_of(
            asked,
            total=counted.companies,
            fresh=listing.company_count(kept.fresh),
            ignored=listing.company_count(kept.ignored),
            path=request.path,
            query=request.GET,
        ),
        "sentence": sentence(counted, asked.period),
        "search": asked.search,
        "rows": [
            _row(row, sites, request=request, at=at, is_of_all=site is None)
            for at, row in enumerate(companies.rows, start=(asked.page - 1) * PAGE_ROWS + 1)
        ],
        "pager": _pager(request, asked, companies.total),
        "empty": _empty(request, asked, site),
        "may_export": request.membership.may(Permission.EXPORT),
    }
    return render(request, "companies/list.html", context)


def _row(row: CompanyRow, sites: Sequence[Site], *, request: HttpRequest, at: int, is_of_all: bool) -> dict[str, Any]:
    site = next(one for one in sites if one.id == row.site_id)
    return {
        "company": row,
        "kind_label": kind_label(row.kind),
        "url": row_url(row, sites=sites, query=request.GET.urlencode(), at=at, is_of_all=is_of_all),
        "site_name": site.name,
        "zone": ZoneInfo(site.time_zone),
    }


def _pager(request: HttpRequest, asked: Asked, total: int) -> dict[str, Any] | None:
    """Return what stands under the list; None where everything is on it."""
    if total <= PAGE_ROWS and asked.page == 1:
        return None
    kept = pairs_without(request.GET)

    def url(page: int) -> str:
        return address(request.path, [*kept, ("page", str(page))])

    first = (asked.page - 1) * PAGE_ROWS + 1
    last = min(asked.page * PAGE_ROWS, total)
    return {
        "text": f"{number(first)}–{number(last)} of {number(total)} companies" if total else "",
        "previous_url": url(asked.page - 1) if asked.page > 1 else None,
        "next_url": url(asked.page + 1) if last < total else None,
    }


def _empty(request: HttpRequest, asked: Asked, site: Site | None) -> dict[str, str]:
    """Return what an empty list says, and what to do next."""
    if asked.search or asked.filters or asked.only_new or asked.only_ignored or asked.page > 1:
        kept = pairs_without(request.GET, {"q", "f", "view"})
        return {
            "icon": "search",
            "title": "No company fits",
            "text": "None of this period's companies meets the search and the filters.",
            "action_url": address(request.path, kept),
            "action_label": "Show all of this period",
        }
    empty = {
        "icon": "building-2",
        "title": "No company in this period",
        "text": "A company shows up here as soon as somebody comes from a network that is registered to it.",
    }
    if site is not None:
        empty["action_url"] = reverse("analytics:site-overview", args=[site.slug]) + "?period=all"
        empty["action_label"] = "Look at all of the site's visits"
    return empty


def _filtered_ids(asked: Asked) -> set[int]:
    item = asked.filters.of("company")
    return {int(value) for value in item.values if value} if item else set()
