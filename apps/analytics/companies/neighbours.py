"""The companies before and after one in the list from which its page was opened.

The page's address holds what the list's address asked for (`list`), and where in it the company stood (`at`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import HttpRequest, QueryDict
from django.urls import reverse

from apps.agencies.requests import agency_request
from apps.core.formats import number
from apps.sites.access import sites_visible
from apps.sites.models import Site

from .list_page import asked_of, page_of, visits_kept, zone_of
from .listing import CompanyRow, company_list

LIST = "list"
AT = "at"
# Of the list of all sites rather than of one's own.
ALL = "all"
LONGEST_QUERY = 1_500


@dataclass(frozen=True, slots=True)
class Neighbours:
    """`text` says where in the list one is; empty addresses where it ends, or has moved on meanwhile."""

    text: str
    list_url: str
    previous_url: str
    next_url: str


def row_url(row: CompanyRow, *, sites: Sequence[Site], query: str, at: int, is_of_all: bool) -> str:
    """Return the address of a listed company's page; `at`: its place in the whole list, from one."""
    slug = next(site.slug for site in sites if site.id == row.site_id)
    kept = {LIST: query[:LONGEST_QUERY], AT: at, **({ALL: "1"} if is_of_all else {})}
    return f"{reverse('companies:site-company', args=[slug, row.id])}?{urlencode(kept)}"


def list_query(request: HttpRequest) -> str:
    """Return what of a company's address leads on in its list, with its question mark; empty without a list."""
    kept = {name: request.GET[name] for name in (LIST, AT, ALL) if name in request.GET}
    return f"?{urlencode(kept)}" if LIST in kept else ""


def neighbours(request: HttpRequest, site: Site, *, company_id: int) -> Neighbours | None:
    """Return who stands beside a company; None where its page wasn't opened from a list. Three queries at most."""
    raw = request.GET.get(LIST)
    if raw is None or len(raw) > LONGEST_QUERY:
        return None
    query, is_of_all = QueryDict(raw), ALL in request.GET
    membership = agency_request(request).membership
    sites = list(sites_visible(membership).exclude(status=Site.Status.ARCHIVED)) if is_of_all else [site]
    asked = asked_of(query, zone=zone_of(sites))
    at = page_of(request.GET.get(AT, ""))
    first = max(at - 1, 1)
    found = company_list(
        visits_kept(sites, asked).of(asked),
        search=asked.search,
        sort=asked.sort,
        is_descending=asked.is_descending,
        limit=3,
        offset=first - 1,
    )
    placed = dict(enumerate(found.rows, start=first))
    here = next((place for place, row in placed.items() if row.id == company_id), None)

    def url(place: int) -> str:
        row = placed.get(place)
        return row_url(row, sites=sites, query=raw, at=place, is_of_all=is_of_all) if row else ""

    list_path = reverse("companies:companies") if is_of_all else reverse("companies:site-companies", args=[site.slug])
    return Neighbours(
        text=f"{number(here)} of {number(found.total)}" if here else "",
        list_url=f"{list_path}?{query.urlencode()}" if query else list_path,
        previous_url=url(here - 1) if here else "",
        next_url=url(here + 1) if here else "",
    )
