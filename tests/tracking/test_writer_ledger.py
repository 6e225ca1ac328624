"""The ledger: what became of every event, to the last one, and in agreement with the tables."""

import random
from collections import Counter
from datetime import date

from django.db.models import Sum

from apps.tracking.envelope import EventIn, Refusals
from apps.tracking.ledger import LedgerDay, ledger_by_day, ledger_sum
from apps.tracking.models import Event, PendingEngagement, Session
from tests.cast import Cast

from .arrivals import CRAWLER, at, click, engagement, envelope, store, view


def test_every_event_has_its_line(in_alder: Cast) -> None:
    site, page = in_alder.site, view(0)
    store(
        envelope(site, page, click(1), engagement(2, page, 5)),
        envelope(site, page),
        envelope(site, view(0), visitor=9, user_agent=CRAWLER),
        envelope(site, view(3, referrer="http://semalt.com/")),
        Refusals(str(in_alder.alder.schema_name), site.id, "2026-11-18", {"rate": 3, "origin": 2}),
    )
    assert ledger_sum(site_id=site.id) == LedgerDay(
        refused={"rate": 3, "origin": 2},
        counted=2,
        folded=1,
        set_aside={"bot_declared": 1, "spam_referrer": 1},
        repeated=1,
    )


def test_days_are_those_of_receipt_in_utc(in_alder: Cast) -> None:
    site = in_alder.site
    store(envelope(site, view(0), received_ms=at(12 * 60 - 1)), envelope(site, view(1), received_ms=at(12 * 60)))
    days = ledger_by_day(site_id=site.id, first=date(2026, 11, 1), last=date(2026, 11, 30))
    assert {day: line.counted for day, line in days.items()} == {date(2026, 11, 19): 1, date(2026, 11, 18): 1}


def test_engagement_without_a_page_id_is_an_orphan_at_once(in_alder: Cast) -> None:
    lost = engagement(0, view(0), 5)
    lost.page_id = None
    store(envelope(in_alder.site, lost))
    assert ledger_sum(site_id=in_alder.site.id).set_aside == {"orphan": 1}


def test_its_sums_agree_with_the_tables(in_alder: Cast) -> None:
    site, rng = in_alder.site, random.Random(4)
    pages = [view(rng.uniform(0, 600), f"/{number}") for number in range(60)]
    sent = 0
    for _ in range(12):
        bodies = []
        for _ in range(15):
            events: list[EventIn] = rng.choices(pages, k=2)
            events.append(click(rng.uniform(0, 600)))
            events.append(engagement(rng.uniform(0, 600), rng.choice(pages), rng.uniform(0, 60)))
            agent = {"user_agent": CRAWLER} if rng.random() < 0.2 else {}
            bodies.append(envelope(site, *events, visitor=rng.randrange(6), **agent))
            sent += len(events)
        store(*bodies)
    told = ledger_sum(site_id=site.id)
    rows = Counter(Event.objects.filter(site_id=site.id).values_list("set_aside", flat=True))
    assert told.received == told.accepted == sent
    assert (told.counted, told.set_aside) == (rows[""], {"bot_declared": rows["bot_declared"]})
    assert told.folded == 12 * 15
    assert told.repeated == sent - told.folded - sum(rows.values())
    assert not PendingEngagement.objects.filter(page_id__in=Event.objects.values("event_id")).exists()

    totals = Session.objects.filter(site_id=site.id).aggregate(Sum("pageviews"), Sum("events"), Sum("engaged_ms"))
    kinds = Counter(Event.objects.filter(site_id=site.id).values_list("kind", flat=True))
    engaged = Event.objects.filter(site_id=site.id).aggregate(sum=Sum("engaged_ms"))["sum"]
    assert totals == {"pageviews__sum": kinds["pageview"], "events__sum": kinds["event"], "engaged_ms__sum": engaged}
    for visit in Session.objects.filter(site_id=site.id):
        moments = Event.objects.filter(session_id=visit.id).values_list("occurred_at", flat=True)
        assert visit.started_at <= min(moments) and max(moments) <= visit.ended_at
