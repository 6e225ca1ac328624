"""Impossible behaviour: what no person does, and what people do that looks like it at first."""

from datetime import timedelta

import pytest

from apps.core import clock
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


def pages_store(cast: Cast, number: int, seconds_each: float, *, first: int = 0, origin: str = "tag") -> None:
    views = [view(SECOND * seconds_each * (first + place), f"/{first + place}") for place in range(number)]
    store(envelope(cast.site, *views, origin=origin))


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
