"""`manage.py check_sessions`: visits against their events."""

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from apps.core import clock
from apps.core.ids import uuid7
from apps.tracking.erase_visit import visit_erase
from apps.tracking.models import Event, Session
from apps.tracking.recount import site_set_zone
from apps.tracking.retention import retention_enforce
from apps.tracking.session_check import sessions_differing
from tests.cast import Cast

from .arrivals import NOON, click, engagement, envelope, store, view, visits
from .random_traffic import Traffic

MINUTE = timedelta(minutes=1)


def check(**options: Any) -> str:
    out = StringIO()
    call_command("check_sessions", stdout=out, **options)
    return out.getvalue()


def complaints(**options: Any) -> list[str]:
    out = StringIO()
    with pytest.raises(CommandError, match="aren't what their events make them"):
        call_command("check_sessions", stdout=out, **options)
    return out.getvalue().splitlines()


@pytest.fixture
def visit(in_alder: Cast) -> Session:
    """A visit of two page views, a click, and engagement that lengthened it."""
    landing, pricing = view(0, "/"), view(5, "/pricing")
    store(envelope(in_alder.site, landing, click(2), pricing, engagement(20, pricing, 60)))
    return visits(in_alder.site)[0]


def test_a_stored_visit_follows_from_its_events(in_alder: Cast, visit: Session) -> None:
    assert check() == "All visits follow from their events: 1 visits of 3 sites.\n"


@pytest.mark.parametrize("seed", range(8))
def test_it_agrees_whatever_comes_and_goes(in_alder: Cast, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOON)
    in_alder.site.time_zone = "Asia/Kathmandu"
    in_alder.site.save(update_fields=["time_zone"])
    traffic = Traffic(in_alder.site, str(in_alder.alder.schema_name), 100 + seed)
    for _ in range(14):
        traffic.batch()
        if traffic.draw.random() < 0.3:
            gone = Session.objects.filter(site_id=in_alder.site.id).order_by("id").first()
            assert gone and visit_erase(site_id=in_alder.site.id, session_id=gone.id)
        assert sessions_differing(in_alder.site) == []
    assert Event.objects.filter(last_seen_at__isnull=False).count() > 5
    site_set_zone(site=in_alder.site, time_zone="America/Los_Angeles")
    check()
    monkeypatch.setattr(clock, "now", lambda: NOON + timedelta(days=90, hours=12))
    assert retention_enforce() > 0
    check()


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"started_at": NOON - MINUTE}, "started_at"),
        ({"ended_at": NOON + 19 * MINUTE}, "ended_at"),
        ({"pageviews": 3}, "pageviews"),
        ({"events": 0}, "events"),
        ({"interactive_events": 2}, "interactive_events"),
        ({"engaged_ms": 59_999}, "engaged_ms"),
        ({"entry_path": "/pricing"}, "entry page"),
        ({"entry_host": "other.example"}, "entry page"),
        ({"entry_at": NOON + MINUTE}, "entry_at, entry page"),
        ({"exit_path": "/"}, "exit page"),
        ({"exit_at": None}, "exit_at, exit page"),
        ({"local_day": NOON.date() - timedelta(days=1)}, "local_day"),
    ],
)
def test_what_was_touched_is_named_and_mended(
    in_alder: Cast, visit: Session, changed: dict[str, Any], said: str
) -> None:
    store(envelope(in_alder.site, view(300), visitor=5))
    Session.objects.filter(id=visit.id).update(**changed)
    assert complaints(agency="alder", site="first-site") == [f"alder/first-site  {visit.id}  {said}"]
    assert "1 visits mended" in check(mend=True)
    for name in changed:
        assert getattr(Session.objects.get(id=visit.id), name) == getattr(visit, name)


def test_an_event_of_somebody_else_in_a_visit_is_named(in_alder: Cast, visit: Session) -> None:
    Event.objects.filter(kind="event").update(visitor_id=99)
    assert complaints() == [f"alder/first-site  {visit.id}  visitor or reason of its events"]


def test_half_an_hour_of_silence_in_a_visit_is_named(in_alder: Cast, visit: Session) -> None:
    Event.objects.filter(path="/pricing").update(occurred_at=NOON + 32 * MINUTE, last_seen_at=NOON + 32 * MINUTE)
    assert complaints() == [f"alder/first-site  {visit.id}  ended_at, exit_at, exit page, 30 minutes of silence in it"]


def test_a_page_view_thats_being_read_is_no_silence(in_alder: Cast) -> None:
    page = view(0)
    store(envelope(in_alder.site, page, engagement(25, page, 9), view(50)))
    assert len(visits(in_alder.site)) == 1
    check()


def test_two_visits_that_should_be_one_are_named(in_alder: Cast) -> None:
    store(envelope(in_alder.site, view(0), view(10), view(20)))
    (first,) = visits(in_alder.site)
    second = Session.objects.get(id=first.id)
    second.id, second.pageviews = uuid7(), 1
    second.started_at = second.ended_at = second.entry_at = second.exit_at = NOON + 20 * MINUTE
    second.save(force_insert=True)
    moved = Event.objects.filter(session_id=first.id, occurred_at=NOON + 20 * MINUTE)
    assert moved.update(session_id=second.id) == 1
    Session.objects.filter(id=first.id).update(
        ended_at=NOON + 10 * MINUTE, exit_at=NOON + 10 * MINUTE, pageviews=2, has_siblings=True
    )
    assert complaints() == [f"alder/first-site  {second.id}  another visit within 30 minutes, has_siblings"]
    # Which events belong together isn't a matter of adding up: that stays.
    assert complaints(mend=True) == [f"alder/first-site  {second.id}  another visit within 30 minutes, has_siblings"]


def test_a_visitors_two_visits_of_a_day_must_know_of_each_other(in_alder: Cast) -> None:
    store(envelope(in_alder.site, view(0), view(60)))
    first, _ = visits(in_alder.site)
    Session.objects.filter(id=first.id).update(has_siblings=False)
    assert complaints() == [f"alder/first-site  {first.id}  has_siblings"]
    check(mend=True)
    # One mark too many costs time, and isn't wrong.
    store(envelope(in_alder.site, view(0), visitor=8))
    Session.objects.update(has_siblings=True)
    check()


def test_events_without_a_visit_and_a_visit_without_events_are_named(in_alder: Cast, visit: Session) -> None:
    stray = uuid7()
    Event.objects.all().update(session_id=stray)
    assert set(complaints()) == {
        f"alder/first-site  {visit.id}  no events",
        f"alder/first-site  {stray}  no visit",
    }
