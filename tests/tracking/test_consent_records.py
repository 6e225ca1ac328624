"""Consent in the writer: the record of each change on its visit, whatever order words come in, and gone with it."""

from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.agencies.models import SiteRoute
from apps.core.ids import uuid7
from apps.core.tenancy import in_schema
from apps.sites.models import Site
from apps.tracking.envelope import Consent, Envelope, EventIn
from apps.tracking.erase_visit import visit_erase
from apps.tracking.ledger import ledger_sum
from apps.tracking.models import ConsentRecord, Event, Session
from apps.tracking.retention import retention_enforce
from tests.cast import Cast
from tests.tracking.doors import DOMAIN, DoorClient, Streams, batch, custom, now_ms, pageview

from .arrivals import NOON, PARTITIONS, at, engagement, envelope, minutes_of, store, view, visits

# (minutes after noon, analytics, marketing)
Line = tuple[float | None, str, str]


def said(analytics: str = "granted", marketing: str = "", minutes: float | None = None, **fields: Any) -> Consent:
    moment = 0 if minutes is None else at(minutes)
    given: dict[str, Any] = {"source": "api", "at_ms": moment, "text_version": "3"}
    return Consent(analytics, marketing, **(given | fields))


def word(minutes: float) -> EventIn:
    return EventIn(uuid7(at(minutes)), "event", at(minutes), name="consent")


def refusal(site: Site, minutes: float, **fields: Any) -> Envelope:
    """Return a withdrawal as the door sends it on: with nothing in it."""
    empty: dict[str, Any] = {"user_agent": "", "ip_hash": b"", "consent": said("denied", "denied", minutes)}
    return envelope(site, word(minutes), **(empty | fields))


def history(site: Site) -> list[Line]:
    rows = ConsentRecord.objects.filter(site_id=site.id).order_by("said_at")
    assert set(rows.values_list("session_id", flat=True)) <= {visit.id for visit in visits(site)}
    return [(minutes_of(row.said_at), row.analytics, row.marketing) for row in rows]


def test_a_change_makes_a_record_and_a_repetition_none(in_alder: Cast) -> None:
    site = in_alder.site
    store(envelope(site, view(0)))
    assert history(site) == []
    for minutes in (2, 4, 6):
        store(envelope(site, view(minutes), consent=said(minutes=1)))
    store(envelope(site, view(8), consent=said("granted", "granted", 7, source="gcm", gpc=False, dnt=True)))
    assert history(site) == [(1, "granted", ""), (7, "granted", "granted")]
    (visit,) = visits(site)
    assert (visit.consent_analytics, visit.consent_marketing, visit.consent_source, visit.consent_version) == (
        "granted",
        "granted",
        "gcm",
        "3",
    )
    assert minutes_of(visit.consent_at) == 7
    record = ConsentRecord.objects.get(marketing="granted")
    assert (record.source, record.text_version, record.gpc, record.dnt) == ("gcm", "3", False, True)
    assert (minutes_of(record.received_at), record.session_id) == (8, visit.id)


def test_where_nothing_was_said_nothing_is_stored(in_alder: Cast) -> None:
    site = in_alder.site
    for minutes in (0, 2):  # a new row, and a changed one
        store(envelope(site, view(minutes)), envelope(site, view(minutes), visitor=8, consent=said(minutes=0)))
    empty = {f"consent_{name}__isnull": True for name in ("source", "version", "at")}
    (silent,) = Session.objects.filter(site_id=site.id, **empty)
    assert (silent.pageviews, silent.consent_source, silent.consent_version) == (2, "", "")


def test_a_page_that_says_nothing_takes_nothing_back(in_alder: Cast) -> None:
    site = in_alder.site
    store(envelope(site, view(0), consent=said("granted", "denied", 0)))
    store(envelope(site, view(1), consent=Consent(gpc=True)))
    (visit,) = visits(site)
    assert (visit.consent_analytics, visit.consent_marketing, visit.gpc) == ("granted", "denied", True)
    assert history(site) == [(0, "granted", "denied")]


def test_what_is_stored_again_makes_no_second_record(in_alder: Cast) -> None:
    site, page = in_alder.site, view(0)
    for _ in range(3):
        store(envelope(site, page, consent=said(minutes=0)), refusal(site, 5))
    assert history(site) == [(0, "granted", ""), (5, "denied", "denied")]
    assert len(visits(site)) == 1


def test_a_withdrawal_changes_the_visit_and_leaves_nothing_else(in_alder: Cast) -> None:
    site = in_alder.site
    store(envelope(site, view(0), consent=said(minutes=0)))
    store(refusal(site, 5))
    (visit,) = visits(site)
    assert (visit.consent_analytics, visit.events, visit.pageviews) == ("denied", 0, 1)
    assert minutes_of(visit.ended_at) == 0
    assert Event.objects.filter(site_id=site.id).count() == 1
    line = ledger_sum(site_id=site.id)
    assert (line.accepted, line.counted, line.folded) == (2, 1, 1)


def test_a_refusal_makes_no_visit(in_alder: Cast) -> None:
    site = in_alder.site
    store(refusal(site, 5))
    assert (visits(site), history(site)) == ([], [])
    line = ledger_sum(site_id=site.id)
    assert (line.accepted, line.set_aside) == (1, {"untied": 1})


def test_a_refusal_after_midnight_finds_the_visit_of_before(in_alder: Cast) -> None:
    site = in_alder.site
    store(envelope(site, view(11 * 60 + 50), visitor=10, consent=said(minutes=11 * 60 + 50)))
    store(refusal(site, 12 * 60 + 5, visitor=20, previous_visitor_id=10))
    (visit,) = visits(site)
    assert visit.consent_analytics == "denied"


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 0, 2), (1, 2, 0)])
def test_a_withdrawal_long_after_the_last_event_is_put_on_the_last_visit_before_it(
    in_alder: Cast, order: tuple[int, ...]
) -> None:
    site = in_alder.site
    for minutes in (0, 50, 300):
        store(envelope(site, view(minutes), consent=said(minutes=0)))
    withdrawn = refusal(site, 170)
    bodies = [envelope(site, view(60), consent=said(minutes=0)), withdrawn, withdrawn]
    for place in order:
        store(bodies[place])
    first, second, third = visits(site)
    assert [visit.consent_analytics for visit in (first, second, third)] == ["granted", "denied", "granted"]
    assert (minutes_of(second.started_at), minutes_of(second.ended_at), second.events) == (50, 60, 0)
    records = ConsentRecord.objects.filter(session_id=second.id).order_by("said_at")
    assert [(minutes_of(row.said_at), row.analytics) for row in records] == [(0, "granted"), (170, "denied")]
    assert len(history(site)) == 4
    line = ledger_sum(site_id=site.id)
    assert (line.set_aside, line.folded) == ({}, 2)


def test_a_withdrawal_holds_for_a_visit_that_becomes_known_after_it(in_alder: Cast) -> None:
    site = in_alder.site
    withdrawn = refusal(site, 170)
    store(envelope(site, view(0), consent=said(minutes=0)))
    for body in (withdrawn, envelope(site, view(100), consent=said(minutes=0)), envelope(site, view(50)), withdrawn):
        store(body)
    store(envelope(site, view(230), consent=said(minutes=200)))
    assert [visit.consent_analytics for visit in visits(site)] == ["denied", "denied", "denied", "granted"]
    latest = ConsentRecord.objects.filter(session_id=visits(site)[2].id).order_by("said_at")
    assert [(minutes_of(row.said_at), row.analytics) for row in latest] == [(0, "granted"), (170, "denied")]


def test_a_late_withdrawal_stays_with_visits_that_are_joined_afterwards(in_alder: Cast) -> None:
    site = in_alder.site
    store(envelope(site, view(0), consent=said(minutes=0)))
    store(refusal(site, 45))
    store(envelope(site, view(50), consent=said(minutes=0)))
    store(envelope(site, view(25), consent=said(minutes=0)))
    assert history(site) == [(0, "granted", ""), (45, "denied", "denied")]
    (visit,) = visits(site)
    assert (visit.consent_analytics, minutes_of(visit.ended_at)) == ("denied", 50)


def test_engagement_alone_brings_its_word_too(in_alder: Cast) -> None:
    site, page = in_alder.site, view(0)
    store(envelope(site, page))
    store(envelope(site, engagement(2, page, 30), consent=said(minutes=1)))
    assert history(site) == [(1, "granted", "")]
    (visit,) = visits(site)
    assert (visit.consent_analytics, visit.engaged_ms) == ("granted", 30_000)


def parts(site: Site) -> list[Envelope]:
    """Return a visit in five requests, of which the last says again what the second said."""
    return [
        envelope(site, view(0)),
        envelope(site, view(10), consent=said(minutes=9)),
        refusal(site, 20),
        envelope(site, view(45), consent=said(minutes=44)),
        envelope(site, view(50), consent=said(minutes=49)),
    ]


@pytest.mark.parametrize("order", [order for order in permutations(range(5)) if order.index(2) > 0][::5])
def test_the_history_is_the_same_whatever_order_words_come_in(in_alder: Cast, order: tuple[int, ...]) -> None:
    site = in_alder.site
    bodies = parts(site)
    # 35 minutes lie between the second page and the third: the bridge joins two visits, late or early.
    store(envelope(site, view(27)))
    for place in order:
        store(bodies[place])
    (visit,) = visits(site)
    *before, (again, *now) = history(site)
    assert (before, now) == ([(9, "granted", ""), (20, "denied", "denied")], ["granted", ""])
    # Where the refusal came last, no more is known than that the yes was still said after it.
    assert again in ((44, 49) if order[-1] == 2 else (44,))
    assert (visit.consent_analytics, minutes_of(visit.consent_at)) == ("granted", 49)


def test_joined_visits_have_one_history(in_alder: Cast) -> None:
    site = in_alder.site
    store(envelope(site, view(0), consent=said(minutes=0)))
    store(envelope(site, view(50), consent=said(minutes=50)))
    assert len(visits(site)) == 2
    assert len(history(site)) == 2
    store(envelope(site, view(25)))
    assert len(visits(site)) == 1
    assert history(site) == [(0, "granted", "")]
    assert minutes_of(visits(site)[0].consent_at) == 50


def test_of_two_words_in_one_moment_the_refusal_holds(in_alder: Cast) -> None:
    site = in_alder.site
    store(envelope(site, view(0)))
    store(refusal(site, 3), envelope(site, view(4), consent=said(minutes=3)))
    store(envelope(site, view(5), consent=said("granted", "", 3)))
    assert history(site) == [(3, "denied", "denied")]
    assert visits(site)[0].consent_analytics == "denied"


def test_records_go_with_their_visit(in_alder: Cast) -> None:
    site = in_alder.site
    store(envelope(site, view(0), consent=said(minutes=0)))
    store(envelope(site, view(0), visitor=8, consent=said(minutes=0)))
    kept, gone = visits(site)
    visit_erase(site_id=site.id, session_id=gone.id)
    assert set(ConsentRecord.objects.values_list("session_id", flat=True)) == {kept.id}
    Session.objects.filter(id=kept.id).update(started_at=NOON - timedelta(days=400), ended_at=NOON)
    retention_enforce()
    assert not ConsentRecord.objects.exists()


def flips(site: Site, first: int, last: int) -> list[Envelope]:
    """Return changes of mind, one a second: yes in even seconds, no in odd ones."""
    seconds = range(first, last)
    said_each = [said("denied" if second % 2 else "granted", "", second / 60) for second in seconds]
    return [
        envelope(site, word(second / 60), consent=consent) for second, consent in zip(seconds, said_each, strict=True)
    ]


def test_a_visit_has_its_first_records_and_its_newest_and_no_more_than_a_hundred(in_alder: Cast) -> None:
    site = in_alder.site
    store(envelope(site, view(0)), *flips(site, 0, 150))  # on a new visit
    for first, last in ((150, 220), (220, 221), (221, 230)):  # on one that is stored
        store(*flips(site, first, last))
        seconds = [round(minutes * 60) for minutes, _, _ in history(site) if minutes is not None]
        assert seconds == [*range(99), last - 1]
    assert history(site)[-1][1] == visits(site)[0].consent_analytics == "denied"
    # Late and out of order, and of another visitor beside.
    between = envelope(site, word(0.55 / 60), consent=said("denied", "denied", 0.55 / 60))
    store(between, envelope(site, view(1), visitor=8, consent=said(minutes=1)))
    lines = list(ConsentRecord.objects.filter(session_id=visits(site)[0].id).order_by("said_at"))
    assert len(lines) == 100
    assert [lines[place].said_at.second for place in (0, 1, 2, -1)] == [0, 0, 1, 49]
    assert ConsentRecord.objects.count() == 101


@pytest.mark.parametrize("visitors", [1, 100])
def test_words_cost_a_query_where_they_change_something(in_alder: Cast, visitors: int) -> None:
    site = in_alder.site
    store(envelope(site, view(0), visitor=0))
    ids = [PARTITIONS * number for number in range(1, visitors + 1)]
    new = [envelope(site, view(1), visitor=visitor, consent=said(minutes=1)) for visitor in ids]
    same = [envelope(site, view(2), visitor=visitor, consent=said(minutes=1)) for visitor in ids]
    refused = [refusal(site, 3, visitor=visitor) for visitor in ids]
    # The 15 of a batch without words (test_writer_stores), one more that inserts, and none where words only repeat.
    assert [queries_of(bodies) for bodies in (new, same)] == [16, 15]
    # Of words alone: no ids, nothing that waits; but visits are read, changed, and the record inserted.
    assert queries_of(refused) == 14


def queries_of(bodies: list[Envelope]) -> int:
    with CaptureQueriesContext(connection) as queries:
        store(*bodies)
    return sum("SAVEPOINT" not in query["sql"] and "search_path" not in query["sql"] for query in queries)


@pytest.mark.usefixtures("fresh_process")
def test_a_choice_and_its_withdrawal_go_from_the_tag_to_the_visit(in_alder: Cast, streams: Streams) -> None:
    site, now = in_alder.site, now_ms()
    SiteRoute.objects.update_or_create(
        site_key=site.site_key,
        defaults={
            "agency": in_alder.alder,
            "schema": in_alder.alder.schema_name,
            "site_id": site.id,
            "domains": [DOMAIN],
        },
    )
    door = DoorClient()
    yes = {"analytics": "granted", "marketing": "granted", "source": "api", "at": now - 9_000, "text_version": "v2"}
    no = {"analytics": "denied", "marketing": "denied", "source": "api", "at": now - 1_000, "text_version": "v2"}
    told = custom(2, name="consent", interactive=False, at=now - 1_000)
    for events, consent in (([pageview(1, at=now - 10_000)], yes), ([pageview(3, at=now), told], no)):
        assert door.post(batch(*events, consent=consent) | {"site_key": site.site_key}).status_code == 202
    with in_schema(str(in_alder.alder.schema_name)):
        store(*streams.envelopes, *streams.refusals)
        (visit,) = visits(site)
        rows = ConsentRecord.objects.filter(session_id=visit.id).order_by("said_at")
        assert [(row.analytics, row.marketing, row.text_version) for row in rows] == [
            ("granted", "granted", "v2"),
            ("denied", "denied", "v2"),
        ]
        assert (visit.pageviews, visit.consent_analytics, visit.set_aside) == (1, "denied", "")
        line = ledger_sum(site_id=site.id)
        assert (line.received, line.refused, line.counted, line.folded) == (3, {"consent": 1}, 1, 1)
