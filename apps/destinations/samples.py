"""What a rule or a destination can be tried on: the latest real events, or one that is made up and says so."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from apps.core import clock
from apps.core.ids import uuid7
from apps.sites.goals.patterns import Page
from apps.sites.goals.rules import GoalKind, ValueFrom
from apps.sites.models import Goal, Site
from apps.tracking.dimensions import BROKEN_DOWN
from apps.tracking.models import Conversion, Event, Kind, Rollup

from .loading import Loaded, Wanted, occurrences_load
from .match import match_keys_of
from .occurrences import CompanyFacts, ConsentReceipt, MatchKeys, Occurrence

# As many of the latest are looked at.
MOST = 20
# How far back an event is looked for that isn't a goal's.
BACK = timedelta(days=30)
MOST_NAMES = 100
LATEST_EVENTS = 500
NOBODY = UUID(int=0)  # the visit of what is made up
EXAMPLE_VALUE = Decimal("49.90")
EXAMPLE_CURRENCY = "EUR"


@dataclass(frozen=True, slots=True)
class Sample:
    """Something to try on. `is_set_aside`: its visit is a bot's, or left out by a rule of the site."""

    occurrence: Occurrence
    page: Page
    is_made_up: bool = False
    is_set_aside: bool = False

    @property
    def key(self) -> str:
        """What it is chosen by in a form."""
        return "" if self.is_made_up else str(self.occurrence.event_id)


def goal_samples(*, site_id: int, goal_ids: Sequence[int]) -> list[Sample]:
    """Return the latest conversions of goals, the newest first. At most eleven queries."""
    found = Conversion.objects.filter(site_id=site_id, goal_id__in=list(goal_ids)).order_by("-occurred_at")[:MOST]
    return _samples(
        site_id, [Wanted(one.event_id, one.occurred_at, one.goal_id, one.value, one.currency) for one in found]
    )


def event_samples(*, site_id: int, names: Sequence[str]) -> list[Sample]:
    """Return the latest events of these names within BACK, the newest first. At most eleven queries."""
    found = Event.objects.filter(
        site_id=site_id, kind=Kind.EVENT, name__in=list(names), occurred_at__gte=clock.now() - BACK
    ).order_by("-occurred_at")
    return _samples(
        site_id, [Wanted(event_id, at) for event_id, at in found.values_list("event_id", "occurred_at")[:MOST]]
    )


def _samples(site_id: int, wanted: Sequence[Wanted]) -> list[Sample]:
    if not wanted:
        return []
    loaded = occurrences_load(site_id=site_id, wanted=wanted, match=match_keys_of({one.event_id for one in wanted}))
    found = [loaded[one.event_id, one.goal_id] for one in wanted if (one.event_id, one.goal_id) in loaded]
    return [_of_loaded(one) for one in found]


def _of_loaded(one: Loaded) -> Sample:
    return Sample(one.occurrence, one.page, is_set_aside=bool(one.session.set_aside))


def event_names(*, site_id: int) -> list[str]:
    """Return the names of events that came within BACK. Two queries, of sums and of a bounded number of rows."""
    since = (clock.now() - BACK).date()
    summed = Rollup.objects.filter(site_id=site_id, dimension=BROKEN_DOWN["events"].code, day__gte=since)
    latest = Event.objects.filter(site_id=site_id, kind=Kind.EVENT, occurred_at__gte=clock.now() - BACK)
    names = set(summed.values_list("value", flat=True).distinct()[:MOST_NAMES])
    names |= set(latest.order_by("-occurred_at").values_list("name", flat=True)[:LATEST_EVENTS])
    return sorted(names - {""}, key=str.casefold)[:MOST_NAMES]


def sample_make(*, site: Site, goal: Goal | None = None, event_name: str = "") -> Sample:
    """Return a made-up event in which everything is known: what a rule makes of it shows the rule, not the visitor.

    Its worth is the goal's; where the event says what it is worth, an example. One query.
    """
    now = clock.now()
    host = site.domains.values_list("host", flat=True).first() or "www.example.com"
    is_page = goal is not None and goal.kind != GoalKind.EVENT.value
    name = "" if is_page else (goal.event_name if goal else "") or event_name
    value, currency = _worth(goal)
    page = Page(host, "/sample", "", "")
    occurrence = Occurrence(
        event_id=uuid7(int(now.timestamp() * 1000)),
        session_id=NOBODY,
        kind="pageview" if is_page else "event",
        event_name=name,
        goal_name=goal.name if goal else "",
        occurred_at=now - timedelta(seconds=10),
        value=value,
        currency=currency,
        event_value=None if is_page else value,
        event_currency="" if is_page else currency,
        transaction_id="SAMPLE-1",
        items=[{"sku": "SAMPLE", "name": "A sample", "price": 49.9, "quantity": 1, "category": "Samples"}],
        props={},
        page_url=f"https://{host}/sample",
        page_path="/sample",
        page_title="A sample of Beacon’s",
        referrer="",
        session_started_at=now - timedelta(minutes=2),
        engaged_ms=60_000,
        country="DE",
        region="DE-BE",
        city="Berlin",
        device="desktop",
        browser="Firefox",
        browser_version="140.0",
        system="Linux",
        system_version="",
        brand="",
        model="",
        language="en-GB",
        screen="1440x900",
        source="sample",
        medium="test",
        campaign="sample",
        click_ids={"gclid": "SAMPLE_gclid", "fbclid": "SAMPLE_fbclid"},
        consent=ConsentReceipt("granted", analytics="granted", source="api", said_at=now - timedelta(minutes=2)),
        match=_keys(now),
        company=CompanyFacts("Sample Ltd", "example.com", "business", 50, "warm"),
    )
    return Sample(occurrence, page, is_made_up=True)


def _worth(goal: Goal | None) -> tuple[Decimal | None, str]:
    if goal is None:
        return EXAMPLE_VALUE, EXAMPLE_CURRENCY
    if goal.value_from == ValueFrom.FIXED.value:
        return goal.value, goal.currency
    if goal.value_from == ValueFrom.EVENT.value:
        return EXAMPLE_VALUE, goal.currency or EXAMPLE_CURRENCY
    return None, ""


def _keys(now: datetime) -> MatchKeys:
    moment = int(now.timestamp())
    # example.com and the 555-01xx numbers are nobody's: RFC 2606, North American Numbering Plan.
    email, phone = _sha256("sample@example.com"), "+12025550100"
    return MatchKeys(
        ga_client_id=f"1234567890.{moment - 86_400}",
        ga_session_id=str(moment - 120),
        fbp=f"fb.1.{(moment - 86_400) * 1000}.1234567890",
        fbc=f"fb.1.{(moment - 120) * 1000}.SAMPLE_fbclid",
        user_agent="Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        email_sha256=email,
        email_google_sha256=email,
        phone_sha256=_sha256(phone.removeprefix("+")),
        phone_google_sha256=_sha256(phone),
    )


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
