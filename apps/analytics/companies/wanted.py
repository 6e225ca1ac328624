"""What a list of companies is asked for: of whose visits, which companies of theirs, in which order."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db.models import QuerySet

from apps.companies.knowledge.together import Merged
from apps.sites.models import Site
from apps.tracking.filters import Filters
from apps.tracking.models import Session

from .conditions import Condition


class Tab(StrEnum):
    """The list's own views; the value stands in the address."""

    ALL = ""
    HOT = "hot"
    NEW = "new"
    TARGETS = "targets"
    BACK = "back"
    IGNORED = "ignored"


TAB_LABELS = {
    Tab.ALL: "All",
    Tab.HOT: "Hot",
    Tab.NEW: "New this week",
    Tab.TARGETS: "Target accounts",
    Tab.BACK: "Back after 30 days",
    Tab.IGNORED: "Ignored",
}


class Sort(StrEnum):
    """By what the list is sorted; the value stands in the address, with a minus for the largest first."""

    FIT = "fit"  # how well it fits what is searched for
    SCORE = "score"
    TEMPERATURE = "temperature"
    CATEGORY = "category"
    LAST = "last"
    VISITS = "visits"
    VISITORS = "visitors"
    PAGEVIEWS = "pageviews"
    ENGAGED = "engaged"
    NAME = "name"
    SOURCE = "source"
    OWNER = "owner"
    TAGS = "tags"
    INDUSTRY = "industry"
    COUNTRY = "country"
    EMPLOYEES = "employees"
    CONFIDENCE = "confidence"
    FIRST = "first"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be listed: of whose visits, by what is known of companies, in which order.

    `visits`: people's visits of one period on `sites`, filtered. `me`: who looks. `people`: names of owners, to sort
    by. `owners`: (client, user) of those who may own a client's companies. `company_ids`: only these (None: whichever).
    `merged`: what merges lead to, of the sites' clients.
    """

    visits: QuerySet[Session]
    sites: Sequence[Site]
    at: datetime
    filters: Filters = field(default_factory=Filters)
    conditions: Sequence[Condition] = ()  # beside the filters
    search: str = ""
    tab: Tab = Tab.ALL
    sort: Sort = Sort.LAST
    is_descending: bool = True
    me: int = 0
    people: dict[int, str] = field(default_factory=dict)
    owners: Sequence[tuple[int, int]] = ()
    company_ids: Sequence[int] | None = None
    merged: Merged = field(default_factory=Merged)

    @property
    def shows_ignored(self) -> bool:
        """Whether somebody asked for ignored ones by a filter: the tabs leave them out otherwise."""
        return self.filters.of("ignored") is not None

    @property
    def mixes_ignored(self) -> bool:
        """Whether somebody asked for ignored ones and for all others, in one."""
        asked = self.filters.of("ignored")
        return asked is not None and {"yes", "no"} <= set(asked.values)

    @property
    def client_ids(self) -> list[int]:
        return sorted({site.client_id for site in self.sites})


def matched_sql(visits: QuerySet[Session], *columns: str) -> tuple[str, tuple[Any, ...]]:
    """Return the visits that have a company as SQL to select from. Raises EmptyResultSet where there can be none."""
    return visits_sql(visits.filter(company_id__isnull=False), *columns)


def visits_sql(visits: QuerySet[Session], *columns: str) -> tuple[str, tuple[Any, ...]]:
    """Return the same of all these visits."""
    sql, params = visits.order_by().values(*columns).query.sql_with_params()
    return sql, tuple(params)
