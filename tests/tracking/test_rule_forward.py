"""Rules in the writer: new visits are stored as rules say; what shows later is judged within a minute."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.core import clock
from apps.networks.lookup import Network, NetworkKind
from apps.tracking import ingest
from apps.tracking.ledger import ledger_sum
from apps.tracking.models import Event, Session, VisitToJudge
from apps.tracking.rules.judging import rules_in_force, visits_judged
from apps.tracking.rules.work import visits_judge
from tests.cast import Cast

from .arrivals import CRAWLER, NOON, PARTITIONS, click, engagement, envelope, store, view
from .ruling import adjustments, agree, everything_judged, figures, rule_gone, rule_make

FOUND = Network(
    country="DE",
    asn=64500,
    network_name="Alder Telecom",
    organisation="Alder Group",
    kind=NetworkKind.BUSINESS,
)
# Each with what the visit below meets, and what it doesn't.
CONDITIONS = [
    ("country:is:DE", "country:is:AT"),
    ("country:is_not:AT|FR", "country:is_not:DE"),
    ("network:is:business", "network:is:hosting"),
    ("organisation:contains:alder", "organisation:contains:birch"),
    ("organisation:starts_with:ALDER", "organisation:starts_with:group"),
    ("asn:is:64500", "asn:is_not:64500"),
    ("page:is:/intranet/b", "page:is:/intranet"),
    ("page:starts_with:/intranet", "page:starts_with:/b"),
    ("page:contains:net", "page:contains:outside"),
    ("entry:is:/a", "entry:is:/intranet/b"),
    ("host:is:first.example", "host:contains:staging"),
    ("browser:is:Chrome", "browser:is:Firefox"),
    ("system:is:Windows", "system:is:macOS"),
    ("device:is:desktop", "device:is:mobile"),
    ("language:is:de", "language:is:en"),
    ("source:is:Partner", "source:is:Google"),
    ("referrer:is:", "referrer:contains:a"),
    ("pageviews:at_least:2", "pageviews:at_least:3"),
    ("events:at_least:1", "events:at_least:2"),
    ("engaged:at_least:5", "engaged:at_least:6"),
    ("duration:at_least:60", "duration:at_least:61"),
    # These are judged once a visit is over, and this one is.
    ("page:is_not:/c", "page:is_not:/a"),
    ("pageviews:at_most:2", "pageviews:at_most:1"),
    ("engaged:at_most:5", "engaged:at_most:4"),
    ("duration:at_most:60", "duration:at_most:59"),
    ("speed:at_least:1", "speed:at_least:2"),
]


@pytest.fixture(autouse=True)
def morning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOON - timedelta(hours=1))


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Visitors' addresses are of a network that is known."""

    def put(arrival: ingest.Arrival) -> None:
        arrival.network = FOUND

    monkeypatch.setattr(ingest, "WRITER_STEPS", (put, ingest.put_agent, ingest.put_verdict))
    # Whom other tests have sent by isn't known here.
    monkeypatch.setattr(ingest, "_senders", type(ingest._senders)())


def evening(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOON + timedelta(hours=8))


def visit_of(cast: Cast, visitor: int = 7) -> Any:
    first = view(0, "/a", query="utm_source=Partner")
    second = view(1, "/intranet/b")
    return envelope(cast.site, first, second, click(0.5), engagement(1, first, 5), visitor=visitor)


@pytest.mark.usefixtures("found")
@pytest.mark.parametrize("condition", [met for met, _ in CONDITIONS])
def test_a_new_visit_that_meets_the_condition_is_stored_set_aside(
    in_alder: Cast, monkeypatch: pytest.MonkeyPatch, condition: str
) -> None:
    rule = rule_make(in_alder.site, condition)
    evening(monkeypatch)
    facts = store(visit_of(in_alder))
    assert Session.objects.get().excluded_by == rule.id
    assert set(Event.objects.values_list("set_aside", flat=True)) == {"excluded"}
    told = ledger_sum(site_id=in_alder.site.id)
    assert (told.counted, told.set_aside, told.folded, told.adjusted) == (0, {"excluded": 3}, 1, {})
    assert facts == []
    everything_judged(in_alder.site)
    assert adjustments(in_alder.site) == {}


@pytest.mark.usefixtures("found")
@pytest.mark.parametrize("condition", [unmet for _, unmet in CONDITIONS])
def test_one_that_doesnt_is_counted(in_alder: Cast, monkeypatch: pytest.MonkeyPatch, condition: str) -> None:
    rule_make(in_alder.site, condition)
    evening(monkeypatch)
    store(visit_of(in_alder))
    assert Session.objects.get().set_aside == ""
    everything_judged(in_alder.site)
    assert Session.objects.get().set_aside == ""


@pytest.mark.usefixtures("found")
@pytest.mark.parametrize("conditions", CONDITIONS)
def test_stored_visits_are_judged_as_new_ones_are(
    in_alder: Cast, monkeypatch: pytest.MonkeyPatch, conditions: tuple[str, str]
) -> None:
    store(visit_of(in_alder))
    evening(monkeypatch)
    for condition, is_met in zip(conditions, (True, False), strict=True):
        rule = rule_make(in_alder.site, condition, back=True, carried_out=False)
        rules = [one for one in rules_in_force([in_alder.site.id])[in_alder.site.id] if one.id == rule.id]
        (flag,) = visits_judged(
            site_id=in_alder.site.id,
            session_ids=Session.objects.values_list("id", flat=True),
            rules=rules,
            now=clock.now(),
        ).values()
        assert (flag.excluded_by == rule.id) is is_met, condition


def test_all_conditions_must_hold(in_alder: Cast) -> None:
    rule_make(in_alder.site, "page:is:/a", "browser:is:Firefox")
    store(envelope(in_alder.site, view(0, "/a")))
    assert Session.objects.get().set_aside == ""


def test_of_several_rules_the_earliest_has_the_visit(in_alder: Cast) -> None:
    first, _ = rule_make(in_alder.site, "page:is:/a"), rule_make(in_alder.site, "browser:is:Chrome")
    store(envelope(in_alder.site, view(0, "/a")))
    assert Session.objects.get().excluded_by == first.id


def test_an_event_that_falls_into_a_visit_that_is_set_aside_goes_with_it(in_alder: Cast) -> None:
    rule_make(in_alder.site, "page:is:/intranet")
    store(envelope(in_alder.site, view(0, "/intranet")))
    store(envelope(in_alder.site, view(5, "/shop")))
    assert Session.objects.get().pageviews == 2
    assert figures(in_alder.site)[:2] == (0, {"excluded": 2})
    agree(in_alder.site)


def test_a_later_page_sets_the_whole_visit_aside_within_a_minute(in_alder: Cast) -> None:
    rule = rule_make(in_alder.site, "page:is:/intranet")
    store(envelope(in_alder.site, view(0, "/shop")))
    store(envelope(in_alder.site, view(5, "/intranet")))
    assert Session.objects.get().set_aside == ""
    assert visits_judge() == 1
    assert Session.objects.get().excluded_by == rule.id
    assert adjustments(in_alder.site) == {f"rule:{rule.id}": 2}
    agree(in_alder.site)


def test_what_shows_at_the_end_only_is_judged_when_the_visit_is_over(
    in_alder: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule = rule_make(in_alder.site, "pageviews:at_most:1")
    monkeypatch.setattr(clock, "now", lambda: NOON + timedelta(minutes=1))
    store(envelope(in_alder.site, view(0)), envelope(in_alder.site, view(0), view(1), visitor=8))
    visits_judge()
    assert not Session.objects.exclude(set_aside="").exists()
    assert VisitToJudge.objects.count() == 2
    monkeypatch.setattr(clock, "now", lambda: NOON + timedelta(minutes=32))
    everything_judged(in_alder.site)
    assert dict(Session.objects.values_list("visitor_id", "excluded_by")) == {7: rule.id, 8: None}
    agree(in_alder.site)


def test_a_visit_that_goes_on_past_such_a_rule_is_counted_again(
    in_alder: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule = rule_make(in_alder.site, "pageviews:at_most:1")
    monkeypatch.setattr(clock, "now", lambda: NOON + timedelta(hours=8))
    store(envelope(in_alder.site, view(0)))
    assert Session.objects.get().excluded_by == rule.id
    store(envelope(in_alder.site, view(10)))
    everything_judged(in_alder.site)
    assert Session.objects.get().set_aside == ""
    assert figures(in_alder.site)[:2] == (2, {})
    agree(in_alder.site)


def test_of_joined_visits_the_rest_follows_what_was_set_aside(in_alder: Cast) -> None:
    rule = rule_make(in_alder.site, "page:is:/intranet")
    store(envelope(in_alder.site, view(0, "/shop"), view(2, "/shop/2")), envelope(in_alder.site, view(45, "/intranet")))
    assert sorted(Session.objects.values_list("set_aside", flat=True)) == ["", "excluded"]
    assert Session.objects.filter(has_siblings=True).count() == 2
    store(envelope(in_alder.site, view(20, "/bridge")))
    assert Session.objects.get().excluded_by == rule.id
    assert figures(in_alder.site)[:2] == (0, {"excluded": 4})
    assert adjustments(in_alder.site) == {f"rule:{rule.id}": 2}
    agree(in_alder.site)
    rule_gone(rule)
    assert (Session.objects.get().pageviews, figures(in_alder.site)[:2]) == (4, (4, {}))
    agree(in_alder.site)


def test_a_counted_visit_that_comes_first_takes_over_the_flag_too(in_alder: Cast) -> None:
    rule = rule_make(in_alder.site, "page:is:/intranet")
    store(envelope(in_alder.site, view(0, "/intranet")), envelope(in_alder.site, view(-45, "/shop")))
    # Before both, within reach of the first: it is what the joined visit begins with.
    store(envelope(in_alder.site, view(-20, "/bridge"), view(-70, "/first")))
    (visit,) = Session.objects.all()
    assert (visit.entry_path, visit.excluded_by, visit.pageviews) == ("/first", rule.id, 4)
    agree(in_alder.site)


def test_bots_keep_their_own_reason(in_alder: Cast) -> None:
    rule = rule_make(in_alder.site, "page:is:/", back=True)
    store(envelope(in_alder.site, view(0), user_agent=CRAWLER), envelope(in_alder.site, view(0)))
    assert dict(Session.objects.values_list("set_aside", "excluded_by")) == {"bot_declared": None, "excluded": rule.id}


def test_other_sites_know_nothing_of_it(in_alder: Cast) -> None:
    rule_make(in_alder.other_site, "page:is:/")
    store(envelope(in_alder.site, view(0)))
    assert Session.objects.get().set_aside == ""


@pytest.mark.parametrize("visitors", [1, 40])
def test_a_batch_asks_as_much_with_rules_for_many_sites_as_for_one(in_alder: Cast, visitors: int) -> None:
    sites = (in_alder.site, in_alder.other_site) if visitors > 1 else (in_alder.site,)
    for site in sites:
        rule_make(site, "page:is:/intranet")
        rule_make(site, "pageviews:at_least:9")
    store(envelope(in_alder.site, view(0), visitor=0))
    ids = [PARTITIONS * number for number in range(1, visitors + 1)]
    new = [envelope(sites[visitor % len(sites)], view(1), visitor=visitor) for visitor in ids]
    known = [envelope(sites[visitor % len(sites)], view(2), visitor=visitor) for visitor in ids]
    # One more than without for the rules themselves, and one for known visits, to have them judged.
    assert (_queries(*new), _queries(*known)) == (15, 16)


def _queries(*bodies: Any) -> int:
    with CaptureQueriesContext(connection) as queries:
        store(*bodies)
    return sum("SAVEPOINT" not in query["sql"] and "search_path" not in query["sql"] for query in queries)
