"""A batch that is halved to find the wrong one: each half leaves as any request, looked at again and at the pace."""

import time
from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise
from types import SimpleNamespace

import pytest

from apps.core import clock
from apps.demo.meta_stand_in.server import MetaStandIn
from apps.demo.standing_in.frame import Ask, Reply
from apps.destinations import delivering
from apps.destinations.delivering import destination_send
from apps.destinations.models import Delivery, DeliveryAttempt, Destination
from apps.destinations.providers.meta.provider import Meta
from apps.destinations.services import destination_switch
from apps.sites.models import Goal, Site
from apps.tracking.models import Conversion, Event
from tests.cast import Cast
from tests.destinations.conftest import NOW, later, withdraw
from tests.destinations.meta.conftest import There
from tests.destinations.meta.test_meta_sending import converted, goal_there, states

__all__ = ["goal_there"]
PACE = 0.25


@pytest.fixture
def made(in_alder: Cast, goal: Goal, goal_there: Destination, there: There) -> list[Conversion]:
    """Nine that wait, of which the fifth is wrong."""
    made = converted(goal, in_alder, 9)
    there.stand_in.dataset.domains = frozenset({"varnholt.example"})
    hosts = Event.objects.filter(event_id__in=[one.event_id for one in made])
    hosts.update(host="www.varnholt.example")
    hosts.filter(event_id=made[4].event_id).update(host="elsewhere.example")
    return made


def after_the_first(monkeypatch: pytest.MonkeyPatch, then: Callable[[], object]) -> None:
    """Have something happen once the whole batch was refused."""
    settle = delivering._settle
    waits = [then]

    def settled(turn: delivering.Turn, landed: object) -> None:
        settle(turn, landed)  # type: ignore[arg-type]
        if landed and waits:
            waits.pop()()

    monkeypatch.setattr(delivering, "_settle", settled)


def test_who_withdraws_meanwhile_isnt_in_a_half(
    made: list[Conversion], goal_there: Destination, there: There, monkeypatch: pytest.MonkeyPatch
) -> None:
    after_the_first(monkeypatch, lambda: withdraw(made[1].session_id))
    destination_send(goal_there.id)
    assert states() == {"received": 7, "rejected": 1, "withheld": 1}
    withheld = Delivery.objects.get(state="withheld")
    assert (withheld.event_id, withheld.reason, withheld.attempts) == (made[1].event_id, "withdrawn", 1)
    assert len(there.stand_in.taken) == 7 and set(there.stand_in.taken.values()) == {1}


@pytest.mark.parametrize("what", ["off", "archived"])
def test_halves_wait_where_nothing_may_leave_any_more(
    what: str,
    in_alder: Cast,
    made: list[Conversion],
    goal_there: Destination,
    there: There,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def may_leave(it_may: bool) -> None:
        if what == "off":
            destination_switch(destination=goal_there, is_on=it_may)
        else:
            status = Site.Status.ACTIVE if it_may else Site.Status.ARCHIVED
            Site.objects.filter(id=in_alder.site.id).update(status=status)

    after_the_first(monkeypatch, lambda: may_leave(False))
    destination_send(goal_there.id)
    assert states() == {"waiting": 9} and not Delivery.objects.exclude(leased_until=None).exists()
    assert not there.stand_in.taken
    may_leave(True)
    destination_send(goal_there.id)
    assert states() == {"received": 8, "rejected": 1}
    assert set(there.stand_in.taken.values()) == {1}


def test_each_half_keeps_the_providers_pace(
    made: list[Conversion], goal_there: Destination, there: There, monkeypatch: pytest.MonkeyPatch
) -> None:
    passed = [0.0]
    monkeypatch.setattr(Meta, "pace_seconds", PACE)
    monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(seconds=passed[0]))

    def sleep(seconds: float) -> None:
        passed[0] += seconds

    monkeypatch.setattr(delivering, "time", SimpleNamespace(sleep=sleep, monotonic=time.monotonic))
    destination_send(goal_there.id)
    assert states() == {"received": 8, "rejected": 1}
    begun = sorted(dict(DeliveryAttempt.objects.values_list("request_key", "begun_at")).values())
    assert len(begun) >= 7
    assert all(two - one >= timedelta(seconds=PACE) for one, two in pairwise(begun))


def test_a_pace_that_nobody_waits_for_leaves_the_halves_to_the_next_turn(
    made: list[Conversion], goal_there: Destination, there: There, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Meta, "pace_seconds", 60.0)
    destination_send(goal_there.id)
    assert states() == {"waiting": 9} and not there.stand_in.taken
    assert not Delivery.objects.exclude(leased_until=None).exists()


@pytest.mark.parametrize(("hours", "state"), [(1, "received"), (49, "uncertain")])
def test_halves_of_which_meta_has_some_arent_sent_again_once_it_would_count_them_twice(
    hours: int,
    state: str,
    in_alder: Cast,
    goal: Goal,
    goal_there: Destination,
    there: There,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    converted(goal, in_alder, 4)
    monkeypatch.setattr(Meta, "pace_seconds", 60.0)
    later(monkeypatch, seconds=1)
    with monkeypatch.context() as answering:
        few = Reply(200, {"events_received": 1, "messages": [], "fbtrace_id": "A1"})

        def answer(stand_in: MetaStandIn, ask: Ask) -> Reply:
            return few

        answering.setattr(MetaStandIn, "answer", answer)
        destination_send(goal_there.id)
    assert states() == {"waiting": 4}
    later(monkeypatch, hours=hours)
    destination_send(goal_there.id)
    assert states() == {state: 4}
    if state == "uncertain":
        assert not there.stand_in.taken
        (reason, words), *_ = Delivery.objects.values_list("reason", "words")
        assert reason == "fewer_received"
        assert words.startswith("Meta took a part of the request that this was in, and it isn’t known which.")


@pytest.mark.parametrize(
    ("status", "reason", "words"),
    [
        (200, "taken_unread", "Meta answered that it took this, but nothing else that can be read."),
        (
            502,
            "failed_unread",
            "Meta failed at the request that this was in, and didn’t say whether it had taken it.",
        ),
    ],
)
@pytest.mark.parametrize(("hours", "state"), [(1, "received"), (49, "uncertain")])
def test_what_meta_answered_without_a_word_that_can_be_read_isnt_sent_again_once_it_would_count_twice(
    hours: int,
    state: str,
    status: int,
    reason: str,
    words: str,
    in_alder: Cast,
    goal: Goal,
    goal_there: Destination,
    there: There,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    converted(goal, in_alder, 1)
    later(monkeypatch, seconds=1)
    with monkeypatch.context() as answering:
        answering.setattr(MetaStandIn, "answer", lambda *_: Reply(status, "<html>"))
        destination_send(goal_there.id)
    assert states() == {"waiting": 1}
    later(monkeypatch, hours=hours)
    destination_send(goal_there.id)
    assert states() == {state: 1}
    if state == "uncertain":
        assert not there.stand_in.taken
        one = Delivery.objects.get()
        assert (one.reason, one.attempts) == (reason, 1)
        assert one.words.startswith(words)


def test_halves_that_would_outlast_the_turns_connections_are_left_to_the_next(
    made: list[Conversion], goal_there: Destination, there: There, monkeypatch: pytest.MonkeyPatch
) -> None:
    passed = [0.0]

    def sleep(seconds: float) -> None:
        passed[0] += seconds

    after_the_first(monkeypatch, lambda: sleep(delivering.HALVES_SECONDS - 1.5))
    monkeypatch.setattr(Meta, "pace_seconds", 1.0)
    monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(seconds=passed[0]))
    monkeypatch.setattr(delivering, "time", SimpleNamespace(sleep=sleep, monotonic=lambda: passed[0]))
    destination_send(goal_there.id)
    found = states()
    # The first two halves left within the time, what came of them didn't any more.
    assert DeliveryAttempt.objects.values("request_key").distinct().count() == 3
    assert found["waiting"] == 5 and found["received"] == 4
    assert not Delivery.objects.exclude(leased_until=None).exists()
    assert (goal_there.failures, set(there.stand_in.taken.values())) == (0, {1})
    # The rest goes in the next.
    passed[0] += 60.0
    destination_send(goal_there.id)
    assert states() == {"received": 8, "rejected": 1}
