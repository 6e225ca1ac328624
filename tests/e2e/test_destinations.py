"""From a goal in a visitor’s browser to a signed message at a receiver, through all processes, with consent alone."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from apps.demo.standing_in.frame import Faults, serving
from apps.demo.webhook_stand_in.receiver import SECRET, Receiver

from .client_site import client_site
from .conftest import Beacon, eventually

NETWORK = "198.51.100"
# Until something is tried again: the first pauses are of up to ten and twenty seconds, at a sweep's moment at worst.
AGAIN_SECONDS = 60.0
GRANTED, DENIED = {"marketing": "granted", "text_version": "7"}, {"marketing": "denied"}
SET_UP = """
import json
from apps.agencies.models import Agency
from apps.core.tenancy import in_schema
from apps.destinations.conditions import Conditions
from apps.destinations.mapping import Mapping
from apps.destinations.services import destination_create, rule_save
from apps.sites.models import Site
from tests.goaling import goal_make
with in_schema(Agency.objects.get(slug="demo").schema_name):
    site = Site.objects.get(id={site})
    goal = goal_make(site, "event", name="Quote", event_name="quote", value_from="event")
    made = destination_create(
        site_id=site.id, provider="webhook", name="CRM", settings=dict(url="https://crm.example/hook"),
        secrets=dict(secret="{secret}"), is_test_mode=False, user_name="Ann", stand_in_url="{url}",
    )
    rule_save(
        destination=made, source="goal", goal_id=goal.id, event_name="", conditions=Conditions(),
        mapping=Mapping(name="QuoteAsked"), user_name="Ann",
    )
    print(json.dumps(made.id))
"""
CLEAR_AWAY = """
from apps.agencies.models import Agency
from apps.core.tenancy import in_schema
from apps.destinations.models import Destination
from apps.destinations.services import destination_archive
with in_schema(Agency.objects.get(slug="demo").schema_name):
    destination_archive(destination=Destination.objects.get(id={destination}))
"""
WITHDRAWN = "SELECT 1 FROM session WHERE entry_path = '/quote' AND consent_marketing = 'denied'"


@dataclass(frozen=True)
class Hook:
    """A receiver, how it fails, and the destination that leads to it. `after`: the last delivery of the test before."""

    receiver: Receiver
    faults: Faults
    beacon: Beacon
    destination_id: int
    after: int = 0

    def deliveries(self) -> list[tuple[Any, ...]]:
        """Return state, reason, tries, and the consent's state and version of each delivery."""
        columns = "state, reason, attempts, consent ->> 'state', consent ->> 'text_version'"
        where = "destination_id = %s AND id > %s ORDER BY id"
        return self.beacon.rows(f"SELECT {columns} FROM delivery WHERE {where}", self.destination_id, self.after)


@pytest.fixture(scope="module")
def all_tests_hook(beacon: Beacon) -> Iterator[Hook]:
    receiver, faults = Receiver(), Faults()
    with serving(receiver, faults) as url:
        site = beacon.site_id(beacon.demo.site)
        done = beacon.manage("shell", "-c", SET_UP.format(site=site, secret=SECRET, url=url))
        destination_id = json.loads(done.stdout.splitlines()[-1])
        yield Hook(receiver, faults, beacon, destination_id)
        beacon.manage("shell", "-c", CLEAR_AWAY.format(destination=destination_id))


@pytest.fixture
def hook(all_tests_hook: Hook) -> Hook:
    all_tests_hook.receiver.taken.clear()
    all_tests_hook.receiver.seen.clear()
    ((last,),) = all_tests_hook.beacon.rows("SELECT coalesce(max(id), 0) FROM delivery")
    return replace(all_tests_hook, after=last)


@pytest.fixture
def visit(beacon: Beacon, browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page of the client's site that a visitor has open, another in each test: an address is one visitor."""
    with client_site(
        host="kestrel.example",
        track_port=beacon.stack.track_port,
        site_key=beacon.facts["site_key"],
        address=f"{NETWORK}.{1 + sum(request.node.name.encode()) % 250}",
    ) as site:
        context = browser.new_context()
        page = context.new_page()
        page.goto(f"{site.url}/quote")
        yield page
        context.close()


def ask(page: Page, consent: dict[str, str] | None = None) -> None:
    """Reach the goal; say before what is agreed to."""
    if consent:
        page.evaluate("given => beacon('consent', given)", consent)
    page.evaluate("beacon('event', 'quote', {value: 99.5, currency: 'EUR'})")


def test_a_conversion_with_consent_arrives_signed_and_once(hook: Hook, visit: Page) -> None:
    ask(visit, GRANTED)
    eventually(lambda: [row[0] for row in hook.deliveries()] == ["received"])
    assert hook.deliveries() == [("received", "204", 1, "granted", "7")]
    # The receiver has verified the signature, else it would have taken nothing.
    assert list(hook.receiver.taken.values()) == [1]
    (data,) = (payload["data"] for payload in hook.receiver.seen)
    assert isinstance(data, dict)
    assert (data["event"], data["goal"], data["value"], data["currency"]) == ("QuoteAsked", "Quote", 99.5, "EUR")
    assert data["consent"]["state"] == "granted"


def test_without_consent_it_is_withheld(hook: Hook, visit: Page) -> None:
    ask(visit)
    eventually(lambda: bool(hook.deliveries()))
    assert hook.deliveries() == [("withheld", "consent_unasked", 0, "unasked", "")]
    assert not hook.receiver.taken


def test_a_withdrawal_stops_what_is_queued(hook: Hook, visit: Page) -> None:
    hook.faults.refuse_ratio = 1.0
    ask(visit, GRANTED)
    eventually(lambda: [row[:2] for row in hook.deliveries()] == [("waiting", "503")])
    visit.evaluate("given => beacon('consent', given)", DENIED)
    eventually(lambda: bool(hook.beacon.rows(WITHDRAWN)))
    hook.faults.refuse_ratio = 0.0
    eventually(lambda: hook.deliveries()[0][0] not in ("waiting", "sending"), seconds=AGAIN_SECONDS)
    ((state, reason, tries, consent, _),) = hook.deliveries()
    # The receipt stays the one that the tries before went on.
    assert (state, reason, consent) == ("withheld", "withdrawn", "granted") and tries >= 1
    assert not hook.receiver.taken
