"""What the writer makes of arrivals: rows of events, visits and totals, in any order and however often they come."""

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import permutations
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.core.ids import uuid7
from apps.core.tenancy import in_schema
from apps.tracking.envelope import Consent, Context, EventIn
from apps.tracking.facts import EventsStored
from apps.tracking.models import Event, ParkedEntry, PendingEngagement, Session, SessionAlias
from tests.cast import Cast

from .arrivals import CRAWLER, PARTITIONS, at, click, engagement, envelope, minutes_of, store, view, visits


def test_it_stores_a_visit(in_alder: Cast) -> None:
    site = in_alder.site
    landing = view(0, "/pricing", referrer="https://www.google.com/", title="Pricing")
    store(envelope(site, landing), envelope(site, click(1), engagement(2, landing, 30, 80)))
    (visit,) = visits(site)
    assert (visit.pageviews, visit.events, visit.interactive_events, visit.engaged_ms) == (1, 1, 1, 30_000)
    assert (visit.entry_path, visit.exit_path, visit.entry_host) == ("/pricing", "/pricing", "first.example")
    assert (minutes_of(visit.started_at), minutes_of(visit.ended_at)) == (0, 2)
    assert (visit.source, visit.channel, visit.browser, visit.device) == (
        "Google",
        "Organic Search",
        "Chrome",
        "desktop",
    )
    assert (visit.languages, visit.language, visit.screen_width) == ("de-DE,en", "de", 1920)
    rows = Event.objects.filter(site_id=site.id).order_by("occurred_at")
    assert [(row.kind, row.engaged_ms, row.scroll_percent, row.session_id) for row in rows] == [
        ("pageview", 30_000, 80, visit.id),
        ("event", 0, 0, visit.id),
    ]


def test_the_same_event_counts_once_in_a_batch_and_across_batches(in_alder: Cast) -> None:
    site, page = in_alder.site, view(0)
    store(envelope(site, page), envelope(site, page))
    store(envelope(site, page, visitor=8))
    (visit,) = visits(site)
    assert visit.pageviews == 1
    assert Event.objects.filter(site_id=site.id).count() == 1


def test_a_resent_event_is_known_although_its_corrected_time_lies_in_another_month(in_alder: Cast) -> None:
    site = in_alder.site
    event_id = uuid7()
    store(envelope(site, view(0, event_id=event_id, start=datetime(2026, 10, 31, 23, 59, tzinfo=UTC))))
    store(envelope(site, view(0, event_id=event_id, start=datetime(2026, 11, 1, 0, 1, tzinfo=UTC))))
    assert Event.objects.filter(site_id=site.id).count() == 1
    assert Session.objects.filter(site_id=site.id).count() == 1


def test_the_same_id_on_another_site_is_another_event(in_alder: Cast) -> None:
    page = view(0)
    store(envelope(in_alder.site, page), envelope(in_alder.other_site, page))
    assert Event.objects.filter(event_id=page.event_id).count() == 2


def journey(site: Any) -> list[Any]:
    first, second = view(0, "/in", referrer="https://www.linkedin.com/"), view(20, "/middle")
    third = view(45, "/out")
    return [
        envelope(site, first),
        envelope(site, engagement(19, first, 60), second),
        envelope(site, engagement(21, first, 90), click(44)),
        envelope(site, third),
    ]


@pytest.mark.parametrize("order", list(permutations(range(4)))[::3])
def test_a_visit_is_the_same_whatever_order_its_events_come_in(in_alder: Cast, order: tuple[int, ...]) -> None:
    parts = journey(in_alder.site)
    for place in order:
        store(parts[place])
    (visit,) = visits(in_alder.site)
    assert (minutes_of(visit.started_at), minutes_of(visit.ended_at)) == (0, 45)
    assert (visit.pageviews, visit.events, visit.engaged_ms) == (3, 1, 90_000)
    assert (visit.entry_path, visit.exit_path, visit.source) == ("/in", "/out", "LinkedIn")
    assert set(Event.objects.filter(site_id=in_alder.site.id).values_list("session_id", flat=True)) == {visit.id}


def test_a_bridged_visit_leads_to_the_one_it_became_part_of(in_alder: Cast) -> None:
    site = in_alder.site
    store(envelope(site, view(0)))
    store(envelope(site, view(50)))
    older, younger = visits(site)
    store(envelope(site, view(25)))
    (visit,) = visits(site)
    assert visit.id == older.id and visit.pageviews == 3
    assert SessionAlias.objects.get(id=younger.id).session_id == older.id
    assert set(Event.objects.filter(site_id=site.id).values_list("session_id", flat=True)) == {older.id}


def test_links_to_a_visit_that_was_joined_twice_still_lead_on(in_alder: Cast) -> None:
    site = in_alder.site
    store(envelope(site, view(50)))
    store(envelope(site, view(100)))
    store(envelope(site, view(0)))
    oldest, middle, youngest = visits(site)
    store(envelope(site, view(75)))
    store(envelope(site, view(25)))
    assert {alias.id: alias.session_id for alias in SessionAlias.objects.all()} == {
        middle.id: oldest.id,
        youngest.id: oldest.id,
    }


def test_a_joined_visit_brings_its_source_where_the_entry_page_was_its_own(in_alder: Cast) -> None:
    site = in_alder.site
    store(envelope(site, click(0)))
    store(envelope(site, view(50, "/landing", referrer="https://www.google.com/")))
    store(envelope(site, click(25)))
    (visit,) = visits(site)
    assert (visit.entry_path, visit.source) == ("/landing", "Google")


@pytest.mark.parametrize("engagement_first", [True, False])
def test_engagement_before_its_page_view_waits_for_it(in_alder: Cast, engagement_first: bool) -> None:
    site, page = in_alder.site, view(0)
    totals = envelope(site, engagement(1, page, 12, 55, vitals={"lcp": 900.4, "cls": 0.1}))
    for body in (totals, envelope(site, page)) if engagement_first else (envelope(site, page), totals):
        store(body)
    (visit,) = visits(site)
    row = Event.objects.get(event_id=page.event_id)
    assert (row.engaged_ms, row.scroll_percent, row.lcp_ms, row.cls) == (12_000, 55, 900, 0.1)
    assert (visit.engaged_ms, minutes_of(visit.ended_at)) == (12_000, 1)
    assert not PendingEngagement.objects.exists()


def test_engagement_is_a_total_of_which_the_largest_wins(in_alder: Cast) -> None:
    site, page = in_alder.site, view(0)
    store(envelope(site, page))
    for seconds, scroll in ((20, 30), (10, 60), (20, 30)):
        store(envelope(site, engagement(1, page, seconds, scroll)))
    (visit,) = visits(site)
    row = Event.objects.get(event_id=page.event_id)
    assert (row.engaged_ms, row.scroll_percent, visit.engaged_ms) == (20_000, 60, 20_000)


def test_waiting_engagement_keeps_the_largest_of_all_that_came(in_alder: Cast) -> None:
    site, page = in_alder.site, view(0)
    for seconds, vitals in ((5, {"lcp": 800.0}), (9, {"lcp": 700.0, "fcp": 300.0})):
        store(envelope(site, engagement(1, page, seconds, vitals=vitals)))
    assert PendingEngagement.objects.get().events == 2
    store(envelope(site, page))
    row = Event.objects.get(event_id=page.event_id)
    assert (row.engaged_ms, row.lcp_ms, row.fcp_ms) == (9_000, 800, 300)


def test_engagement_of_two_days_waits_for_one_page_view(in_alder: Cast) -> None:
    site, page = in_alder.site, view(11 * 60 + 58)
    for minutes, seconds in ((11 * 60 + 59, 5), (12 * 60 + 1, 9)):
        store(envelope(site, engagement(minutes, page, seconds)))
    assert sorted(PendingEngagement.objects.values_list("received_on__day", "events")) == [(18, 1), (19, 1)]
    store(envelope(site, page))
    assert Event.objects.get(event_id=page.event_id).engaged_ms == 9_000
    assert not ParkedEntry.objects.exists()


def test_engagement_from_another_network_joins_its_page_view(in_alder: Cast) -> None:
    site, page = in_alder.site, view(0)
    store(envelope(site, page, visitor=7))
    store(envelope(site, engagement(2, page, 8), visitor=8))
    (visit,) = visits(site)
    assert (visit.visitor_id, visit.engaged_ms, minutes_of(visit.ended_at)) == (7, 8_000, 2)


def test_bots_are_kept_apart_from_people(in_alder: Cast) -> None:
    site = in_alder.site
    store(envelope(site, view(0)), envelope(site, view(1), user_agent=CRAWLER, visitor=9))
    people, bot = visits(site)
    assert (people.set_aside, bot.set_aside, bot.bot_name) == ("", "bot_declared", "Googlebot")
    assert Event.objects.get(session_id=bot.id).set_aside == "bot_declared"


def test_a_spam_referrer_sets_its_page_view_aside(in_alder: Cast) -> None:
    site = in_alder.site
    spam = view(0, referrer="http://semalt.com/crawler")
    store(envelope(site, spam), envelope(site, view(1)))
    assert sorted(visit.set_aside for visit in visits(site)) == ["", "spam_referrer"]


def test_a_late_event_gets_a_visit_of_its_own(in_alder: Cast) -> None:
    site = in_alder.site
    store(envelope(site, view(0)))
    late = view(5)
    late.is_late = True
    store(envelope(site, late))
    first, second = visits(site)
    assert (first.is_late, second.is_late, first.pageviews, second.pageviews) == (False, True, 1, 1)


def test_a_visit_over_midnight_keeps_its_id_and_its_day(in_alder: Cast) -> None:
    site = in_alder.site
    midnight = datetime(2026, 11, 19, tzinfo=UTC)
    store(envelope(site, view(10, "/after", start=midnight), visitor=20, previous_visitor_id=10))
    store(envelope(site, view(-10, "/before", start=midnight), visitor=10))
    store(envelope(site, view(35, "/later", start=midnight), visitor=20))
    (visit,) = visits(site)
    assert (visit.visitor_id, visit.linked_visitor_id, visit.pageviews) == (10, 20, 3)
    assert (visit.local_day.isoformat(), visit.entry_path, visit.exit_path) == ("2026-11-18", "/before", "/later")
    assert set(Event.objects.filter(site_id=site.id).values_list("visitor_id", flat=True)) == {10}


def test_the_day_of_a_visit_is_the_sites_own(in_alder: Cast) -> None:
    site = in_alder.site
    site.time_zone = "Pacific/Auckland"
    site.save(update_fields=["time_zone"])
    store(envelope(site, view(0)))
    assert visits(site)[0].local_day.isoformat() == "2026-11-19"


def test_visitors_are_counted_exactly_without_distinct(in_alder: Cast) -> None:
    site = in_alder.site
    for minutes, visitor in ((0, 1), (60, 1), (120, 1), (5, 2), (10, 3), (90, 3)):
        store(envelope(site, view(minutes), visitor=visitor))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FILTER (WHERE NOT has_siblings) + count(DISTINCT visitor_id) FILTER (WHERE has_siblings), "
            "count(DISTINCT visitor_id) FROM session WHERE site_id = %s",
            [site.id],
        )
        assert cursor.fetchone() == (3, 3)


def test_the_context_comes_from_the_first_that_has_one_and_consent_from_the_last(in_alder: Cast) -> None:
    site = in_alder.site
    store(envelope(site, view(0), context=Context(), consent=Consent(analytics="denied")))
    store(envelope(site, view(1), consent=Consent(analytics="granted", marketing="denied", gpc=True)))
    (visit,) = visits(site)
    assert (visit.screen_width, visit.consent_analytics, visit.consent_marketing, visit.gpc) == (
        1920,
        "granted",
        "denied",
        True,
    )


def test_an_event_keeps_what_it_says(in_alder: Cast) -> None:
    site = in_alder.site
    bought = EventIn(uuid7(at(0)), "event", at(0), name="purchase", value="19.90", currency="EUR", transaction_id="T1")
    bought.items, bought.props, bought.target = [{"sku": "a", "price": 19.9}], {"plan": "team"}, {"text": "Buy", "x": 3}
    bought.user_id_hash, bought.clock_skew_ms = b"\x02" * 32, -1500
    store(envelope(site, bought))
    row = Event.objects.get(event_id=bought.event_id)
    assert (str(row.value), row.currency, row.transaction_id, row.clock_skew_ms) == ("19.9000", "EUR", "T1", -1500)
    assert (row.items, row.props, row.target) == (
        [{"sku": "a", "price": 19.9}],
        {"plan": "team"},
        {"text": "Buy", "x": 3},
    )
    assert row.user_id_hash is not None and bytes(row.user_id_hash) == b"\x02" * 32


def test_of_a_page_of_the_same_host_the_referrer_is_kept_from_its_path_on(in_alder: Cast) -> None:
    site = in_alder.site
    said = [
        "https://first.example/from?a=1",
        "https://first.example.net/",
        "http://first.example/",
        "https://x.example/",
    ]
    store(envelope(site, *(view(minutes, referrer=one) for minutes, one in enumerate(said))))
    rows = Event.objects.filter(site_id=site.id).order_by("occurred_at")
    assert list(rows.values_list("referrer", flat=True)) == ["/from?a=1", *said[1:]]


def test_texts_that_few_events_have_take_no_room_and_are_read_as_empty(in_alder: Cast) -> None:
    site, page = in_alder.site, view(0)
    page.content_group = "blog"
    store(envelope(site, page))
    row = Event.objects.get(site_id=site.id)
    assert (row.content_group, row.fragment, row.currency, row.canonical_url) == ("blog", "", "", "")
    with connection.cursor() as cursor:
        cursor.execute("SELECT num_nulls(content_group, fragment, currency, canonical_url) FROM event")
        assert cursor.fetchone() == (3,)


def test_two_agencies_dont_see_each_others_events(cast: Cast) -> None:
    with in_schema(str(cast.alder.schema_name)):
        store(envelope(cast.site, view(0)))
    with in_schema(str(cast.birch.schema_name)):
        assert not Event.objects.exists() and not Session.objects.exists()
        store(envelope(cast.birch_site, view(0), view(1)))
    with in_schema(str(cast.alder.schema_name)):
        assert Event.objects.count() == 1


def test_its_facts_name_the_visits_of_people_by_site(in_alder: Cast) -> None:
    facts = store(
        envelope(in_alder.site, view(0)),
        envelope(in_alder.other_site, view(0), visitor=8),
        envelope(in_alder.site, view(0), visitor=9, user_agent=CRAWLER),
    )
    schema = str(in_alder.alder.schema_name)
    assert sorted(facts, key=lambda fact: fact.site_id) == [
        EventsStored(schema, site.id, tuple(visit.id for visit in visits(site) if not visit.set_aside), False)
        for site in (in_alder.site, in_alder.other_site)
    ]


def test_imported_visits_are_told_as_backfill(in_alder: Cast) -> None:
    (fact,) = store(envelope(in_alder.site, view(0), origin="import", import_id=5))
    assert fact.is_backfill
    assert visits(in_alder.site)[0].import_id == 5


def test_events_of_a_deleted_site_go_nowhere(in_alder: Cast) -> None:
    body = envelope(in_alder.site, view(0))
    body.site_id = 10**9
    store(body)
    assert not Event.objects.filter(site_id=10**9).exists()


@pytest.mark.parametrize("visitors", [1, 100])
def test_a_batch_takes_as_many_queries_for_a_hundred_visitors_as_for_one(in_alder: Cast, visitors: int) -> None:
    site = in_alder.site
    store(envelope(site, view(0), visitor=0))  # leaves and position are there
    ids = [PARTITIONS * number for number in range(1, visitors + 1)]
    new = [envelope(site, view(1), visitor=visitor) for visitor in ids]
    known = [envelope(site, view(2), visitor=visitor) for visitor in ids]
    # For leaves 2; plan, position, lock, sites, rules, ids, pending, visits, events, visits, marks, ledger, position.
    assert (queries_of(lambda: store(*new)), queries_of(lambda: store(*known))) == (15, 15)


def queries_of(work: Callable[[], object]) -> int:
    """Return how many queries `work` takes, without savepoints and what the transaction around tests adds."""
    with CaptureQueriesContext(connection) as queries:
        work()
    return sum("SAVEPOINT" not in query["sql"] and "search_path" not in query["sql"] for query in queries)
