"""Restarts come soon, then later and later, and soon again after a steady life."""

from __future__ import annotations

from config.local.restarts import Restarts


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_the_pause_grows_to_a_bound() -> None:
    restarts = Restarts(clock=Clock())
    restarts.note_start()
    assert [restarts.note_end() for _ in range(8)] == [0.5, 1, 2, 4, 8, 16, 30, 30]


def test_a_steady_life_starts_the_count_anew() -> None:
    clock = Clock()
    restarts = Restarts(clock=clock)
    restarts.note_start()
    restarts.note_end()
    restarts.note_end()
    restarts.note_start()
    clock.now += 31
    assert restarts.note_end() == 0.5


def test_it_is_due_when_the_pause_is_over() -> None:
    clock = Clock()
    restarts = Restarts(clock=clock)
    restarts.note_start()
    restarts.note_end()
    assert (restarts.is_waiting, restarts.is_due) == (True, False)
    clock.now += 0.6
    assert (restarts.is_waiting, restarts.is_due) == (True, True)
    restarts.note_start()
    assert (restarts.is_waiting, restarts.is_due) == (False, False)
