"""How long the writer gathers events before it stores them: the more come, the longer, never long."""

import pytest

from apps.tracking.writer.pace import pause_after


@pytest.mark.parametrize(
    ("entries", "seconds", "pause"),
    [
        (1, 3_600, 0.05),  # into silence
        (1, 0, 0.05),
        (5, 0.05, 0.05),  # 100 a second: a pause of 0.04 would do
        (15, 0.06, 0.1),  # 250 a second
        (100, 0.2, 0.2),  # 500 a second: 100 entries in each batch
        (400, 0.2, 0.2),
        (2_000, 0.3, 0),  # as many as a batch takes: more are waiting
        (8_000, 1.0, 0),  # of many agencies
    ],
)
def test_the_more_comes_the_longer_it_is_gathered(entries: int, seconds: float, pause: float) -> None:
    assert pause_after(entries, seconds) == pytest.approx(pause)
