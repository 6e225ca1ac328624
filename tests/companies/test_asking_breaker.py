"""When a service is left alone, for how long, and who tries it again."""

from copy import copy
from datetime import timedelta

import pytest

from apps.companies.asking.breaker import FAILURES, Breaker, State
from apps.companies.asking.failures import Failure, ProviderError
from apps.core import clock

from .conftest import NOW
from .ipinfo import FakeIPinfo

BROKEN = ProviderError(Failure.UNREACHABLE, "away")


@pytest.fixture
def breaker(ipinfo: FakeIPinfo) -> Breaker:
    return Breaker(service="enrichment", token="one", url=ipinfo.url)


def later(monkeypatch: pytest.MonkeyPatch, **by: float) -> None:
    at = clock.now() + timedelta(**by)
    monkeypatch.setattr(clock, "now", lambda: at)


def opened(breaker: Breaker) -> float:
    """Have it fail until it opens; return for how many seconds."""
    for _ in range(FAILURES - 1):
        assert breaker.fail(BROKEN) == 0
        assert breaker.admit() is State.CLOSED
    return breaker.fail(BROKEN)


def test_some_failures_in_a_row_open_it(breaker: Breaker) -> None:
    assert 27 <= opened(breaker) <= 33
    assert breaker.admit() is State.OPEN
    assert (breaker.look().state, breaker.look().why) == (State.OPEN, "unreachable")


def test_a_success_between_them_begins_the_count_anew(breaker: Breaker) -> None:
    for _ in range(3 * FAILURES):
        breaker.fail(BROKEN)
        breaker.succeed()
    assert breaker.admit() is State.CLOSED


def test_half_open_lets_one_in_and_closes_with_its_success(breaker: Breaker, monkeypatch: pytest.MonkeyPatch) -> None:
    opened(breaker)
    later(monkeypatch, seconds=40)
    assert breaker.look().state is State.HALF_OPEN
    assert [breaker.admit() for _ in range(3)] == [State.HALF_OPEN, State.OPEN, State.OPEN]
    breaker.succeed()
    assert [breaker.admit() for _ in range(2)] == [State.CLOSED, State.CLOSED]


def test_a_failed_probe_opens_it_for_twice_as_long(breaker: Breaker, monkeypatch: pytest.MonkeyPatch) -> None:
    opened(breaker)
    pauses = []
    for _ in range(8):
        later(monkeypatch, hours=1)
        assert breaker.admit() is State.HALF_OPEN
        pauses.append(breaker.fail(BROKEN))
        assert breaker.admit() is State.OPEN
    assert [round(pause / 30 / 2**power) for power, pause in enumerate(pauses[:3], start=1)] == [1, 1, 1]
    assert pauses[-1] == 15 * 60


def test_a_probe_that_never_came_back_is_followed_by_another(breaker: Breaker, monkeypatch: pytest.MonkeyPatch) -> None:
    opened(breaker)
    later(monkeypatch, seconds=40)
    assert breaker.admit() is State.HALF_OPEN
    later(monkeypatch, seconds=26)
    assert breaker.admit() is State.HALF_OPEN


def test_failures_that_were_on_their_way_dont_make_it_longer(breaker: Breaker) -> None:
    opened(breaker)
    till = breaker.look().till
    assert breaker.fail(BROKEN) == 0
    assert breaker.look().till == till


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        (ProviderError(Failure.LIMITED, "", retry_after=90.0), 90),
        (ProviderError(Failure.LIMITED, ""), 60),
        (ProviderError(Failure.REFUSED, ""), 3_600),
        (ProviderError(Failure.UNREACHABLE, "", retry_after=20.0), 20),
    ],
)
def test_who_asks_to_be_left_alone_is_at_once(
    breaker: Breaker, monkeypatch: pytest.MonkeyPatch, error: ProviderError, seconds: int
) -> None:
    assert breaker.fail(error) == seconds
    later(monkeypatch, seconds=seconds - 1)
    assert breaker.admit() is State.OPEN
    later(monkeypatch, seconds=1)
    assert breaker.admit() is State.HALF_OPEN


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        (ProviderError(Failure.LIMITED, ""), [60, 120, 180]),
        (ProviderError(Failure.REFUSED, ""), [3_600, 7_200, 10_800]),
        (ProviderError(Failure.LIMITED, "", retry_after=90.0), [90, 90, 90]),
    ],
)
def test_who_refuses_each_probe_is_left_alone_for_longer_unless_it_says_how_long(
    breaker: Breaker, monkeypatch: pytest.MonkeyPatch, error: ProviderError, seconds: list[int]
) -> None:
    pauses = [breaker.fail(error)]
    for _ in range(2):
        later(monkeypatch, seconds=pauses[-1])
        assert breaker.admit() is State.HALF_OPEN
        pauses.append(breaker.fail(error))
    assert pauses == seconds
    later(monkeypatch, seconds=pauses[-1])
    breaker.admit()
    breaker.succeed()
    assert breaker.fail(error) == seconds[0]


def test_it_is_left_alone_for_a_day_at_most(breaker: Breaker, monkeypatch: pytest.MonkeyPatch) -> None:
    pause = breaker.fail(ProviderError(Failure.REFUSED, ""))
    for _ in range(30):
        later(monkeypatch, seconds=pause)
        assert breaker.admit() is State.HALF_OPEN
        pause = breaker.fail(ProviderError(Failure.REFUSED, ""))
    assert pause == 24 * 3_600


def test_refusals_that_were_on_their_way_are_no_reason_for_longer(
    breaker: Breaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    limited = ProviderError(Failure.LIMITED, "")
    breaker.fail(limited)
    later(monkeypatch, seconds=2)
    assert breaker.fail(limited) == 60
    later(monkeypatch, seconds=60)
    assert breaker.admit() is State.HALF_OPEN
    assert breaker.fail(limited) == 120


def test_a_longer_wish_makes_an_open_one_wait_longer(breaker: Breaker) -> None:
    opened(breaker)
    breaker.fail(ProviderError(Failure.LIMITED, "", retry_after=300.0))
    assert breaker.look().till == NOW + timedelta(seconds=300)


def test_another_token_is_tried_at_once(breaker: Breaker, ipinfo: FakeIPinfo) -> None:
    breaker.fail(ProviderError(Failure.REFUSED, ""))
    assert Breaker(service="enrichment", token="another", url=ipinfo.url).admit() is State.CLOSED


def test_a_success_that_was_on_its_way_doesnt_end_a_pause(breaker: Breaker, monkeypatch: pytest.MonkeyPatch) -> None:
    breaker.fail(ProviderError(Failure.LIMITED, "", retry_after=600.0))
    breaker.succeed()
    assert breaker.admit() is State.OPEN
    later(monkeypatch, seconds=601)
    probe = copy(breaker)
    assert probe.admit() is State.HALF_OPEN
    # Nor does it, or a failure, when it comes while somebody is trying it.
    breaker.succeed()
    assert (breaker.admit(), breaker.fail(BROKEN)) == (State.OPEN, 0)
    probe.succeed()
    assert breaker.admit() is State.CLOSED
