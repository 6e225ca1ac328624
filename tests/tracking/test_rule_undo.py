"""Undoing a rule leaves exactly what would stand there had it never been."""

import random
from datetime import timedelta

import pytest

from apps.core import clock
from apps.sites.models import Site
from apps.tracking.envelope import Envelope, EventIn
from apps.tracking.ledger import ledger_sum
from apps.tracking.models import Session
from apps.tracking.rules.services import rule_undo
from apps.tracking.rules.work import rule_work, visits_judge
from tests.cast import Cast

from .arrivals import CRAWLER, NOON, at, click, engagement, envelope, store, view
from .ruling import adjustments, agree, everything_judged, figures, rule_gone, rule_make, stored

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture(autouse=True)
def evening(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOON + timedelta(hours=30))


def test_undoing_a_rule_brings_its_visits_back_as_they_were(in_alder: Cast) -> None:
    site = in_alder.site
    page = view(0, "/intranet/a")
    store(envelope(site, page, click(1), engagement(2, page, 5)), envelope(site, view(3), visitor=8))
    before = stored(site)
    rule = rule_make(site, "page:starts_with:/intranet", back=True)
    assert [visit.set_aside for visit in Session.objects.order_by("started_at")] == ["excluded", ""]
    assert figures(site)[:2] == (1, {"excluded": 2})
    agree(site)
    rule_gone(rule)
    assert stored(site) == before
    assert adjustments(site) == {f"rule:{rule.id}": 2, f"undo:{rule.id}": 2}


def test_the_ledgers_first_word_stays(in_alder: Cast) -> None:
    site = in_alder.site
    store(envelope(site, view(0)))
    rule_make(site, "page:is:/", back=True)
    told = ledger_sum(site_id=site.id)
    assert (told.counted, told.set_aside, told.counted_now, told.accepted) == (1, {}, 0, 1)


def test_of_two_rules_the_other_one_keeps_what_it_has(in_alder: Cast) -> None:
    site = in_alder.site
    store(envelope(site, view(0, "/a")), envelope(site, view(0, "/b"), visitor=8), envelope(site, view(0), visitor=9))
    first = rule_make(site, "page:is:/a", back=True)
    second = rule_make(site, "page:is:/a|/b", back=True)
    held = dict(Session.objects.values_list("entry_path", "excluded_by"))
    assert held == {"/a": first.id, "/b": second.id, "/": None}
    rule_gone(first)
    held = dict(Session.objects.values_list("entry_path", "excluded_by"))
    assert held == {"/a": second.id, "/b": second.id, "/": None}
    assert adjustments(site) == {f"rule:{first.id}": 1, f"undo:{first.id}": 1, f"rule:{second.id}": 2}
    agree(site)


def test_a_rule_from_now_on_doesnt_take_what_was_before_it(in_alder: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    site = in_alder.site
    store(envelope(site, view(0, "/a")))
    both = rule_make(site, "page:is:/a", back=True)
    later = rule_make(site, "page:is:/a")
    rule_gone(both)
    assert Session.objects.get().set_aside == ""
    monkeypatch.setattr(clock, "now", lambda: NOON + timedelta(hours=60))
    store(envelope(site, view(31 * 60, "/a"), visitor=8))
    assert Session.objects.get(visitor_id=8).excluded_by == later.id


@pytest.mark.parametrize("seed", range(6))
def test_the_same_events_with_a_rule_in_between_and_without_end_the_same(in_alder: Cast, seed: int) -> None:
    """On one site rules come and go while events arrive, late ones and bridging ones among them; on the other never."""
    ruled, plain = in_alder.site, in_alder.other_site
    rng = random.Random(seed)
    batches = [_bodies(rng) for _ in range(6)]
    kept = "page:contains:7"
    _arrive(ruled, batches[0])
    rules = [rule_make(ruled, "browser:is:Firefox", "pageviews:at_least:2", back=True)]
    _arrive(ruled, batches[1])
    rules.append(rule_make(ruled, "page:starts_with:/1|/2", back=True))
    rule_make(ruled, kept, back=True)
    _arrive(ruled, batches[2])
    everything_judged(ruled)
    rules.append(rule_make(ruled, "engaged:at_most:20", "events:at_least:1", back=True))
    _arrive(ruled, batches[3])
    agree(ruled)
    rule_gone(rules[0])
    _arrive(ruled, batches[4])
    rule_undo(rule=rules[1], user_id=1, user_name="Ann")
    _arrive(ruled, batches[5])
    for rule in rules[1:]:
        rule_undo(rule=rule, user_id=1, user_name="Ann")
        rule_work(rule.id)
    everything_judged(ruled)
    agree(ruled)

    rule_make(plain, kept, back=True)
    for batch in batches:
        _arrive(plain, batch)
    everything_judged(plain)
    one, other = stored(ruled), stored(plain)
    for visit in one["visits"]:
        visit["excluded_by"] = None if visit["excluded_by"] is None else 0
    assert one == other
    assert any(visit["set_aside"] == "excluded" for visit in one["visits"])
    assert any(visit["has_siblings"] for visit in one["visits"])


def _bodies(rng: random.Random) -> list[dict[str, object]]:
    """Return what some visitors send within ten hours, in no order, as parameters of envelopes."""
    bodies: list[dict[str, object]] = []
    for _ in range(14):
        minutes = rng.uniform(0, 600)
        pages = [view(minutes + rng.uniform(0, 40), f"/{rng.randrange(9)}") for _ in range(rng.randrange(1, 4))]
        events: list[EventIn] = [
            *pages,
            engagement(minutes + rng.uniform(0, 50), rng.choice(pages), rng.uniform(0, 40)),
        ]
        if rng.random() < 0.4:
            events.append(click(minutes))
        agent = rng.choices([None, FIREFOX, CRAWLER], [5, 3, 1])[0]
        visitor = rng.randrange(5) + (10 if agent == FIREFOX else 20 if agent == CRAWLER else 0)
        bodies.append({"events": events, "visitor": visitor, **({"user_agent": agent} if agent else {})})
    return bodies


def _arrive(site: Site, bodies: list[dict[str, object]]) -> None:
    envelopes: list[Envelope] = []
    for body in bodies:
        fields = dict(body)
        events = fields.pop("events")
        envelopes.append(envelope(site, *events, received_ms=at(20 * 60), **fields))  # type: ignore[misc,arg-type]
    store(*envelopes)
    visits_judge()
