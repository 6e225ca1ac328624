"""The companies before and after one in the list from which its page was opened.

The page's address holds what the list's address asked for (`list`), and where in it the company stood (`at`).
"""

from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import HttpRequest, QueryDict
from django.urls import reverse

from apps.agencies.requests import agency_request
from apps.core.formats import number
from apps.sites.access import sites_visible
from apps.sites.models import Site

from .list_page import page_of, reading_of
from .listing import company_list
from .places import Place

LIST = "list"
AT = "at"
# Of the list of all sites rather than of one's own.
ALL = "all"
# As long as a saved view's. Written twice into an address, what is longer wouldn't pass every server in between.
LONGEST_QUERY = 4_000


@dataclass(frozen=True, slots=True)
class Neighbours:
    """`text` says where in the list one is; empty addresses where it ends, or has moved on meanwhile."""

    text: str
    list_url: str
    previous_url: str
    next_url: str


def row_url(company_id: int, *, site: Site, query: str, at: int, is_of_all: bool) -> str:
    """Return the address of a listed company's page; `site`: where it was seen last, `at`: its place in the list.

    Of a list whose own address is too long it doesn't lead on: to a piece of it would be another list.
    """
    path = reverse("companies:site-company", args=[site.slug, company_id])
    kept = {LIST: query, AT: at, **({ALL: "1"} if is_of_all else {})}
    return f"{path}?{urlencode(kept)}" if len(query) <= LONGEST_QUERY else path


def list_query(request: HttpRequest) -> str:
    """Return what of a company's address leads on in its list, with its question mark; empty without a list."""
    kept = {name: request.GET[name] for name in (LIST, AT, ALL) if name in request.GET}
    return f"?{urlencode(kept)}" if LIST in kept else ""


def neighbours(request: HttpRequest, site: Site, *, company_id: int) -> Neighbours | None:
    """Return who stands beside a company; None where its page wasn't opened from a list. Four queries at most."""
    raw = request.GET.get(LIST)
    if raw is None or len(raw) > LONGEST_QUERY:
        return None
    query, is_of_all = QueryDict(raw), ALL in request.GET
    member = agency_request(request)
    sites = list(sites_visible(member.membership).exclude(status=Site.Status.ARCHIVED)) if is_of_all else [site]
    reading = reading_of(Place(member, None if is_of_all else site, sites), query)
    first = max(page_of(request.GET.get(AT, "")) - 1, 1)
    found = company_list(reading.wanted, limit=3, offset=first - 1)
    placed = dict(enumerate(found.rows, start=first))
    here = next((place for place, one in placed.items() if one.id == company_id), None)
    by_id = {one.id: one for one in sites}

    def url(place: int) -> str:
        one = placed.get(place)
        return row_url(one.id, site=by_id[one.site_ids[0]], query=raw, at=place, is_of_all=is_of_all) if one else ""

    list_path = reverse("companies:companies") if is_of_all else reverse("companies:site-companies", args=[site.slug])
    return Neighbours(
        text=f"{number(here)} of {number(found.counts[reading.asked.tab])}" if here else "",
        list_url=f"{list_path}?{query.urlencode()}" if query else list_path,
        previous_url=url(here - 1) if here else "",
        next_url=url(here + 1) if here else "",
    )
