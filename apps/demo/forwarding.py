"""Where the demo's conversions go: destinations at local stand-ins, which run for as long as the simulator does.

The pages say of each that it is a stand-in. Ports are free ones: destinations are pointed at them anew each time.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from django.db import close_old_connections, transaction
from django.db.models import Exists, OuterRef, QuerySet

from apps.agencies.models import Agency
from apps.core import clock
from apps.core.tenancy import in_schema
from apps.destinations.conditions import Conditions
from apps.destinations.mapping import Mapping as RuleMapping
from apps.destinations.models import Delivery, Destination, RoutingRule
from apps.destinations.providers.ga4.forms import GLOBAL, STANDARD
from apps.destinations.providers.meta.forms import DEFAULT_VERSION
from apps.destinations.services import destination_create, destination_point, replay_begin, rule_save
from apps.sites.models import Goal, Site

from .ga4_stand_in import server as ga4
from .ga4_stand_in.world import Stream
from .goals import DATA_SHEET, DEMO_REQUESTED
from .google_ads_stand_in import server as google_ads
from .google_ads_stand_in.world import Account, Client
from .history import AGENCY_SLUG
from .meta_stand_in import server as meta
from .meta_stand_in.world import Dataset, Token
from .slack_stand_in import server as slack
from .standing_in.frame import Faults, StandIn, serving
from .webhook_stand_in import receiver
from .world import BRINDLEWICK, KESTREL, World

MADE_BY = "Ida Sandvik"
# What is due before a stand-in runs waits for one, or for so long.
AFTER = timedelta(minutes=10)
# Of the past, as much as a page shows at first: a part of it is too old for some.
REPLAY = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Sent:
    """What goes to a destination: a goal or an event by its name, and what it is called there."""

    goal: str = ""
    event: str = ""
    name: str = ""
    params: Mapping[str, str] = field(default_factory=dict)
    conditions: Conditions = field(default_factory=Conditions)


@dataclass(frozen=True, slots=True)
class Wired:
    """A destination of a demo site with the stand-in that plays its provider."""

    world: World
    provider: str
    name: str
    settings: Mapping[str, str]
    secrets: Mapping[str, str]
    stand_in: Callable[[], StandIn]
    sent: Sequence[Sent]
    faults: Faults = field(default_factory=Faults)

    @property
    def key(self) -> tuple[str, str]:
        return self.world.host, self.name


DEMO_ASKED = Sent(goal=DEMO_REQUESTED, params={"page": "{page_path}", "company": "{company}"})
WIRED = (
    Wired(
        KESTREL,
        "ga4",
        "GA4",
        {"measurement_id": Stream().measurement_id, "endpoint": GLOBAL, "property_kind": STANDARD},
        {"api_secret": Stream().api_secret},
        ga4.GA4StandIn,
        [
            Sent(goal=DEMO_REQUESTED, name="generate_lead"),
            Sent(goal=DATA_SHEET, name="file_download"),
            Sent(goal="Opened the demo form", name="form_start"),
        ],
        Faults(slow_ratio=0.05, slow_seconds=0.8),
    ),
    Wired(
        KESTREL,
        "google_ads",
        "Google Ads",
        {
            "operating_account": Account().number,
            "login_account": Account().manager,
            "conversion_action_id": min(Account().actions),
            "client_id": Client().client_id,
        },
        {"client_secret": Client().client_secret, "refresh_token": Client().refresh_token},
        lambda: google_ads.GoogleAdsStandIn(status_after=60),
        [Sent(goal=DEMO_REQUESTED), Sent(goal="Opened the demo form")],
    ),
    Wired(
        KESTREL,
        "meta",
        "Meta",
        {
            "dataset_id": Dataset().dataset_id,
            "pixel": "also",
            "data_processing": "off",
            "api_version": DEFAULT_VERSION,
        },
        {"access_token": Token().text},
        meta.MetaStandIn,
        [Sent(goal=DEMO_REQUESTED, name="Lead"), Sent(goal=DATA_SHEET, name="ViewContent")],
        Faults(refuse_ratio=0.04),
    ),
    Wired(
        KESTREL,
        "webhook",
        "CRM",
        {"url": "https://hooks.kestrel.example/beacon"},
        {"secret": receiver.SECRET},
        receiver.Receiver,
        [
            DEMO_ASKED,
            Sent(goal=DATA_SHEET),
            Sent(event="quote_form_start", conditions=Conditions(company_kinds=("business",))),
        ],
        Faults(refuse_ratio=0.08, slow_ratio=0.1, slow_seconds=1.5),
    ),
    Wired(
        KESTREL,
        "slack",
        "Sales channel",
        {"channel": "#sales", "quiet_from": "22:00", "quiet_until": "07:00"},
        {"webhook_url": slack.ADDRESS},
        slack.SlackStandIn,
        [Sent(goal=DEMO_REQUESTED)],
    ),
    # Its secret was changed over there: what a failing credential looks like.
    Wired(
        BRINDLEWICK,
        "webhook",
        "Newsletter service",
        {"url": "https://hooks.newsletter.example/beacon"},
        {"secret": receiver.SECRET},
        lambda: receiver.Receiver("whsec_" + "c29tZWJvZHkgaGFzIGNoYW5nZWQgdGhlIHNlY3JldCE="),
        [Sent(goal=DATA_SHEET), DEMO_ASKED],
    ),
)


# Where `python -m` starts them by default. Nothing has to run there before the simulator does: what is due waits.
BY_HAND = {
    "ga4": ga4.PORT,
    "meta": meta.PORT,
    "google_ads": google_ads.PORT,
    "webhook": receiver.PORT,
    "slack": slack.PORT,
}


def urls_by_hand() -> dict[tuple[str, str], str]:
    """Return the addresses of stand-ins that somebody starts by hand, by `Wired.key`."""
    return {one.key: f"http://127.0.0.1:{BY_HAND[one.provider]}" for one in WIRED}


@contextmanager
def stand_ins() -> Iterator[dict[tuple[str, str], str]]:
    """Run the stand-ins of all destinations in this process; give their addresses by `Wired.key`."""
    with ExitStack() as running:
        yield {one.key: running.enter_context(serving(one.stand_in(), one.faults)) for one in WIRED}


def destinations_connect(urls: Mapping[tuple[str, str], str]) -> None:
    """Point the demo's destinations at stand-ins that run. For a thread of its own."""
    try:
        with in_schema(str(Agency.objects.get(slug=AGENCY_SLUG).schema_name)):
            sites = {world.host: Site.objects.get(domains__host=world.host) for world in (KESTREL, BRINDLEWICK)}
            destinations_ensure(sites, urls)
            destinations_point(sites, urls)
            past_send(sites)
    finally:
        close_old_connections()


def destinations_ensure(sites: Mapping[str, Site], urls: Mapping[tuple[str, str], str]) -> None:
    """Make those destinations of sites (by host) that never were."""
    for one in WIRED:
        site = sites[one.world.host]
        if not _made(one, site).exists():
            _make(one, site, urls[one.key])


def destinations_point(sites: Mapping[str, Site], urls: Mapping[tuple[str, str], str]) -> None:
    """Point the demo's destinations at stand-ins. Nothing that somebody has added is touched."""
    for one in WIRED:
        for destination in _made(one, sites[one.world.host]).filter(archived_at=None).exclude(stand_in_url=""):
            _due(destination).filter(attempts=0).update(next_attempt_at=clock.now())
            destination_point(destination=destination, stand_in_url=urls[one.key])


def past_send(sites: Mapping[str, Site], *, after: timedelta = timedelta()) -> None:
    """Send the past days to the demo's destinations that never had them, `after` a while.

    Where no stand-in runs yet: from its first, vain try on it would take until one does, and the pages tell of that.
    """
    now = clock.now()
    for one in WIRED:
        replays = Delivery.objects.filter(destination=OuterRef("id"), is_replay=True)
        for destination in _made(one, sites[one.world.host]).filter(~Exists(replays), archived_at=None):
            with transaction.atomic():
                replay_begin(destination=destination, since=now - REPLAY, until=now)
                _due(destination).update(next_attempt_at=now + after)


def _due(destination: Destination) -> QuerySet[Delivery]:
    return Delivery.objects.filter(destination=destination, state=Delivery.State.WAITING)


def _made(one: Wired, site: Site) -> QuerySet[Destination]:
    return Destination.objects.filter(site_id=site.id, provider=one.provider, created_by=MADE_BY)


def _make(one: Wired, site: Site, url: str) -> None:
    destination = destination_create(
        site_id=site.id,
        provider=one.provider,
        name=one.name,
        settings=one.settings,
        secrets=one.secrets,
        is_test_mode=False,
        user_name=MADE_BY,
        stand_in_url=url,
    )
    goals = dict(Goal.objects.filter(site=site, archived_at=None).values_list("name", "id"))
    for sent in one.sent:
        if sent.event or sent.goal in goals:
            rule_save(
                destination=destination,
                source=RoutingRule.Source.EVENT if sent.event else RoutingRule.Source.GOAL,
                goal_id=goals.get(sent.goal),
                event_name=sent.event,
                conditions=sent.conditions,
                mapping=RuleMapping(name=sent.name, params=dict(sent.params)),
                user_name=MADE_BY,
            )
