"""Putting events into visits: by their own time, in whatever order they come."""

from datetime import date
from itertools import permutations
from uuid import UUID

import pytest

from apps.core import clock
from apps.tracking.steps.sessions import Placed, Sessions, SessionState, count_pageview

from .arrivals import at

SITE = 1
ANN, ANN_TOMORROW = 10, 20


def local_day(site_id: int, at_ms: int) -> date:
    return clock.from_ms(at_ms).date()


def event(
    minutes: float, *, visitor: int = ANN, previous: int | None = None, aside: str = "", late: bool = False
) -> Placed:
    return Placed(SITE, visitor, previous, aside, late, at(minutes))


def sessions_of(*events: Placed) -> Sessions:
    """Place each event in a batch of its own, as if stored in between."""
    known: list[SessionState] = []
    sessions = Sessions(local_day)
    for one in events:
        sessions = Sessions(local_day)
        for state in known:
            sessions.add(state)
        sessions.place(one)
        sessions.changed()
        known = [state for state in {*known, *sessions.changed()} if state.joined_to is None]
        for state in known:
            state.is_new = state.is_changed = False
    final = Sessions(local_day)
    for state in known:
        final.add(state)
    return final


def spans(sessions: Sessions) -> list[tuple[float, float]]:
    return sorted(
        ((state.started_ms - at(0)) / 60_000, (state.ended_ms - at(0)) / 60_000)
        for state in sessions._by_id.values()
        if state.joined_to is None
    )


@pytest.mark.parametrize(
    ("minutes", "expected"),
    [
        ([0], [(0, 0)]),
        ([0, 10, 20], [(0, 20)]),
        ([0, 29.9], [(0, 29.9)]),
        ([0, 30], [(0, 0), (30, 30)]),
        ([0, 29, 58, 87], [(0, 87)]),
        ([0, 40], [(0, 0), (40, 40)]),
        ([0, 20, 40], [(0, 40)]),
        ([0, 10, 50, 60], [(0, 10), (50, 60)]),
        ([0, 25, 50, 110], [(0, 50), (110, 110)]),
    ],
)
def test_it_makes_the_same_visits_of_events_in_any_order(
    minutes: list[float], expected: list[tuple[float, float]]
) -> None:
    for order in permutations(minutes):
        one_by_one = sessions_of(*(event(minute) for minute in order))
        together = Sessions(local_day)
        for minute in order:
            together.place(event(minute))
        assert spans(one_by_one) == expected
        assert spans(together) == expected


def test_it_keeps_the_older_visit_when_an_event_bridges_two() -> None:
    sessions = Sessions(local_day)
    older, younger = sessions.place(event(0)), sessions.place(event(45))
    bridge = sessions.place(event(20))
    assert bridge is older
    assert younger.lasting is older
    assert sessions.joined == [younger]


def test_it_adds_the_totals_of_joined_visits() -> None:
    sessions = Sessions(local_day)
    older, younger = sessions.place(event(0)), sessions.place(event(45))
    count_pageview(older, at(0), "h", "/in")
    count_pageview(younger, at(45), "h", "/out")
    older.engaged_ms, younger.engaged_ms = 1000, 2500
    kept = sessions.place(event(20))
    assert (kept.pageviews, kept.engaged_ms, kept.entry_path, kept.exit_path) == (2, 3500, "/in", "/out")


@pytest.mark.parametrize("other", [event(1, visitor=99), event(1, aside="bot_declared"), event(1, late=True)])
def test_it_keeps_others_bots_and_late_events_in_visits_of_their_own(other: Placed) -> None:
    sessions = Sessions(local_day)
    assert sessions.place(event(0)) is not sessions.place(other)


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_a_visit_over_midnight_stays_one_with_the_id_it_began_with(order: tuple[int, ...]) -> None:
    events = [
        event(-5),  # before midnight: yesterday's id alone
        event(5, visitor=ANN_TOMORROW, previous=ANN),  # just after: both are known
        event(33, visitor=ANN_TOMORROW),  # later: today's id alone
    ]
    sessions = sessions_of(*(events[place] for place in order))
    assert spans(sessions) == [(-5, 33)]
    (state,) = sessions.changed() or sessions._by_id.values()
    assert (state.visitor_id, state.linked_visitor_id) == (ANN, ANN_TOMORROW)


def test_it_marks_both_when_a_visitor_has_two_visits_on_one_local_day() -> None:
    sessions = Sessions(local_day)
    first, alone, second = sessions.place(event(0)), sessions.place(event(0, visitor=99)), sessions.place(event(60))
    sessions.changed()
    assert (first.has_siblings, second.has_siblings, alone.has_siblings) == (True, True, False)


def test_it_doesnt_mark_visits_of_different_days() -> None:
    sessions = Sessions(local_day)
    first, second = sessions.place(event(0)), sessions.place(event(24 * 60))
    sessions.changed()
    assert not first.has_siblings and not second.has_siblings


def test_engagement_lengthens_its_visit() -> None:
    sessions = Sessions(local_day)
    visit = sessions.place(event(0))
    sessions.engage(visit, at(12), page_ms=at(0))
    assert visit.ended_ms == at(12)


def test_engagement_after_half_an_hour_of_silence_doesnt() -> None:
    sessions = Sessions(local_day)
    visit = sessions.place(event(0))
    sessions.engage(visit, at(31), page_ms=at(0))
    assert visit.ended_ms == at(0)


def test_engagement_joins_visits_that_it_touches() -> None:
    sessions = Sessions(local_day)
    first, second = sessions.place(event(0)), sessions.place(event(45))
    assert sessions.engage(first, at(20), page_ms=at(0))
    assert second.lasting is first


def test_engagement_from_before_its_page_view_lengthens_nothing() -> None:
    sessions = Sessions(local_day)
    visit = sessions.place(event(10))
    assert not sessions.engage(visit, at(5), page_ms=at(10))
    assert (visit.started_ms, visit.ended_ms) == (at(10), at(10))


def test_visits_of_two_ids_become_one_when_the_ids_turn_out_to_be_one_visitors() -> None:
    sessions = Sessions(local_day)
    yesterday = sessions.place(event(0, visitor=ANN))
    sessions.engage(yesterday, at(20), page_ms=at(0))
    today = sessions.place(event(45, visitor=ANN_TOMORROW))
    assert today is not yesterday
    bridge = sessions.place(event(5, visitor=ANN_TOMORROW, previous=ANN))
    assert today.lasting is yesterday and bridge.lasting is yesterday
    assert (yesterday.ended_ms, yesterday.linked_visitor_id) == (at(45), ANN_TOMORROW)


def test_entry_and_exit_follow_from_time_not_from_arrival() -> None:
    state = SessionState(UUID(int=1), SITE, ANN, "", False, at(0), at(9), date(2026, 11, 18))
    assert count_pageview(state, at(5), "h", "/middle")
    assert not count_pageview(state, at(9), "h", "/last")
    assert count_pageview(state, at(0), "h", "/first")
    assert (state.entry_path, state.exit_path, state.pageviews) == ("/first", "/last", 3)
