"""`manage.py check_ledger`: the ledger against the tables, to the last event."""

from datetime import date, timedelta
from importlib import import_module
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from apps.core import clock
from apps.tracking.erase_visit import visit_erase
from apps.tracking.ledger import ledger_sum
from apps.tracking.ledger_check import Line, day_differences, rows_expected, site_check
from apps.tracking.models import Event, LedgerLine, ParkedEntry, PendingEngagement, Session
from apps.tracking.retention import orphans_drop, retention_enforce
from tests.cast import Cast
from tests.queries import queries_asked

from .arrivals import CRAWLER, NOON, envelope, store, view
from .random_traffic import Traffic

DAY = date(2026, 11, 18)


def check(**options: str) -> str:
    """Return what the command prints. Raises CommandError, which is exit status 1, where it finds something."""
    out = StringIO()
    call_command("check_ledger", stdout=out, **options)
    return out.getvalue()


def complaints(**options: str) -> list[str]:
    """Return what it finds to be wrong."""
    out = StringIO()
    with pytest.raises(CommandError):
        call_command("check_ledger", stdout=out, **options)
    return out.getvalue().splitlines()


@pytest.mark.parametrize(
    ("lines", "rows"),
    [
        ({}, {}),
        ({("counted", ""): 5}, {("counted", ""): 5}),
        ({("set_aside", "bot_declared"): 2, ("set_aside", "orphan"): 9}, {("set_aside", "bot_declared"): 2}),
        ({("parked", ""): 3, ("folded", ""): 4, ("repeated", ""): 1, ("erased", ""): 2}, {("parked", ""): 3}),
        # Rule 7 set 4 of 10 aside, and was then undone for 1 of them.
        (
            {("counted", ""): 10, ("adjusted", "rule:7"): 4, ("adjusted", "undo:7"): 1},
            {("counted", ""): 7, ("set_aside", "excluded"): 3},
        ),
        # One that came in when the rule was already there, and 4 from before; of those one was erased since.
        (
            {("counted", ""): 10, ("set_aside", "excluded"): 0, ("adjusted", "rule:7"): 4},
            {("counted", ""): 6, ("set_aside", "excluded"): 4},
        ),
        ({("counted", ""): 4, ("adjusted", "rule:7"): 4, ("adjusted", "undo:7"): 4}, {("counted", ""): 4}),
        (
            {("counted", ""): 10, ("adjusted", "bot_behaviour"): 3, ("adjusted", "undo:bot_behaviour"): 1},
            {("counted", ""): 8, ("set_aside", "bot_behaviour"): 2},
        ),
        (
            {("counted", ""): 9, ("adjusted", "rule:bot_behaviour"): 3, ("adjusted", "rule:1"): 2},
            {("counted", ""): 4, ("set_aside", "bot_behaviour"): 3, ("set_aside", "excluded"): 2},
        ),
        # All that a rule had set aside was erased.
        ({("counted", ""): 1, ("set_aside", "excluded"): -2, ("adjusted", "rule:3"): 2}, {("counted", ""): -1}),
    ],
)
def test_rows_that_lines_ask_for(lines: dict[Line, int], rows: dict[Line, int]) -> None:
    assert rows_expected(lines) == rows


@pytest.mark.parametrize(
    ("lines", "rows", "said"),
    [
        ({("counted", ""): 2, ("accepted", ""): 2}, {("counted", ""): 2}, []),
        ({("counted", ""): 2, ("accepted", ""): 2}, {("counted", ""): 3}, [("counted", 2, 3)]),
        ({("counted", ""): 2}, {("counted", ""): 2}, [("accepted", 0, 2)]),
        ({}, {("set_aside", "bot_declared"): 1}, [("set aside: bot_declared", 0, 1)]),
        ({("folded", ""): 2, ("accepted", ""): 2}, {("folded", ""): 2}, []),
        (
            {("folded", ""): 1, ("accepted", ""): 1},
            {("folded", ""): 2},
            [("folded (waiting for their page view)", 1, 2)],
        ),
        ({("counted", ""): 2, ("accepted", ""): 3}, {("counted", ""): 2}, [("accepted", 3, 2)]),
        ({("refused", "rate"): -1}, {}, [("refused: rate", -1, 0)]),
        ({("kounted", ""): 2}, {}, [("kounted (no such state)", 2, 0)]),
        # Adjustments move events between two fates: how many were accepted doesn't change by them.
        (
            {("counted", ""): 5, ("accepted", ""): 5, ("adjusted", "rule:1"): 2},
            {("counted", ""): 3, ("set_aside", "excluded"): 2},
            [],
        ),
    ],
)
def test_differences_of_a_day(lines: dict[Line, int], rows: dict[Line, int], said: list[tuple[str, int, int]]) -> None:
    assert [(one.what, one.ledger, one.tables) for one in day_differences(DAY, lines, rows)] == said


@pytest.mark.parametrize("seed", range(5))
def test_it_agrees_whatever_comes_and_goes(in_alder: Cast, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOON)
    traffic = Traffic(in_alder.site, str(in_alder.alder.schema_name), seed)
    for _ in range(12):
        traffic.batch()
        if traffic.draw.random() < 0.4:
            gone = Session.objects.filter(site_id=in_alder.site.id).order_by("id").first()
            assert gone and visit_erase(site_id=in_alder.site.id, session_id=gone.id)
        assert check(agency="alder").startswith("The ledger agrees with the tables: 2 sites, ")
    told = ledger_sum(site_id=in_alder.site.id)
    assert (told.received, told.refused_sum) == (traffic.accepted + traffic.refused, traffic.refused)
    assert min(told.counted, told.folded, told.repeated, told.parked, told.erased, told.set_aside["orphan"]) > 0

    monkeypatch.setattr(clock, "now", lambda: NOON + timedelta(days=40))
    assert orphans_drop() > 0
    check()
    monkeypatch.setattr(clock, "now", lambda: NOON + timedelta(days=90, hours=12))
    assert retention_enforce() > 0
    check()
    monkeypatch.setattr(clock, "now", lambda: NOON + timedelta(days=99))
    retention_enforce()
    check()
    assert not Event.objects.filter(site_id=in_alder.site.id).exists()
    told = ledger_sum(site_id=in_alder.site.id)
    assert (told.counted, told.parked, told.received) == (0, 0, traffic.accepted + traffic.refused)


def test_an_event_too_few_is_named(in_alder: Cast) -> None:
    store(envelope(in_alder.site, view(0), view(1)), envelope(in_alder.site, view(0), visitor=9, user_agent=CRAWLER))
    Event.objects.filter(set_aside="bot_declared").delete()
    assert complaints() == [
        "alder/first-site  2026-11-18  set aside: bot_declared: the ledger says 1, the tables 0",
    ]


def test_an_event_that_was_moved_by_hand_is_named_on_both_sides(in_alder: Cast) -> None:
    store(envelope(in_alder.site, view(0), view(1)))
    one = Event.objects.first()
    assert one is not None
    Event.objects.filter(event_id=one.event_id).update(set_aside="excluded")
    assert complaints(agency="alder", site="first-site") == [
        "alder/first-site  2026-11-18  counted: the ledger says 2, the tables 1",
        "alder/first-site  2026-11-18  set aside: excluded: the ledger says 0, the tables 1",
    ]
    LedgerLine.objects.create(site_id=in_alder.site.id, day=DAY, state="adjusted", reason="rule:4", count=1)
    assert check() == "The ledger agrees with the tables: 3 sites, 1 day, 2 events.\n"


def test_a_line_that_was_touched_is_named(in_alder: Cast) -> None:
    store(envelope(in_alder.site, view(0), view(1)), envelope(in_alder.site, view(2)))
    LedgerLine.objects.filter(state="counted").update(count=2)
    assert complaints() == [
        "alder/first-site  2026-11-18  counted: the ledger says 2, the tables 3",
        "alder/first-site  2026-11-18  accepted: the ledger says 3, the sum of what became of them 2",
    ]


@pytest.mark.parametrize("state", ["repeated", "folded"])
def test_the_equation_holds_what_has_no_rows(in_alder: Cast, state: str) -> None:
    page = view(0)
    store(envelope(in_alder.site, page), envelope(in_alder.site, page))
    LedgerLine.objects.update_or_create(
        site_id=in_alder.site.id, day=DAY, state=state, reason="", defaults={"count": 5}
    )
    assert [line.split("  ")[2].split(":")[0] for line in complaints()] == ["accepted"]


def test_days_from_before_the_accepted_were_counted_are_summed_up(in_alder: Cast) -> None:
    store(envelope(in_alder.site, view(0)))
    LedgerLine.objects.filter(state="accepted").delete()
    assert len(complaints()) == 1
    with connection.cursor() as cursor:
        cursor.execute(import_module("apps.tracking.migrations.0009_sum_up_the_accepted").SUM_UP)
    check()
    store(envelope(in_alder.site, view(1), visitor=4))
    check()


def test_parked_entries_of_old_count_on_the_day_they_were_parked(in_alder: Cast) -> None:
    store(envelope(in_alder.site, view(0, "/a\x00b")))
    old = ParkedEntry.objects.get()
    ParkedEntry.objects.update(received_on=None, parked_at=NOON)
    check()
    assert (old.received_on, old.ledger_day) == (DAY, DAY)


def test_what_waits_cant_be_more_than_was_folded(in_alder: Cast) -> None:
    PendingEngagement.objects.create(
        site_id=in_alder.site.id, page_id=view(0).event_id, received_on=DAY, last_at=NOON, events=3
    )
    assert complaints() == [
        "alder/first-site  2026-11-18  folded (waiting for their page view): the ledger says 0, the tables 3"
    ]


def test_another_agency_isnt_looked_at_unless_asked(in_alder: Cast) -> None:
    store(envelope(in_alder.site, view(0)))
    Event.objects.all().delete()
    assert check(agency="birch") == "The ledger agrees with the tables: 1 site, 0 days, 0 events.\n"
    assert check(agency="alder", site="second-site").endswith("1 site, 0 days, 0 events.\n")


@pytest.mark.parametrize("options", [{"agency": "nobody"}, {"site": "nowhere"}])
def test_a_name_that_isnt_there_is_said(in_alder: Cast, options: dict[str, str]) -> None:
    with pytest.raises(CommandError, match="There is no"):
        check(**options)


def test_a_site_takes_one_query(in_alder: Cast) -> None:
    store(envelope(in_alder.site, view(0)))
    with queries_asked(1):
        site_check(in_alder.site.id)


def test_the_day_is_utcs_whatever_the_connection_thinks(in_alder: Cast) -> None:
    store(envelope(in_alder.site, view(-11.5 * 60), received_ms=view(-11.5 * 60).occurred_ms))
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL TIME ZONE 'America/New_York'")
    check()
