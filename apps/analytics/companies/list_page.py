"""The list of companies as an address asks for it: which visits it is about, how it is searched, sorted and cut."""

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.http import QueryDict

from apps.companies.knowledge.together import merged_load
from apps.companies.search import search_clean
from apps.core import clock
from apps.core.formats import number, percent
from apps.core.period_picker import address, pairs_without
from apps.core.periods import Choice, Period, period_read
from apps.sites.models import Site
from apps.tracking.filter_bar import filters_of
from apps.tracking.filters import LONGEST_VISIT, Filters, sessions_filtered
from apps.tracking.models import Session

from . import matters
from .columns import Column, columns_of
from .conditions import Condition
from .filter_fields import ALL_FIELDS, company_filters, visit_filters
from .marks import Team, team
from .places import Place
from .wanted import TAB_LABELS, Sort, Tab, Wanted

MOST_PAGES = 10_000


@dataclass(frozen=True, slots=True)
class View:
    """A tab over the list."""

    label: str
    url: str
    count: int | None
    is_current: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for. `filters`: all of them, of visits and of companies."""

    period: Period
    filters: Filters
    search: str
    sort: Sort
    is_descending: bool
    page: int
    tab: Tab
    columns: Sequence[Column]

    @property
    def of_visits(self) -> Filters:
        return visit_filters(self.filters)

    @property
    def of_companies(self) -> Filters:
        return company_filters(self.filters)

    @property
    def problems(self) -> list[str]:
        found = (self.period.problem, *self.filters.problems, *self.of_companies.problems)
        return [problem for problem in found if problem]


@dataclass(frozen=True, slots=True)
class Reading:
    """An address of the list, understood: what it asks for, and all that listing it takes."""

    asked: Asked
    wanted: Wanted
    people: Team
    rules: matters.Rules


def reading_of(place: Place, query: QueryDict) -> Reading:
    """Return what an address asks of a list. Three queries, and those of `wanted_of`."""
    people = team(place.request.agency)
    rules = matters.page_rules([site.id for site in place.sites])
    asked = asked_of(query, zone=place.zone, is_agency_wide=place.site is None)
    wanted = wanted_of(asked, place.sites, me=place.request.user.id, people=people, rules=rules)
    return Reading(asked, wanted, people, rules)


def asked_of(query: QueryDict, *, zone: ZoneInfo, is_agency_wide: bool) -> Asked:
    """Return what an address asks for; what can't be understood is as if it weren't there, or a problem."""
    search = search_clean(query.get("q", ""))
    sort, is_descending = _sort(query.get("sort", ""), is_search=bool(search))
    view = query.get("view", "")
    return Asked(
        period=period_read(
            {name: str(query[name]) for name in query}, zone=zone, now=clock.now(), default=Choice.LAST_30
        ),
        filters=filters_of(query, ALL_FIELDS),
        search=search,
        sort=sort,
        is_descending=is_descending,
        page=page_of(query.get("page", "")),
        tab=Tab(view) if view in list(Tab) else Tab.ALL,
        columns=columns_of(query, is_agency_wide=is_agency_wide),
    )


def visits_of(sites: Sequence[Site], asked: Asked) -> QuerySet[Session]:
    """Return people's visits of the period on these sites that meet the filters of visits."""
    span, filters = asked.period.span, asked.of_visits
    visits = Session.objects.filter(
        site_id__in=[site.id for site in sites], set_aside="", started_at__gte=span.start, started_at__lt=span.end
    )
    return sessions_filtered(visits, filters, since=span.start, until=span.end) if filters else visits


def wanted_of(asked: Asked, sites: Sequence[Site], *, me: int, people: Team, rules: matters.Rules) -> Wanted:
    """Return what is to be listed. One query, three where companies were merged; one for each filter by pages that
    matter.
    """
    visits, filters = visits_of(sites, asked), asked.of_companies
    client_ids = {site.client_id for site in sites}
    owners = people.owners(client_ids)
    return Wanted(
        visits=visits,
        sites=sites,
        at=asked.period.now,
        filters=filters,
        conditions=_matters(filters, visits, asked, rules),
        search=asked.search,
        tab=asked.tab,
        sort=asked.sort,
        is_descending=asked.is_descending,
        me=me,
        people=people.names([site.client_id for site in sites]),
        owners=owners,
        merged=merged_load(client_ids=client_ids, owners=owners),
    )


def tabs_of(asked: Asked, *, counts: dict[Tab, int], path: str, query: QueryDict, is_own: bool) -> list[View]:
    """Return the list's tabs; "Ignored" only where something is. `is_own`: no saved view is what is shown."""
    kept = pairs_without(query, {"view"})
    return [
        View(
            TAB_LABELS[tab],
            address(path, [*([("view", tab.value)] if tab.value else []), *kept]),
            counts[tab],
            is_own and asked.tab is tab,
        )
        for tab in Tab
        if tab is not Tab.IGNORED or counts[tab] or asked.tab is tab
    ]


def sentence(*, companies: int, hot: int, visits: int, matched: int, period: Period) -> str:
    """Return the page's first line: how many companies, how many of them hot, and what share of visits has a name."""
    when = period.label[0].lower() + period.label[1:] if period.choice is not Choice.CUSTOM else period.days_label
    if not visits:
        return f"No visits in this period ({when})."
    name = "company" if companies == 1 else "companies"
    heat = f", {number(hot)} of them hot" if hot else ""
    known = percent(matched / visits, 0)
    rest = "the rest stay unknown" if matched < visits else "none is unknown"
    share = f"{known} of visits come from a network that names a company; {rest}."
    return f"{number(companies)} {name}, {when}{heat}. {share}"


def page_of(text: str) -> int:
    """Return the page's number; the first for nonsense."""
    is_number = text.isascii() and text.isdigit() and len(text) <= len(str(MOST_PAGES))
    return min(max(int(text), 1), MOST_PAGES) if is_number else 1


def _sort(text: str, *, is_search: bool) -> tuple[Sort, bool]:
    """Without an order of its own a search has the best first, a list the highest score."""
    name = text.removeprefix("-")
    if name not in list(Sort) or (name == Sort.FIT and not is_search):
        return (Sort.FIT if is_search else Sort.SCORE), True
    return Sort(name), text.startswith("-")


def _matters(filters: Filters, visits: QuerySet[Session], asked: Asked, rules: matters.Rules) -> list[Condition]:
    span = asked.period.span
    return [
        matters.condition_of(item, visits, rules, since=span.start, until=span.end + LONGEST_VISIT)
        for item in filters.items
        if item.field.name == "matters"
    ]
