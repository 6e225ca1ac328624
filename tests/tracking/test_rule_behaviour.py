"""Impossible behaviour: what no person does, and what people do that looks like it at first."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from apps.core import clock
from apps.networks.lookup import Network, NetworkKind
from apps.tracking import ingest
from apps.tracking.envelope import Context
from apps.tracking.ledger import ledger_sum
from apps.tracking.models import Session
from apps.tracking.rules.work import visits_judge
from tests.cast import Cast

from .arrivals import NOON, engagement, envelope, store, view
from .ruling import adjustments, agree, everything_judged, figures, rule_gone, rule_make

SECOND = 1 / 60


@pytest.fixture(autouse=True)
def evening(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOON + timedelta(hours=8))


@pytest.fixture
def come_from(monkeypatch: pytest.MonkeyPatch) -> Callable[[Network], None]:
    """Have visitors' addresses be of a network."""

    def come(network: Network) -> None:
        def put(arrival: ingest.Arrival) -> None:
            arrival.network = network

        monkeypatch.setattr(ingest, "WRITER_STEPS", (put, ingest.put_agent, ingest.put_verdict))
        # Whom other tests have sent by isn't known here.
        monkeypatch.setattr(ingest, "_senders", type(ingest._senders)())

    return come


def pages_store(
    cast: Cast, number: int, seconds_each: float, *, first: int = 0, origin: str = "tag", **fields: Any
) -> None:
    views = [view(SECOND * seconds_each * (first + place), f"/{first + place}") for place in range(number)]
    store(envelope(cast.site, *views, origin=origin, **fields))


def both_ways(cast: Cast, **fields: Any) -> set[str]:
    """Have pages come too fast, at once and in two batches; return what the visits are set aside as."""
    pages_store(cast, 80, 0.1, visitor=1, **fields)
    for batch in range(2):
        pages_store(cast, 40, 0.1, first=40 * batch, visitor=2, **fields)
    everything_judged(cast.site)
    agree(cast.site)
    assert Session.objects.count() == 2
    return set(Session.objects.values_list("set_aside", flat=True))


@pytest.mark.parametrize(
    ("number", "seconds_each"),
    [(60, 0.4), (500, 0.1), (20, 0.01), (25, 0.0)],
)
def test_pages_faster_than_anybody_reads_are_a_bots(in_alder: Cast, number: int, seconds_each: float) -> None:
    pages_store(in_alder, number, seconds_each)
    assert Session.objects.get().set_aside == "bot_behaviour"
    told = ledger_sum(site_id=in_alder.site.id)
    assert (told.counted, told.set_aside, told.adjusted) == (0, {"bot_behaviour": number}, {})
    agree(in_alder.site)


@pytest.mark.parametrize(
    ("number", "seconds_each"),
    [
        (400, 2.0),  # a heavy reader who skims
        (80, 0.6),  # who holds a key in a gallery
        (59, 0.3),  # a class of thirty, two pages each, within eighteen seconds
        (19, 0.0),  # a page that a script reloads
        (3, 0.0),  # redirects
    ],
)
def test_people_in_a_hurry_arent(in_alder: Cast, number: int, seconds_each: float) -> None:
    pages_store(in_alder, number, seconds_each)
    everything_judged(in_alder.site)
    assert Session.objects.get().set_aside == ""


def test_it_shows_over_batches_and_the_whole_visit_goes(in_alder: Cast) -> None:
    for batch in range(4):
        pages_store(in_alder, 18, 0.3, first=18 * batch)
    assert Session.objects.get().set_aside == ""
    visits_judge()
    assert Session.objects.get().set_aside == "bot_behaviour"
    assert adjustments(in_alder.site) == {"rule:bot_behaviour": 72}
    assert figures(in_alder.site)[:2] == (0, {"bot_behaviour": 72})
    agree(in_alder.site)


def test_a_burst_that_goes_on_as_a_visit_is_counted_again(in_alder: Cast) -> None:
    pages_store(in_alder, 30, 0.03)
    assert Session.objects.get().set_aside == "bot_behaviour"
    store(envelope(in_alder.site, view(5, "/read")))
    everything_judged(in_alder.site)
    assert Session.objects.get().set_aside == ""
    assert figures(in_alder.site)[:2] == (31, {})
    agree(in_alder.site)


def test_engaged_time_beyond_the_visits_length_proves_nothing(in_alder: Cast) -> None:
    page = view(0)
    store(envelope(in_alder.site, page), envelope(in_alder.site, engagement(50, page, 2900)))
    everything_judged(in_alder.site)
    assert Session.objects.get().set_aside == ""


def test_a_server_that_sends_for_everybody_is_never_judged(in_alder: Cast) -> None:
    pages_store(in_alder, 100, 0.0, origin="server")
    pages_store(in_alder, 100, 0.0, first=100, origin="server")
    everything_judged(in_alder.site)
    assert Session.objects.get().set_aside == ""


MANY = [
    Network(kind=NetworkKind.CONSUMER),
    Network(kind=NetworkKind.CONSUMER, is_mobile=True),
    Network(kind=NetworkKind.BUSINESS, is_mobile=True),
    Network(kind=NetworkKind.EDUCATION),
    Network(kind=NetworkKind.VPN, is_vpn=True, carries_people=True),
    Network(kind=NetworkKind.HOSTING, is_vpn=True, is_hosting=True, carries_people=True),
    Network(kind=NetworkKind.PROXY, is_proxy=True, carries_people=True),
    Network(kind=NetworkKind.TOR, is_tor=True, carries_people=True),
    Network(kind=NetworkKind.HOSTING, is_hosting=True, carries_people=True),
]


@pytest.mark.parametrize("network", MANY)
def test_a_network_with_many_behind_one_address_proves_nothing(
    in_alder: Cast, come_from: Callable[[Network], None], network: Network
) -> None:
    come_from(network)
    assert both_ways(in_alder) == {""}


@pytest.mark.parametrize("network", MANY)
def test_something_else_that_speaks_for_a_bot_does(
    in_alder: Cast, come_from: Callable[[Network], None], network: Network
) -> None:
    come_from(network)
    assert both_ways(in_alder, context=Context(screen=(0, 0), languages=["de"])) == {"bot_behaviour"}


@pytest.mark.parametrize(
    "network",
    [
        Network(kind=NetworkKind.HOSTING, is_hosting=True),
        Network(kind=NetworkKind.BUSINESS),
        Network(kind=NetworkKind.GOVERNMENT),
    ],
)
def test_from_machines_and_offices_it_is_a_bots(
    in_alder: Cast, come_from: Callable[[Network], None], network: Network
) -> None:
    come_from(network)
    assert both_ways(in_alder) == {"bot_behaviour"}


@pytest.mark.parametrize("kind", [NetworkKind.BUSINESS, NetworkKind.HOSTING])
def test_mails_that_an_office_opens_through_its_gateway_are_peoples(
    in_alder: Cast, come_from: Callable[[Network], None], kind: NetworkKind
) -> None:
    come_from(Network(kind=kind, is_hosting=kind is NetworkKind.HOSTING))
    assert both_ways(in_alder, origin="pixel") == {""}


def test_behaviour_goes_before_rules_and_comes_back_to_none(in_alder: Cast) -> None:
    pages_store(in_alder, 60, 0.1)
    rule = rule_make(in_alder.site, "page:is:/1", back=True)
    assert Session.objects.get().set_aside == "bot_behaviour"
    assert adjustments(in_alder.site) == {}
    rule_gone(rule)
    assert Session.objects.get().set_aside == "bot_behaviour"


def test_a_rule_takes_over_a_visit_that_slows_down(in_alder: Cast) -> None:
    pages_store(in_alder, 60, 0.1)
    rule = rule_make(in_alder.site, "page:is:/1", back=True)
    store(envelope(in_alder.site, view(10, "/read")))
    everything_judged(in_alder.site)
    assert Session.objects.get().excluded_by == rule.id
    assert adjustments(in_alder.site) == {"undo:bot_behaviour": 61, f"rule:{rule.id}": 61}
    agree(in_alder.site)
