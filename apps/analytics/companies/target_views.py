"""Target accounts of a site's client: the list, what came of it, bringing a list, taking off, taking along."""

from typing import Any

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST

from apps.agencies.access import require
from apps.agencies.requests import agency_request
from apps.agencies.roles import Permission
from apps.companies.targets import (
    LARGEST_BYTES,
    MOST_LINES,
    MOST_OF_A_CLIENT,
    PROBLEMS_SHOWN,
    Reading,
    target_lines,
    targets_import,
    targets_of,
    targets_ordered,
    targets_read,
    targets_remove,
    text_of,
)
from apps.core.downloads import csv_stream
from apps.core.errors import Refused
from apps.core.formats import number
from apps.sites.access import site_or_404
from apps.sites.models import Site

from .list_page import page_of

PAGE_ROWS = 100
HEAD = ("Domain", "Name", "Last seen (UTC)", "Added (UTC)", "Added by")
_CHOICES = (("", "All"), ("came", "Came"), ("waiting", "Not yet"))


def targets(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Show a client's target accounts, those that came first; `?format=csv` all of them as a file."""
    site = site_or_404(request, slug, Permission.READ)
    rows = targets_of(client_id=site.client_id)
    show = request.GET.get("show", "")
    chosen = rows.filter(company_id__isnull=show != "came") if show in ("came", "waiting") else rows
    if request.GET.get("format") == "csv":
        require(agency_request(request).membership, Permission.EXPORT)
        return csv_stream(f"{site.slug}-target-accounts", HEAD, target_lines(targets_ordered(chosen)))
    return render(request, "companies/targets.html", _context(request, site))


@require_POST
def targets_new(request: HttpRequest, slug: str) -> HttpResponse:
    """Take a pasted list (`list`) or a file (`file`), and say line by line what wasn't taken. 422 where nothing was."""
    site = site_or_404(request, slug, Permission.EDIT_COMPANIES)
    member = agency_request(request)
    pasted = request.POST.get("list", "")
    try:
        file = request.FILES.get("file")
        if file is not None and (file.size or 0) > LARGEST_BYTES:
            raise Refused(f"The file has more than {number(LARGEST_BYTES // 1000)} kB: send it in parts.")
        reading = targets_read(text_of(file.read()) if file is not None else pasted)
        if not reading.accounts and not reading.problems:
            raise Refused("Paste some domains, one a line, or choose a file.")
        imported = targets_import(client_id=site.client_id, accounts=reading.accounts, by=member.user)
    except Refused as refused:
        return _again(request, site, pasted=pasted, problem=str(refused))
    said = _said(reading, new=imported.new, known=imported.known)
    if not reading.problems:
        messages.success(request, said)
        return HttpResponseRedirect(reverse("companies:site-targets", args=[site.slug]))
    return _again(request, site, said=said, reading=reading)


@require_POST
def targets_gone(request: HttpRequest, slug: str) -> HttpResponse:
    """Take the chosen domains (`domain`) off the list."""
    site = site_or_404(request, slug, Permission.EDIT_COMPANIES)
    domains = [text for text in request.POST.getlist("domain")[:MOST_OF_A_CLIENT] if "\x00" not in text]
    gone = targets_remove(client_id=site.client_id, domains=domains, by=agency_request(request).user)
    if gone:
        messages.success(request, f"{number(gone)} target account{'' if gone == 1 else 's'} taken off the list.")
    else:
        messages.info(request, "Choose some target accounts first: none was taken off.")
    return HttpResponseRedirect(reverse("companies:site-targets", args=[site.slug]))


def _again(request: HttpRequest, site: Site, **more: Any) -> HttpResponse:
    """Show the page with what came of a list."""
    reading: Reading | None = more.get("reading")
    problems = reading.problems if reading else []
    context = {
        **_context(request, site),
        **more,
        "problems": problems[:PROBLEMS_SHOWN],
        "more_problems": max(0, len(problems) - PROBLEMS_SHOWN),
        "is_open": True,
    }
    is_nothing = "problem" in more or (reading is not None and not reading.accounts)
    return render(request, "companies/targets.html", context, status=422 if is_nothing else 200)


def _said(reading: Reading, *, new: int, known: int) -> str:
    parts = [f"{number(new)} new", f"{number(known)} there already"]
    if reading.repeated:
        parts.append(f"{number(reading.repeated)} in the list more than once")
    if reading.problems:
        parts.append(f"{number(len(reading.problems))} not taken")
    return f"Target accounts: {', '.join(parts)}."


def _context(request: HttpRequest, site: Site) -> dict[str, Any]:
    rows, membership = targets_of(client_id=site.client_id), agency_request(request).membership
    counts = rows.aggregate(total=Count("id"), came=Count("id", filter=Q(company_id__isnull=False)))
    amounts = {"": counts["total"], "came": counts["came"], "waiting": counts["total"] - counts["came"]}
    show = request.GET.get("show", "")
    show = show if show in amounts else ""
    if show:
        rows = rows.filter(company_id__isnull=show == "waiting")
    page = page_of(request.GET.get("page", ""))
    start = (page - 1) * PAGE_ROWS
    url = reverse("companies:site-targets", args=[site.slug])
    kept = f"{url}?show={show}&page=" if show else f"{url}?page="
    return {
        "site": site,
        "rows": targets_ordered(rows)[start : start + PAGE_ROWS],
        "tabs": [
            {
                "url": f"{url}?show={value}" if value else url,
                "label": label,
                "count": amounts[value],
                "is_current": show == value,
            }
            for value, label in _CHOICES
        ],
        "total": counts["total"],
        "came": counts["came"],
        "previous_url": f"{kept}{page - 1}" if page > 1 else "",
        "next_url": f"{kept}{page + 1}" if start + PAGE_ROWS < amounts[show] else "",
        "list_url": reverse("companies:site-companies", args=[site.slug]),
        "new_url": reverse("companies:site-targets-new", args=[site.slug]),
        "gone_url": reverse("companies:site-targets-gone", args=[site.slug]),
        "may_edit": membership.may(Permission.EDIT_COMPANIES),
        "may_export": membership.may(Permission.EXPORT),
        "most_lines": MOST_LINES,
    }
