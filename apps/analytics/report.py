"""What a page of a site was asked for: its days, its filters; and the addresses that lead from there."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from zoneinfo import ZoneInfo

from django.http import HttpRequest, QueryDict
from django.urls import reverse

from apps.agencies.requests import agency_request
from apps.agencies.roles import Permission
from apps.companies.selectors import company_names_known
from apps.core import clock
from apps.core.period_picker import PARAMETERS, Pairs, PeriodPicker, address, pairs_without, period_picker
from apps.core.periods import Period, period_read
from apps.sites.models import Site
from apps.tracking.filter_bar import PARAMETER, FilterBar, filter_bar, filters_of
from apps.tracking.filters import Filters
from apps.tracking.selectors import session_extent

# What belongs to one page and means nothing on another.
PAGE_STATE = frozenset({"metric", "tab", "sort", "q", "show", "reason", "format"})


@dataclass(frozen=True, slots=True)
class Report:
    """A site, its period and filters. `path` and `query` are the page's own address."""

    site: Site
    period: Period
    filters: Filters
    path: str
    query: QueryDict
    may_export: bool

    @property
    def zone(self) -> ZoneInfo:
        return self.period.zone

    @property
    def pairs(self) -> Pairs:
        """Return the parameters that all pages of a site share: period and filters."""
        return [*self.period.query().items(), *((PARAMETER, text) for text in self.filters.texts)]

    @property
    def file_days(self) -> str:
        """Return the period as a part of a file's name."""
        return f"{self.period.span.first.isoformat()}-to-{self.period.span.last.isoformat()}"

    @property
    def problems(self) -> list[str]:
        return [*([self.period.problem] if self.period.problem else []), *self.filters.problems]

    def url(
        self,
        name: str,
        *args: object,
        filters: Filters | None = None,
        period: Mapping[str, str] | None = None,
        **extra: str,
    ) -> str:
        """Return the address of another page of the site with the same period and filters, or with those given."""
        path = reverse(f"analytics:{name}", args=[self.site.slug, *args])
        days = self.period.query() if period is None else period
        chosen = self.filters if filters is None else filters
        pairs: Iterable[tuple[str, str]] = [
            *days.items(),
            *((PARAMETER, text) for text in chosen.texts),
            *((key, value) for key, value in extra.items() if value),
        ]
        return address(path, pairs)

    def companies_url(self) -> str:
        """Return the address of the site's companies in the same period, with the same filters."""
        return address(reverse("companies:site-companies", args=[self.site.slug]), self.pairs)

    def company_url(self, company_id: object) -> str:
        return reverse("companies:site-company", args=[self.site.slug, company_id])

    def picker(self, *, compares: bool = True) -> PeriodPicker:
        return period_picker(self.period, path=self.path, query=self.query, compares=compares)

    def filter_bar(self) -> FilterBar:
        return filter_bar(self.filters, path=self.path, query=self.query, company_names=self.company_names())

    def company_names(self) -> dict[str, str]:
        """Return the names of the companies that are filtered by. One query if there are any."""
        chosen = {
            int(value) for item in self.filters.items if item.field.name == "company" for value in item.values if value
        }
        names = company_names_known(chosen, client_ids=[self.site.client_id])
        return {str(number): name for number, name in names.items()}

    def own_url(self, **changed: str | None) -> str:
        """Return the page's own address with parameters set, or taken out where they are None; from the first page."""
        kept = pairs_without(self.query, changed)
        return address(self.path, [*kept, *((name, value) for name, value in changed.items() if value)])


def report_read(request: HttpRequest, site: Site) -> Report:
    """Return what a request asks of a site. One query, for a period of "all time" only."""
    zone = ZoneInfo(site.time_zone)

    @cache
    def extent() -> tuple[date, date] | None:
        return session_extent(site_id=site.id, zone=zone)

    return Report(
        site=site,
        period=period_read(request.GET.dict(), zone=zone, now=clock.now(), extent=extent),
        filters=filters_of(request.GET),
        path=request.path,
        query=request.GET,
        may_export=agency_request(request).membership.may(Permission.EXPORT),
    )


__all__ = ["PAGE_STATE", "PARAMETERS", "Report", "report_read"]
