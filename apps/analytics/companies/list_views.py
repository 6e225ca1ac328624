"""Pages of companies: the list of a site, and of the whole agency; the same as a file."""

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse

from apps.agencies.access import require
from apps.agencies.roles import Permission
from apps.companies.saved_views import may_change, query_kept, saved_views
from apps.companies.selectors import company_names_known
from apps.core.formats import number
from apps.core.period_picker import address, pairs_without, period_picker
from apps.tracking.filter_bar import FilterBar, added_filter_url, filter_bar
from apps.tracking.filters import Filters

from . import listing, matters
from .bulk import undo_offered
from .cells import cells_put
from .columns import COLUMNS, PARAMETER, Shown
from .exports import FORMATS, companies_file
from .filter_fields import ALL_FIELDS, Words
from .list_page import Asked, Reading, reading_of, sentence, tabs_of
from .listing import PAGE_ROWS, CompanyList
from .marks import tags_in_use, team
from .neighbours import row_url
from .places import Place, place_or_404
from .shown import shown_of
from .wanted import Tab


def companies(request: HttpRequest, slug: str | None = None) -> HttpResponseBase:
    """List the companies that were on a site, or on all. `?format=csv`, json or xlsx gives all of them as a file."""
    place = place_or_404(request, slug, Permission.READ)
    if "filter_field" in request.GET:
        typed = Words(people=team(place.request.agency).names(place.client_ids)).typed
        return HttpResponseRedirect(
            added_filter_url(request.GET, path=request.path, fields=ALL_FIELDS, typed=typed) or ""
        )
    reading = reading_of(place, request.GET)
    if (file_format := request.GET.get("format")) in FORMATS:
        require(place.request.membership, Permission.EXPORT)
        return companies_file(file_format, reading)
    found = listing.company_list(reading.wanted, offset=(reading.asked.page - 1) * PAGE_ROWS)
    with_confidence = any(column.name == "confidence" for column in reading.asked.columns)
    rows = shown_of(found.rows, reading, with_confidence=with_confidence)
    _lead_back(place, reading.asked, rows)
    cells_put(rows, reading.asked.columns)
    return render(request, "companies/list.html", _context(place, reading, found, rows))


def _lead_back(place: Place, asked: Asked, rows: Sequence[Shown]) -> None:
    """Have each row's link say from where it was opened, so that the company's page leads on in the list."""
    query = place.request.GET.urlencode()
    for at, one in enumerate(rows, start=(asked.page - 1) * PAGE_ROWS + 1):
        one.url = row_url(one.row.id, site=one.site, query=query, at=at, is_of_all=place.site is None)


def _context(place: Place, reading: Reading, found: CompanyList, rows: Sequence[Shown]) -> dict[str, Any]:
    request, membership, asked = place.request, place.request.membership, reading.asked
    total = found.counts[asked.tab]
    views = _saved(place)
    return {
        "site": place.site,
        "is_agency_wide": place.site is None,
        "picker": period_picker(asked.period, path=request.path, query=request.GET, compares=False),
        "filter_bar": _bar(place, reading),
        "problems": asked.problems,
        "tabs": tabs_of(
            asked,
            counts=found.counts,
            path=request.path,
            query=request.GET,
            is_own=not any(one["is_current"] for one in views),
        ),
        "views": views,
        "views_url": place.url("view-new"),
        "sentence": sentence(
            companies=found.counts[Tab.ALL],
            hot=found.counts[Tab.HOT],
            visits=found.visits,
            matched=found.matched,
            period=asked.period,
        ),
        "search": asked.search,
        "default_sort": "-fit" if asked.search else "-score",
        "columns": asked.columns,
        "has_chosen_columns": PARAMETER in request.GET,
        "all_columns": [one for one in COLUMNS if place.site is None or not one.is_of_several_sites],
        "rows": rows,
        "total": total,
        "pager": _pager(request, asked, total),
        "empty": _empty(place, asked),
        "may_export": membership.may(Permission.EXPORT),
        "may_edit": membership.may(Permission.EDIT_COMPANIES),
        "bulk_url": place.url("bulk"),
        "undo": undo_offered(request),
        "undo_url": place.url("bulk-undo"),
        "people": reading.wanted.people,
        "query": request.GET.urlencode(),
        "targets_url": place.url("targets") if place.site else "",
        "is_targets": asked.tab is Tab.TARGETS,
        "is_ignored": asked.tab is Tab.IGNORED,
    }


def _bar(place: Place, reading: Reading) -> FilterBar:
    """Return the bar of filters, with names and values of the clients of these sites alone."""
    asked, wanted = reading.asked, reading.wanted
    names = company_names_known(_filtered_ids(asked.of_visits), client_ids=place.client_ids)
    known = Words(
        people=wanted.people,
        me=wanted.me,
        companies={str(company_id): name for company_id, name in names.items()},
        tags=tags_in_use(place.client_ids),
        pages=matters.rule_names(reading.rules),
    )
    # Those of companies that were dropped aren't shown as if they held.
    filters = Filters((*asked.of_companies.items, *asked.of_visits.items))
    return filter_bar(
        filters,
        path=place.request.path,
        query=place.request.GET,
        fields=ALL_FIELDS,
        words=known.value,
        suggested=known.suggested,
    )


def _saved(place: Place) -> list[dict[str, Any]]:
    request = place.request
    now = query_kept(request.GET)
    return [
        {
            "view": view,
            "url": f"{request.path}?{view.query}" if view.query else request.path,
            "is_current": view.query == now,
            "is_shared": view.is_shared,
            "may_change": may_change(request.membership, view),
            "change_url": place.url("view", view.id),
        }
        for view in saved_views(member=request.membership, site=place.site)
    ]


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
        "text": f"{number(first)}–{number(last)} of {number(total)} companies" if first <= total else "",
        "previous_url": url(asked.page - 1) if asked.page > 1 else None,
        "next_url": url(asked.page + 1) if last < total else None,
    }


def _empty(place: Place, asked: Asked) -> dict[str, str]:
    """Return what an empty list says, and what to do next."""
    if asked.search or asked.filters or asked.page > 1:
        return _nothing(
            place, "search", "No company fits", "None of this period’s companies meets the search and the filters."
        )
    if asked.tab is Tab.TARGETS and place.site is not None:
        return {
            "icon": "eye",
            "title": "No target account came in this period",
            "text": "Bring the list of domains that you wait for: whoever comes from one of them stands here.",
            "action_url": place.url("targets"),
            "action_label": "Target accounts",
        }
    if asked.tab in _NOTHING:
        return _nothing(place, *_NOTHING[asked.tab])
    empty = {
        "icon": "building-2",
        "title": "No company in this period",
        "text": "A company shows up here as soon as somebody comes from a network that is registered to it.",
    }
    if place.site is not None:
        empty["action_url"] = reverse("analytics:site-overview", args=[place.site.slug]) + "?period=all"
        empty["action_label"] = "Look at all of the site's visits"
    return empty


_NOTHING = {
    Tab.HOT: (
        "radio",
        "Nobody is hot now",
        "A company is hot from a score of 70 on. Warm ones are under the filter Temperature.",
    ),
    Tab.NEW: (
        "building-2",
        "Nobody new this week",
        "Companies that came for the first time within seven days stand here.",
    ),
    Tab.TARGETS: (
        "eye",
        "No target account came in this period",
        "Lists of target accounts are brought on each site’s page of companies.",
    ),
    Tab.BACK: (
        "repeat-2",
        "Nobody came back",
        "Whoever comes within these seven days after 30 days or more away stands here.",
    ),
    Tab.IGNORED: (
        "eye-off",
        "Nothing is ignored",
        "Companies that you choose to ignore stand here, and can be brought back.",
    ),
}


def _nothing(place: Place, icon: str, title: str, text: str) -> dict[str, str]:
    kept = pairs_without(place.request.GET, {"q", "f", "view"})
    return {
        "icon": icon,
        "title": title,
        "text": text,
        "action_url": address(place.request.path, kept),
        "action_label": "Show all of this period",
    }


def _filtered_ids(filters: Filters) -> set[int]:
    item = filters.of("company")
    return {int(value) for value in item.values if value} if item else set()
