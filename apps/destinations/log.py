"""The delivery log of a site: which deliveries an address asks for, how many in each state, and a page of them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.http import QueryDict

from apps.companies.knowledge.ignoring import ignored_on_site
from apps.companies.knowledge.together import merged_companies
from apps.companies.models import CompanyClient
from apps.companies.selectors import company_names_known
from apps.sites.models import Goal, Site

from .glance import WAITING
from .models import Delivery, DeliveryAttempt, RoutingRule
from .services import SENDABLE
from .windows import DEFAULT, Window, window_read

State = Delivery.State
PAGE_ROWS = 50
MOST_LETTERS = 100
# Companies that a search may mean; a search for more says too little.
MOST_COMPANIES = 200
# What a person may decide on, and what is still to arrive: choices among the states that stand for several.
LETTERS, QUEUED = "letters", "queued"
GROUPS: Mapping[str, Sequence[State]] = {LETTERS: SENDABLE, QUEUED: WAITING}


@dataclass(frozen=True, slots=True)
class Asked:
    """What an address asks the log for. Empty: any. `state`: a State, or one of GROUPS."""

    window: Window = DEFAULT
    destination_id: int | None = None
    state: str = ""
    event: str = ""
    search: str = ""

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The address's parameters, without what is as usual."""
        given = (
            ("period", "" if self.window is DEFAULT else self.window.key),
            ("destination", str(self.destination_id or "")),
            ("event", self.event),
            ("q", self.search),
            ("state", self.state),
        )
        return [(name, value) for name, value in given if value]

    @property
    def is_narrowed(self) -> bool:
        """Whether there are filters besides period and state."""
        return bool(self.destination_id or self.event or self.search)

    def of_state(self, state: str) -> "Asked":
        return replace(self, state=state)


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page goes on: after this delivery. Later ones don't shift what was already seen."""

    created_at: datetime
    id: int

    @property
    def text(self) -> str:
        return f"{(self.created_at - datetime.fromtimestamp(0, tz=UTC)) // timedelta(microseconds=1)}.{self.id}"


@dataclass(frozen=True, slots=True)
class CompanyShown:
    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Page:
    """`companies`: by delivery, where there is one that may be shown. `took_ms`: of its latest answered attempt."""

    deliveries: Sequence[Delivery]
    companies: Mapping[int, CompanyShown]
    took_ms: Mapping[int, int]
    following: Cursor | None


EMPTY = Page([], {}, {}, None)


def asked_read(query: QueryDict) -> Asked:
    """Return what an address asks for; nonsense in it asks for nothing."""
    destination = query.get("destination", "")
    state = query.get("state", "")
    return Asked(
        window=window_read(query.get("period", "")),
        # 0 is none's number.
        destination_id=int(destination) or None
        if destination.isascii() and destination.isdigit() and len(destination) < 19
        else None,
        state=state if state in State.values or state in GROUPS else "",
        event=_text(query.get("event", "")),
        search=_text(query.get("q", "")).strip(),
    )


def cursor_read(text: str) -> Cursor | None:
    """Return the place in the log that an address names; None for the beginning, and for nonsense."""
    microseconds, _, id_ = text.partition(".")
    if not all(part.isascii() and part.isdigit() and len(part) < 18 for part in (microseconds, id_)):
        return None
    return Cursor(datetime.fromtimestamp(0, tz=UTC) + timedelta(microseconds=int(microseconds)), int(id_))


def log_of(*, site: Site, asked: Asked, now: datetime) -> QuerySet[Delivery]:
    """Return the deliveries asked for, whatever their state; tests are none of them. A search costs queries at once."""
    found = Delivery.objects.filter(site_id=site.id, created_at__gte=asked.window.since(now), is_test=False)
    if asked.destination_id is not None:
        found = found.filter(destination_id=asked.destination_id)
    if asked.event:
        found = found.filter(source_name=asked.event)
    if asked.search:
        names = Q(source_name__icontains=asked.search) | Q(name__icontains=asked.search)
        found = found.filter(names | Q(company_id__in=_companies_meant(site, asked.search)))
    return found


def in_state(deliveries: QuerySet[Delivery], state: str) -> QuerySet[Delivery]:
    """Return those in a state or in one of GROUPS; all of them without one."""
    if state in GROUPS:
        return deliveries.filter(state__in=GROUPS[state])
    return deliveries.filter(state=state) if state else deliveries


def states_counted(deliveries: QuerySet[Delivery]) -> Counter[str]:
    """Return how many are in each state. One query."""
    return Counter(dict(deliveries.order_by().values_list("state").annotate(n=Count("pk"))))


def log_page(*, site: Site, deliveries: QuerySet[Delivery], after: Cursor | None, limit: int = PAGE_ROWS) -> Page:
    """Return the deliveries after a place, newest first, and where it goes on. Five queries at most but for merges."""
    if after is not None:
        later = Q(created_at=after.created_at, id__gte=after.id)
        deliveries = deliveries.filter(created_at__lte=after.created_at).exclude(later)
    found = list(deliveries.select_related("destination").order_by("-created_at", "-id")[: limit + 1])
    shown = found[:limit]
    last = shown[-1] if len(found) > limit else None
    return Page(
        deliveries=shown,
        companies=companies_shown(site, shown),
        took_ms=took_of(shown),
        following=Cursor(last.created_at, last.id) if last else None,
    )


def companies_shown(site: Site, deliveries: Sequence[Delivery]) -> dict[int, CompanyShown]:
    """Return the companies of deliveries, by delivery: those that the site's client knows and doesn't ignore.

    What was merged since is shown as what it was merged into. Three queries; more where companies were merged.
    """
    of_delivery = {one.id: one.company_id for one in deliveries if one.company_id is not None}
    if not of_delivery:
        return {}
    led = merged_companies()
    of_delivery = {delivery_id: led.get(company_id, company_id) for delivery_id, company_id in of_delivery.items()}
    names = company_names_known(set(of_delivery.values()), client_ids=[site.client_id])
    ignored = set(ignored_on_site(site.id).filter(company_id__in=names)) if names else set()
    return {
        delivery_id: CompanyShown(company_id, names[company_id])
        for delivery_id, company_id in of_delivery.items()
        if company_id in names and company_id not in ignored
    }


def event_names(*, site_id: int) -> list[str]:
    """Return what goals and events are called that rules send somewhere, in the order of the alphabet. Two queries."""
    rules = list(RoutingRule.objects.filter(site_id=site_id).values_list("goal_id", "event_name"))
    goal_ids = {goal_id for goal_id, _ in rules if goal_id is not None}
    goals = Goal.objects.filter(id__in=goal_ids).values_list("name", flat=True)
    return sorted({*goals, *(name for _, name in rules if name)}, key=str.casefold)


def _companies_meant(site: Site, search: str) -> set[int]:
    """Return the companies that a search may mean, with those merged into them: known to the client and not ignored."""
    known = CompanyClient.objects.filter(client_id=site.client_id).exclude(company_id__in=ignored_on_site(site.id))
    met = known.filter(Q(company__name__icontains=search) | Q(company__domain__icontains=search))
    ids = set(met.values_list("company_id", flat=True)[:MOST_COMPANIES])
    return ids | {one for one, into in merged_companies().items() if into in ids} if ids else ids


def took_of(deliveries: Sequence[Delivery]) -> dict[int, int]:
    """Return how long the latest answered attempt took, by delivery, in milliseconds. One query."""
    tried = [one.id for one in deliveries if one.attempts]
    found = DeliveryAttempt.objects.filter(delivery_id__in=tried).exclude(duration_ms=None).order_by("number")
    took: dict[Any, Any] = dict(found.values_list("delivery_id", "duration_ms"))
    return took


def _text(given: str) -> str:
    return given[:MOST_LETTERS].replace("\x00", "")
