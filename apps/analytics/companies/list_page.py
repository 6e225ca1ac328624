"""The list of companies as an address asks for it: which visits it is about, how it is searched, sorted and cut."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet
from django.http import QueryDict

from apps.companies.knowledge.ignoring import of_ignored
from apps.companies.selectors import new_companies
from apps.core import clock
from apps.core.formats import number, percent
from apps.core.period_picker import address, pairs_without
from apps.core.periods import Choice, Period, period_read
from apps.sites.models import Site
from apps.tracking.filter_bar import filters_of
from apps.tracking.filters import Filters, sessions_filtered
from apps.tracking.models import Session

from .listing import PAGE_ROWS, CompanyList, Counted, Sort, company_list

NEW_SINCE = timedelta(days=7)
LONGEST_SEARCH = 100
MOST_PAGES = 10_000
UTC = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True)
class View:
    """A tab over the list."""

    label: str
    url: str
    count: int
    is_current: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for."""

    period: Period
    filters: Filters
    search: str
    sort: Sort
    is_descending: bool
    page: int
    only_new: bool
    only_ignored: bool


def asked_of(query: QueryDict, *, zone: ZoneInfo) -> Asked:
    """Return what an address asks for; what can't be understood is as if it weren't there."""
    sort, is_descending = _sort(query.get("sort", ""))
    return Asked(
        period=period_read(
            {name: str(query[name]) for name in query}, zone=zone, now=clock.now(), default=Choice.LAST_30
        ),
        filters=filters_of(query),
        search=query.get("q", "").replace("\x00", "").strip()[:LONGEST_SEARCH],
        sort=sort,
        is_descending=is_descending,
        page=page_of(query.get("page", "")),
        only_new=query.get("view") == "new",
        only_ignored=query.get("view") == "ignored",
    )


@dataclass(frozen=True, slots=True)
class Kept:
    """A period's visits, parted by whether their site's client ignores the company; companies new to it."""

    shown: QuerySet[Session]
    fresh: QuerySet[Session]
    ignored: QuerySet[Session]

    def of(self, asked: Asked) -> QuerySet[Session]:
        """Return the visits that an address asks for."""
        return self.ignored if asked.only_ignored else self.fresh if asked.only_new else self.shown


def visits_kept(sites: Sequence[Site], asked: Asked) -> Kept:
    """Return the visits that an address is about. Two queries."""
    visits, are_ignored = visits_of(sites, asked), of_ignored(sites)
    shown = visits.exclude(are_ignored)
    return Kept(shown=shown, fresh=fresh_only(shown, sites), ignored=visits.filter(are_ignored))


def visits_of(sites: Sequence[Site], asked: Asked) -> QuerySet[Session]:
    """Return people's visits of the period on these sites that meet the filters."""
    span = asked.period.span
    visits = Session.objects.filter(
        site_id__in=[site.id for site in sites], set_aside="", started_at__gte=span.start, started_at__lt=span.end
    )
    return sessions_filtered(visits, asked.filters, since=span.start, until=span.end) if asked.filters else visits


def fresh_only(visits: QuerySet[Session], sites: Sequence[Site]) -> QuerySet[Session]:
    """Return visits of companies that the site's client saw for the first time within the last seven days. One query.

    A company may be new to one client and an old acquaintance of another: only its visits to the former count.
    """
    fresh = new_companies(client_ids=sorted({site.client_id for site in sites}), since=clock.now() - NEW_SINCE)
    wanted = Q(pk__in=[])
    for client_id, company_ids in fresh.items():
        own = [site.id for site in sites if site.client_id == client_id]
        wanted |= Q(site_id__in=own, company_id__in=company_ids)
    return visits.filter(wanted)


def listed(visits: QuerySet[Session], asked: Asked, *, limit: int = PAGE_ROWS) -> CompanyList:
    offset = (asked.page - 1) * limit if limit == PAGE_ROWS else 0
    return company_list(
        visits,
        search=asked.search,
        sort=asked.sort,
        is_descending=asked.is_descending,
        limit=limit,
        offset=offset,
    )


def views_of(asked: Asked, *, total: int, fresh: int, ignored: int, path: str, query: QueryDict) -> list[View]:
    """Return the tabs over the list; the ignored ones where there are any."""
    kept = pairs_without(query, {"view"})
    views = [
        View("All", address(path, kept), total, not asked.only_new and not asked.only_ignored),
        View("New this week", address(path, [("view", "new"), *kept]), fresh, asked.only_new),
    ]
    if ignored or asked.only_ignored:
        views.append(View("Ignored", address(path, [("view", "ignored"), *kept]), ignored, asked.only_ignored))
    return views


def sentence(counted: Counted, period: Period) -> str:
    """Return the page's first line: how many companies, and what share of visits has a name at all."""
    when = period.label[0].lower() + period.label[1:] if period.choice is not Choice.CUSTOM else period.days_label
    if not counted.visits:
        return f"No visits in this period ({when})."
    name = "company" if counted.companies == 1 else "companies"
    known = percent(counted.matched / counted.visits, 0)
    rest = "the rest stay unknown" if counted.matched < counted.visits else "none is unknown"
    matched = f"{known} of visits come from a network that names a company; {rest}."
    return f"{number(counted.companies)} {name}, {when}. {matched}"


def zone_of(sites: Sequence[Site]) -> ZoneInfo:
    """Return the zone of the site, or of most of the sites: a list over several has one day, not many."""
    zones = [site.time_zone for site in sites]
    return ZoneInfo(max(zones, key=zones.count)) if zones else UTC


def _sort(text: str) -> tuple[Sort, bool]:
    name = text.removeprefix("-")
    if name not in list(Sort):
        return Sort.LAST, True
    return Sort(name), text.startswith("-")


def page_of(text: str) -> int:
    """Return the page's number; the first for nonsense."""
    is_number = text.isascii() and text.isdigit() and len(text) <= len(str(MOST_PAGES))
    return min(max(int(text), 1), MOST_PAGES) if is_number else 1
